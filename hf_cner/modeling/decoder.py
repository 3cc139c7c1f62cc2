"""What every decoder owes: the last slot of a model, from one vector per character to spans."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import nn

from .schemes import Triple

ScoredSpan = tuple[int, int, str, float | None]


class Decoder(nn.Module, ABC):
    """A decoder: a tagging decoder gives one tag to each unit, a span scorer scores spans.

    Models, extraction, training and evaluation ask a decoder only for what stands here. Everything that decides which
    spans come out (scores, thresholds, overlaps) stands in the decoder or in a function that it calls.

    A tagging decoder takes labels `(batch, length)`, tag numbers, and a span scorer `(batch, m, 3)`, the start, end and
    type number of each span in units; both are filled up with -100.
    """

    gives_tags: ClassVar[bool] = False
    """Whether it gives one tag to each unit; otherwise its answer is spans."""

    labels: list[str]
    """What the last axis of the emissions stands for: tags, or entity types."""

    @abstractmethod
    def set_labels(self, labels: Sequence[str], *, scheme: str = "BIOES") -> None:
        """What the last axis of the emissions stands for from now on; `scheme` is that of tags."""

    @abstractmethod
    def loss(self, emissions: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sum of the losses, a scalar, not divided by anything.

        Args:
            emissions: what `forward` gave for a batch.
            labels: see the class.
            mask: `(batch, length)` bool, the units that go into it, see `scored`.
        """

    def scored(self, labels: torch.Tensor, units: torch.Tensor) -> torch.Tensor:
        """Of a batch's units `(batch, length)` those that go into the loss and into its divisor."""
        return units

    def logits(self, emissions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """What a model returns as `logits` in evaluation: scores whose argmax is the answer, where there are such."""
        return emissions

    @abstractmethod
    def rows(self, emissions: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        """The emissions `(units, …)` of each row's units, without padding and special positions."""

    @abstractmethod
    def filter_window(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """What stitching keeps of one window; the rest is left out here, once and for all.

        A tagging decoder keeps the emissions of the units that the window owns; a span scorer keeps the candidates:
        the spans that the window owns and that its thresholds let pass. The parts of a document are concatenated in
        order, and `decode` takes the result.

        Args:
            emissions: `(units, …)` of the window.
            first, last: the units that the window owns.
            offset: position of the window's first unit in the document.
        """

    @abstractmethod
    def decode(self, documents: Sequence[torch.Tensor], *, scores: bool = False) -> list[list[ScoredSpan]]:
        """Spans `(start, end, type, score)` in units of each document, of what `filter_window` kept of its windows.

        The score is None unless asked for; the class says what it is.
        """

    @abstractmethod
    def encode_targets(self, spans: Sequence[Triple], length: int) -> list[Any]:
        """The labels of a text of `length` units with these spans: one tag number per unit, or one triple per span.

        Raises:
            ValueError: a span that does not lie in the text, is of an unknown type, or cannot stand beside the others.
        """

    def inexpressible(self, spans: Sequence[Triple]) -> list[tuple[Triple, str]]:
        """The spans of a text that this decoder cannot give beside the others, each with the reason."""
        return []

    def set_decoding(
        self,
        *,
        decoding: str | None = None,
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        """Choose otherwise among the spans from now on; only span scorers can.

        Raises:
            ValueError: anything is chosen, since tags leave nothing to choose.
        """
        if decoding is not None or threshold is not None or thresholds:
            raise ValueError("This decoder has nothing to choose by decoding and thresholds; span scorers have.")
