"""The protocol of an objective. Its name in the settings is the name of its module here."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from ..encoders.published import OpenEncoder
from ..settings.pretraining import PretrainingSettings
from .entities import Entities

Collate = Callable[[Sequence[Mapping[str, Any]]], dict[str, Tensor]]


class Objective(Protocol):
    """A module of this folder that has these names."""

    LEARNING_RATES: tuple[float, float]
    """By default, from scratch and from a checkpoint."""
    OF_TRANSFORMERS: bool
    """Whether its encoder is one of transformers: read as it was published, with special tokens around each text."""
    NOT_TAKEN: Mapping[str, str]
    """Training arguments that it refuses, each with the reason."""

    def build(
        self, settings: PretrainingSettings, tokenizer: PreTrainedTokenizerBase, *, opened: OpenEncoder | None
    ) -> nn.Module:
        """The model, from scratch or from the encoder that was opened."""

    def collator(
        self, settings: PretrainingSettings, tokenizer: PreTrainedTokenizerBase, entities: Entities
    ) -> Collate:
        """Function that makes a batch of features, with its labels."""

    def measure(
        self, model: nn.Module, features: Sequence[Mapping[str, Any]], collate: Collate, *, batch_size: int
    ) -> dict[str, float]:
        """Figures on texts held out; raises NothingToPredict if nothing can be measured."""

    def save(self, model: nn.Module, tokenizer: PreTrainedTokenizerBase, folder: str | os.PathLike[str]) -> None:
        """Write the encoder and its tokenizer, as `AutoModel` and `AutoTokenizer` read them."""


def objective_of(settings: PretrainingSettings) -> Objective:
    """The module of the settings' objective."""
    return cast(Objective, importlib.import_module(f".{settings.objective}", __package__))
