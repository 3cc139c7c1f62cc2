"""Decoders of the question-answering model: the vectors of one text under each question, to spans of each type."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from .band import band_targets, check_types, valid_band
from .biaffine import BiaffineScorer
from .decoder import ScoredSpan
from .independent_tags import segment_probability
from .labels import IGNORED
from .precision import at_least_float32
from .schemes import Triple, decode, inexpressible, pattern
from .span_scorer import SpanScorer, owns


class MrcBiaffine(SpanScorer):
    """Biaffine scores under each question, with a softmax within that question alone, never across questions.

    Each span of each question has its own distribution, over its classes; a span's score is the probability of the
    asked type in it.

    Args:
        input_size: size of the vectors.
        labels: entity types, one per question.
        classes: `asked`: a softmax over {none, asked type}, which also serves types that training did not know.
            `all`: P3's softmax over none and all types of the checkpoint within one question's own scores.
        known: with `all`, the types that have a class, where the questions are about other types than those of
            training.
        size, dropout, position: see `BiaffineScorer`.
        max_width, decoding, threshold, thresholds: see `SpanScorer`.
    """

    def __init__(
        self,
        input_size: int,
        labels: Sequence[str],
        *,
        classes: str = "asked",
        known: Sequence[str] | None = None,
        size: int = 150,
        dropout: float = 0.1,
        position: str = "none",
        max_width: int | None = None,
        decoding: str = "nested",
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(labels, max_width=max_width, decoding=decoding, threshold=threshold, thresholds=thresholds)
        if classes not in ("asked", "all"):
            raise ValueError(f"Unknown classes {classes!r}; choose 'asked' or 'all'.")
        self.known = list(known or labels) if classes == "all" else None
        self.set_labels(labels)
        # Over {none, asked type} only the difference of the two scores counts, so one score is enough.
        outputs = 1 if self.known is None else len(self.known) + 1
        self.scorer = BiaffineScorer(
            input_size, outputs, size=size, dropout=dropout, position=position, none_class=self.known is not None
        )

    def set_labels(self, labels: Sequence[str], *, scheme: str = "BIOES") -> None:
        """Set the types that are asked for."""
        if self.known is not None and (unknown := [label for label in labels if label not in self.known]):
            raise ValueError(
                f"The type {unknown[0]!r} has no class in this checkpoint, which was trained with classes='all' over "
                f"{self.known}; only a checkpoint with classes='asked' answers questions about new types."
            )
        super().set_labels(labels)

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Vectors `(b, c, n, d)`, units in front, to `(b, n, width, c)`; with `all` `(b, n, width, c, known + 1)`."""
        batch, types, length, _ = vectors.shape
        scores = self.scorer(vectors.flatten(0, 1), self.width(length)).unflatten(0, (batch, types))
        scores = scores.permute(0, 2, 3, 1, 4)
        return scores if self.known is not None else scores.squeeze(-1)

    def loss(self, emissions: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sum of the cross-entropies over valid spans and questions; `labels` `(b, m, 3)` start, end, type."""
        length, width, types = emissions.shape[1:4]
        valid = valid_band(mask.sum(1), length, width)
        gold = torch.zeros(emissions.shape[:4], dtype=torch.bool, device=emissions.device)
        gold[band_targets(labels, length, width, types)] = True
        if self.known is None:
            return nn.functional.binary_cross_entropy_with_logits(
                emissions[valid], gold[valid].to(emissions), reduction="sum"
            )
        targets = gold.long() * self._classes(emissions.device)
        return nn.functional.cross_entropy(emissions[valid].flatten(0, 1), targets[valid].flatten(), reduction="sum")

    def probabilities(self, emissions: torch.Tensor) -> torch.Tensor:
        return emissions.sigmoid() if self.known is None else self._own(emissions.softmax(-1))

    def likeliest(self, emissions: torch.Tensor, slack: float) -> torch.Tensor:
        if self.known is None:
            return emissions > -slack
        if slack:
            return self._own(emissions) > emissions[..., 0] - slack
        return emissions.argmax(-1) == self._classes(emissions.device)

    def _own(self, emissions: torch.Tensor) -> torch.Tensor:
        """`(…, types, known + 1)` to `(…, types)`: the score that each question gives to its own type."""
        index = self._classes(emissions.device).view(*[1] * (emissions.ndim - 2), -1, 1)
        return emissions.gather(-1, index.expand(*emissions.shape[:-1], 1)).squeeze(-1)

    def _classes(self, device: torch.device) -> torch.Tensor:
        """For each asked type the number of its class, none being 0."""
        assert self.known is not None
        return torch.tensor([self.known.index(label) + 1 for label in self.labels], device=device)


class MrcTags(SpanScorer):
    """P3's ablation without biaffine: B, I or O of the asked type for each character, softmax, argmax.

    Spans of one type cannot overlap; spans of different types can, since each has its own question. Under each question
    the tags are drawn independently, and a span's score is its exact probability: the sum over all tag sequences that
    contain exactly this span. Where two spans exclude each other (`nested`, `flat`), the span with the larger product
    of its tags' probabilities stays.

    Args:
        input_size: size of the vectors.
        labels: entity types, one per question.
        dropout: before the projection.
        decoding: see `SpanScorer`.
    """

    tags = ("O", "B-x", "I-x")
    has_thresholds = False

    def __init__(
        self, input_size: int, labels: Sequence[str], *, dropout: float = 0.1, decoding: str = "crossing"
    ) -> None:
        super().__init__(labels, decoding=decoding)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(input_size, len(self.tags))

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Vectors `(b, c, n, d)` to `(b, n, c, 3)` in fp32."""
        return at_least_float32(self.projection(self.dropout(vectors)).transpose(1, 2))

    def loss(self, emissions: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sum of the cross-entropies over units and questions; `labels` `(b, m, 3)` start, end, type."""
        batch, length, types, _ = emissions.shape
        check_types(labels[..., 2][labels[..., 0] >= 0], types)
        targets = torch.zeros(batch, length, types, dtype=torch.long, device=emissions.device)
        places = torch.arange(length, device=emissions.device)
        for label in labels.unbind(1):  # one round for each span of the text with the most spans
            start, end, entity_type = label.unsqueeze(-1).unbind(1)
            inside = (places >= start) & (places < end) & (entity_type >= 0)
            row, place = inside.nonzero(as_tuple=True)
            targets[row, place, entity_type[row, 0]] = torch.where(place == start[row, 0], 1, 2)
        targets = targets.masked_fill(~front_mask(mask)[..., None], IGNORED)
        return nn.functional.cross_entropy(
            emissions.flatten(0, 2), targets.flatten(), reduction="sum", ignore_index=IGNORED
        )

    def inexpressible(self, spans: Sequence[Triple]) -> list[tuple[Triple, str]]:
        by_type = ({span for span in spans if span[2] == label} for label in self.labels)
        return [pair for own in by_type for pair in inexpressible(own)]

    def filter_window(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """The window's own characters `(units, c, 3)`: a document is decoded as a whole, so mentions across windows are
        found.
        """
        return emissions[first:last]

    def decode(self, documents: Sequence[torch.Tensor], *, scores: bool = False) -> list[list[ScoredSpan]]:
        """Spans of each document's emissions `(units, c, 3)`."""
        return super().decode([self._found(emissions) for emissions in documents], scores=scores)

    def _found(self, emissions: torch.Tensor) -> torch.Tensor:
        """Start, end, number of the type, rank and probability of each span: `(spans, 5)`."""
        log_probabilities = emissions.double().log_softmax(-1).cpu()
        best, tags = log_probabilities.max(-1)
        found = []
        for number, column in enumerate(tags.T.tolist()):
            for start, end, name in decode([self.tags[tag] for tag in column], "BIO"):
                own, following = pattern(end - start, name, "BIO")
                segment = [self.tags.index(tag) for tag in own], {self.tags.index(tag) for tag in following}
                probability = segment_probability(log_probabilities[:, number], start, *segment)
                found.append([start, end, number, best[start:end, number].sum().exp().item(), probability])
        return torch.tensor(found, dtype=torch.float64).view(-1, 5)


class MrcPointers(SpanScorer):
    """Our own variant, not P3's: a start and an end score per character; a start goes with the nearest end.

    Under each question starts and ends are drawn independently, and a span's score is its exact probability: its start
    and its end are drawn, and no nearer end between them. Where spans exclude each other, the span with the larger
    product of the two probabilities stays. The threshold (0.5 by default) applies to each of the two.

    Args:
        input_size: size of the vectors.
        labels: entity types, one per question.
        dropout: before the projection.
        decoding, threshold, thresholds: see `SpanScorer`.
    """

    def __init__(
        self,
        input_size: int,
        labels: Sequence[str],
        *,
        dropout: float = 0.1,
        decoding: str = "nested",
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(labels, decoding=decoding, threshold=threshold, thresholds=thresholds)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(input_size, 2)

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Vectors `(b, c, n, d)` to `(b, n, c, 2)` in fp32: start, end."""
        return at_least_float32(self.projection(self.dropout(vectors)).transpose(1, 2))

    def loss(self, emissions: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sum of the cross-entropies of starts and ends; `labels` `(b, m, 3)` start, end, type."""
        gold = torch.zeros_like(emissions)
        row, start, k, entity_type = band_targets(labels, emissions.shape[1], emissions.shape[1], emissions.shape[2])
        gold[row, start, entity_type, 0] = 1.0
        gold[row, start + k, entity_type, 1] = 1.0
        units = front_mask(mask)
        return nn.functional.binary_cross_entropy_with_logits(emissions[units], gold[units], reduction="sum")

    def inexpressible(self, spans: Sequence[Triple]) -> list[tuple[Triple, str]]:
        ends: dict[str, list[int]] = {}
        for _, end, label in spans:
            ends.setdefault(label, []).append(end)
        nearest = {(start, label): min(end for end in ends[label] if end > start) for start, _, label in spans}
        return [(span, "another end is nearer") for span in spans if nearest[span[0], span[2]] != span[1]]

    def filter_window(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """Candidates `(count, 5)` in float64 of one window's emissions `(units, c, 2)`, in document units."""
        scores = emissions.double().cpu()
        probabilities = scores.sigmoid()
        no_end = torch.nn.functional.logsigmoid(-scores[..., 1]).cumsum(0)  # of all units up to this one
        found = []
        for number, label in enumerate(self.labels):
            limit = self.thresholds.get(label, 0.5 if self.threshold is None else self.threshold)
            starts, ends = probabilities[:, number].unbind(-1)
            end_places = (ends > limit).nonzero().flatten()
            for start in (starts[:last] > limit).nonzero().flatten().tolist():
                place = int(torch.searchsorted(end_places, start))
                end = int(end_places[place]) if place < len(end_places) else -1
                if end >= 0 and owns(first, last, start, end + 1):
                    both = float(starts[start] * ends[end])
                    before = [no_end[place, number].item() if place >= 0 else 0.0 for place in (start - 1, end - 1)]
                    probability = both * math.exp(before[1] - before[0])
                    found.append([start + offset, end + 1 + offset, number, both, probability])
        return torch.tensor(found, dtype=torch.float64).view(-1, 5)


def front_mask(mask: torch.Tensor) -> torch.Tensor:
    """A mask with as many units per row, moved to the front, `(b, n)`."""
    return torch.arange(mask.shape[1], device=mask.device)[None] < mask.sum(1, keepdim=True)


MRC_DECODERS: dict[str, type[SpanScorer]] = {"biaffine": MrcBiaffine, "tags": MrcTags, "pointers": MrcPointers}
