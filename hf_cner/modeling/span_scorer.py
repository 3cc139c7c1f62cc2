"""Common part of the decoders that score spans instead of giving tags: candidates, thresholds, stitching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from .decoder import Decoder, ScoredSpan
from .resolve import Candidate, check_decoding, resolve
from .schemes import Triple

ROUNDING = 1e-4  # largest difference of fp32 from float64, in probabilities and in differences of scores


class SpanScorer(Decoder):
    """A decoder whose emissions are `(batch, units, width, classes)`: one score per start, width and class.

    Units stand at the front of each row. Index k of the width is the span of k + 1 units. A window adds a table of
    candidates `(count, 4)` to its document: start, end, type number, probability, in document units. So a document
    needs memory only for the spans that may be entities.

    A span's score is its probability before overlaps are resolved; each class says of which distribution. Where two
    spans exclude each other, the span with the higher rank stays. The rank is the probability, unless a table has five
    columns, `(count, 5)`: start, end, type number, rank, probability.

    Args:
        labels: entity types in the order of their numbers.
        max_width: longest span that is scored, in units; None scores all (memory grows with length²).
        decoding: `nested` (a span may lie inside another), `crossing` (any may overlap) or `flat` (none may).
        threshold: probability above which a span is taken. With None a span is taken if its type is the likeliest of
            the decoder's classes, as in P3; with two classes, that means above 0.5.
        thresholds: the same for single types.
    """

    has_thresholds = True
    decoding: str

    def __init__(
        self,
        labels: Sequence[str],
        *,
        decoding: str,
        max_width: int | None = None,
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        if max_width is not None and max_width < 1:
            raise ValueError(f"max_width is {max_width}; it counts characters and must be at least 1, or null for all.")
        self.max_width = max_width
        self.labels = list(labels)
        self.threshold: float | None = None
        self.thresholds: dict[str, float] = {}
        self.set_decoding(decoding=decoding, threshold=threshold, thresholds=thresholds)

    def set_labels(self, labels: Sequence[str], *, scheme: str = "BIOES") -> None:
        """Set the types on the last axis of the emissions; they have no scheme."""
        self.labels = list(labels)

    def set_decoding(
        self,
        *,
        decoding: str | None = None,
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        """Change the decoding; None leaves a value unchanged.

        Raises:
            ValueError: an unknown decoding or type, or a threshold that is no probability.
        """
        if decoding is not None:
            check_decoding(decoding)
        given = {**({} if threshold is None else {"": threshold}), **(thresholds or {})}
        if given and not self.has_thresholds:
            raise ValueError(f"{type(self).__name__} takes the likeliest tags and has no thresholds.")
        if unknown := sorted(set(thresholds or {}) - set(self.labels)):
            raise ValueError(f"thresholds names the types {unknown}, which are not among {self.labels}.")
        for name, value in given.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
                where = f"of the type {name!r} " if name else ""
                raise ValueError(f"The threshold {where}is {value!r}; it must be a probability, from 0 to 1.")
        self.decoding = self.decoding if decoding is None else decoding
        self.threshold = self.threshold if threshold is None else threshold
        self.thresholds = {**self.thresholds, **(thresholds or {})}

    def width(self, length: int) -> int:
        """Width of the band for rows of `length` units."""
        return max(1, length if self.max_width is None else min(length, self.max_width))

    def probabilities(self, emissions: torch.Tensor) -> torch.Tensor:
        """Emissions `(…, classes)` to the probability of each entity type `(…, types)`."""
        return emissions.sigmoid()

    def likeliest(self, emissions: torch.Tensor, slack: float) -> torch.Tensor:
        """Emissions `(…, classes)` to whether each type `(…, types)` is the likeliest answer; see `taken`."""
        return emissions > -slack

    def taken(self, emissions: torch.Tensor, slack: float) -> torch.Tensor:
        """Emissions `(…, classes)` to whether each type `(…, types)` is an entity there.

        With a `slack` above 0 it is a first selection: everything that may be an entity if scores are wrong by that
        much.
        """
        limits = [self.thresholds.get(label, self.threshold) for label in self.labels]
        ahead = self.likeliest(emissions, slack)
        if all(limit is None for limit in limits):
            return ahead
        bounds = torch.tensor([torch.inf if limit is None else limit for limit in limits], dtype=torch.float64)
        bounds = bounds.to(emissions.device)
        return torch.where(bounds.isinf(), ahead, self.probabilities(emissions) > bounds - slack)

    def encode_targets(self, spans: Sequence[Triple], length: int) -> list[list[int]]:
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

    def inexpressible(self, spans: Sequence[Triple]) -> list[tuple[Triple, str]]:
        """The spans of a text that this decoder cannot give beside the others, each with the reason."""
        if self.max_width is None:
            return []
        reason = f"longer than max_width {self.max_width}"
        return [(span, reason) for span in spans if span[1] - span[0] > self.max_width]

    def rows(self, emissions: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        """The emissions of each row's units, `(units, width, classes)`: they stand at the front already."""
        return [row[:count] for row, count in zip(emissions, mask.sum(1).tolist(), strict=True)]

    def filter_window(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """Candidates `(count, 4)` in float64 of one window's emissions, in document units.

        A span belongs to the window that owns its middle unit: exactly one window, with as much context as possible on
        both sides. Spans up to the length of the overlap lie whole in their window.

        Args:
            emissions: `(units, width, classes)`.
            first, last: the units that the window owns.
            offset: position of the window's first unit in the document.
        """
        units, width = emissions.shape[:2]
        begin = max(0, first - (width - 1) // 2)
        own = emissions[begin:last]
        start = torch.arange(begin, last, device=own.device)[:, None]
        index = torch.arange(width, device=own.device)[None, :]
        middle = start + index // 2
        seen = (start + index < units) & (middle >= first) & (middle < last)
        # First a selection in fp32, then float64 for the few spans that may be entities.
        row, k, label = (self.taken(own, ROUNDING) & seen[..., None]).nonzero(as_tuple=True)
        exact = own[row, k].double()
        here = torch.arange(len(row), device=own.device)
        kept = self.taken(exact, 0.0)[here, label]
        scores = self.probabilities(exact)[here, label]
        table = torch.stack([(row + begin + offset).double(), (row + begin + k + 1 + offset).double(), label.double()])
        return torch.cat([table.T, scores[:, None]], dim=1)[kept]

    def decode(self, documents: Sequence[torch.Tensor], *, scores: bool = False) -> list[list[ScoredSpan]]:
        """Spans of each document's candidates, as `filter_window` makes them."""
        found = []
        for table in documents:
            candidates: list[Candidate] = []
            probabilities: dict[Candidate, float] = {}
            for start, end, number, rank, *probability in table.tolist():
                candidate = (int(start), int(end), int(number), rank)
                candidates.append(candidate)
                probabilities[candidate] = probability[0] if probability else rank
            chosen = resolve(candidates, decoding=self.decoding)
            found.append([(*c[:2], self.labels[c[2]], probabilities[c] if scores else None) for c in chosen])
        return found


def owns(first: int, last: int, start: int, end: int) -> bool:
    """Whether a window that owns the units [first, last) owns a span: its middle unit is one of them."""
    return first <= (start + end - 1) // 2 < last
