"""Common part of the decoders that score spans instead of tags: candidates, stitching, resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from .resolve import Candidate, resolve

ScoredSpan = tuple[int, int, str, float | None]


class SpanDecoder(nn.Module):
    """A decoder whose emissions are `(batch, units, width, classes)`: one score per start, width and class.

    Units stand at the front of each row. Index k of the width is the span of k + 1 units. What a window contributes
    to its document is a table of candidates `(count, 4)`: start, end, type number, probability, all in document units,
    so that a document of any length costs memory only for the spans that may be entities.

    Args:
        labels: entity types in the order of their numbers.
        max_width: longest span that is scored, in units; None scores all (memory grows with length²).
        decoding: `nested` (a span may lie inside another) or `flat` (no overlap).
        crossing: with `nested`, whether spans may also cross.
        threshold: probability from which a span is taken; `thresholds` sets it for single types.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        max_width: int | None = None,
        decoding: str = "nested",
        crossing: bool = False,
        threshold: float = 0.5,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        resolve([], decoding=decoding)  # refuses an unknown name now rather than at the first prediction
        if max_width is not None and max_width < 1:
            raise ValueError(f"max_width is {max_width}; it counts characters and must be at least 1, or null for all.")
        unknown = sorted(set(thresholds or {}) - set(labels))
        if unknown:
            raise ValueError(f"thresholds names the types {unknown}, which are not among {list(labels)}.")
        self.max_width = max_width
        self.decoding, self.crossing = decoding, crossing
        self.threshold, self.own_thresholds = threshold, dict(thresholds or {})
        SpanDecoder.set_labels(self, labels)

    def set_labels(self, labels: Sequence[str]) -> None:
        """The types that the last axis of the emissions stands for."""
        self.labels = list(labels)
        self.thresholds = [float(self.own_thresholds.get(label, self.threshold)) for label in self.labels]

    def width(self, length: int) -> int:
        """Width of the band for rows of so many units."""
        return max(1, length if self.max_width is None else min(length, self.max_width))

    def probabilities(self, emissions: torch.Tensor) -> torch.Tensor:
        """Emissions `(…, classes)` to the probability of each entity type `(…, types)`."""
        return emissions.sigmoid()

    def logits(self, emissions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The emissions: there is no path whose argmax they could be."""
        return emissions

    def encode_targets(self, spans: Sequence[tuple[int, int, str]], length: int) -> list[list[int]]:
        """`[start, end, type number]` of every span; raises ValueError on one outside the text or of unknown type."""
        numbers = {label: number for number, label in enumerate(self.labels)}
        targets = []
        for start, end, label in spans:
            if label not in numbers:
                raise ValueError(f"The type {label!r} is not among the checkpoint's types {self.labels}.")
            if not 0 <= start < end <= length:
                raise ValueError(f"The span ({start}, {end}) does not lie in a text of {length} characters.")
            targets.append([start, end, numbers[label]])
        return targets

    def rows(self, emissions: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        """The emissions of each row's units, `(units, width, classes)`: they stand at the front already."""
        return [row[:count] for row, count in zip(emissions, mask.sum(1).tolist(), strict=True)]

    def crop(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """Candidates `(count, 4)` in float64 that begin in units [first, last) of one window's emissions."""
        units, width = emissions.shape[:2]
        probabilities = self.probabilities(emissions[first:last].double())
        starts = torch.arange(first, last, device=emissions.device)[:, None]
        ends = starts + torch.arange(1, width + 1, device=emissions.device)[None, :]
        limits = torch.tensor(self.thresholds, dtype=torch.float64, device=emissions.device)
        taken = (probabilities > limits) & (ends <= units)[..., None]
        row, k, label = taken.nonzero(as_tuple=True)
        start = row + first + offset
        return torch.stack(
            [start.double(), (start + k + 1).double(), label.double(), probabilities[row, k, label]], dim=1
        )

    def decode(self, documents: Sequence[torch.Tensor], *, scores: bool = False) -> list[list[ScoredSpan]]:
        """Spans of each document's candidates, as `crop` makes them."""
        found = []
        for table in documents:
            candidates: list[Candidate] = [(int(s), int(e), int(t), p) for s, e, t, p in table.tolist()]
            chosen = resolve(candidates, decoding=self.decoding, crossing=self.crossing)
            found.append([(s, e, self.labels[t], p if scores else None) for s, e, t, p in chosen])
        return found
