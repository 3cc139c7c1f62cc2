"""Biaffine scores of (start, end) pairs (P3, equation 4) and the span scorer that takes them without questions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from .band import band_scores, band_targets, valid_band
from .packing import gather_units
from .positions import WidthBias, check_position, rotate
from .precision import at_least_float32
from .schemes import Triple
from .span_scorer import SpanScorer

PRIOR = 0.001  # probability with which a span begins as an entity of some type


class BiaffineScorer(nn.Module):
    """`B(s, e) = h_s U h_e + W (h_s ⊕ h_e) + b` with U of size d × c × d (Li et al., BERT-MRC-Biaffine, eq. 4).

    W and b are folded into U by a constant 1 behind each vector, so that one batched product scores everything.

    Args:
        input_size: size of the incoming vectors.
        classes: number c of scores per span.
        size: d, the width of the two feed-forward nets (P3: 150).
        dropout: inside the feed-forward nets.
        position: `none` as in the paper, `rotary` (starts and ends rotated by their place) or `relative` (a learnt
            score per width and class).
        none_class: whether class 0 says that there is no entity; otherwise every class is that of an entity.
    """

    def __init__(
        self,
        input_size: int,
        classes: int,
        *,
        size: int = 150,
        dropout: float = 0.1,
        position: str = "none",
        none_class: bool = True,
    ) -> None:
        super().__init__()
        check_position(position)
        self.position, self.none_class = position, none_class
        self.start = nn.Sequential(nn.Linear(input_size, size), nn.GELU(), nn.Dropout(dropout))
        self.end = nn.Sequential(nn.Linear(input_size, size), nn.GELU(), nn.Dropout(dropout))
        self.weight = nn.Parameter(torch.empty(size + 1, classes, size + 1))
        self.width_bias = WidthBias(classes) if position == "relative" else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Small products, no linear term, and a bias by which every span begins as no entity.

        One span in a hundred or a thousand is an entity. From equal scores, training would spend its first epochs on
        nothing but that, with gradients that push all vectors the same way.
        """
        nn.init.normal_(self.weight, std=(self.weight.shape[0]) ** -1.0)
        nn.init.constant_(self.weight[-1, 1 if self.none_class else 0 :, -1], math.log(PRIOR / (1 - PRIOR)))

    def forward(self, vectors: torch.Tensor, width: int) -> torch.Tensor:
        """Scores `(batch, units, width, classes)`, at least in fp32, of vectors `(batch, units, input_size)`."""
        start, end = self.start(vectors), self.end(vectors)
        if self.position == "rotary":
            start, end = rotate(start), rotate(end)
        ones = start.new_ones(*start.shape[:2], 1)
        start, end = torch.cat([start, ones], dim=-1), torch.cat([end, ones], dim=-1)
        left = torch.einsum("bsi,icj->bscj", start, self.weight)
        scores = at_least_float32(band_scores(left, end, width))
        return scores if self.width_bias is None else scores + self.width_bias(width)


class BiaffineDecoder(SpanScorer):
    """Softmax over {none, type 1, …} for every span; cross-entropy over the valid spans (P3, equations 5 and 6).

    One span has one type: of a span with two types in the gold, the one that comes first in the list is learnt. Each
    span has its own distribution over the classes; its score is the probability of its type in it.

    Args:
        input_size: size of the vectors.
        labels: entity types.
        size, dropout, position: see `BiaffineScorer`.
        max_width, decoding, threshold, thresholds: see `SpanScorer`.
    """

    def __init__(
        self,
        input_size: int,
        labels: Sequence[str],
        *,
        size: int = 150,
        dropout: float = 0.1,
        position: str = "none",
        max_width: int | None = None,
        decoding: str = "nested",
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(labels, max_width=max_width, decoding=decoding, threshold=threshold, thresholds=thresholds)
        self.scorer = BiaffineScorer(input_size, len(self.labels) + 1, size=size, dropout=dropout, position=position)

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Emissions `(batch, units, width, types + 1)`, class 0 = none, of vectors `(batch, length, size)`."""
        packed, _ = gather_units(vectors, mask)
        return self.scorer(packed, self.width(vectors.shape[1]))

    def loss(self, emissions: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sum of the cross-entropies of all valid spans; `labels` `(batch, m, 3)` start, end, type, or -100."""
        batch, length, width, classes = emissions.shape
        valid = valid_band(mask.sum(1), length, width)
        row, start, k, label = band_targets(labels, length, width, classes - 1)
        place = (row * length + start) * width + k
        targets = torch.full((batch * length * width,), classes, dtype=torch.long, device=emissions.device)
        targets = targets.scatter_reduce(0, place, label + 1, "amin")  # of two types of one span the first
        targets = targets.masked_fill(targets == classes, 0).view(batch, length, width)
        return nn.functional.cross_entropy(emissions[valid], targets[valid], reduction="sum")

    def probabilities(self, emissions: torch.Tensor) -> torch.Tensor:
        return emissions.softmax(-1)[..., 1:]

    def likeliest(self, emissions: torch.Tensor, slack: float) -> torch.Tensor:
        if slack:
            return emissions[..., 1:] > emissions[..., :1] - slack
        return emissions.argmax(-1, keepdim=True) == torch.arange(1, emissions.shape[-1], device=emissions.device)

    def inexpressible(self, spans: Sequence[Triple]) -> list[tuple[Triple, str]]:
        lost = super().inexpressible(spans)
        number = {label: index for index, label in enumerate(self.labels)}
        kept: dict[tuple[int, int], str] = {}
        for start, end, label in sorted(set(spans) - {span for span, _ in lost}, key=lambda s: number.get(s[2], -1)):
            if kept.setdefault((start, end), label) != label:
                lost.append(((start, end, label), "same span, other type"))
        return lost
