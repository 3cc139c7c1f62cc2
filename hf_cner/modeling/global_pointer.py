"""Global pointer (Su et al. 2022, arXiv:2208.03054): one score per span and type, any number of types per span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from .band import band_scores, band_targets, end_values, valid_band
from .packing import gather_units
from .positions import rotate
from .precision import at_least_float32
from .span_decoder import SpanDecoder

FAR = 1e4  # larger than any score, and finite, so that gradients through a masked logsumexp stay numbers


class GlobalPointerDecoder(SpanDecoder):
    """Scores of spans as products of rotated starts and ends, one multi-label loss per type.

    The efficient form shares one pair of projections between all types and adds to it a start and an end score of
    each type (section 2.3 of the paper); with `efficient=False` each type has a pair of its own.

    Args:
        input_size: size of the vectors.
        labels: entity types.
        size: even size of a start or end vector.
        efficient: the low-rank form.
        dropout: before the projections.
        max_width, decoding, threshold, thresholds: see `SpanDecoder`.
    """

    def __init__(
        self,
        input_size: int,
        labels: Sequence[str],
        *,
        size: int = 64,
        efficient: bool = True,
        dropout: float = 0.1,
        max_width: int | None = None,
        decoding: str = "nested",
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(labels, max_width=max_width, decoding=decoding, threshold=threshold, thresholds=thresholds)
        if size % 2:
            raise ValueError(f"The size of a global pointer's vectors must be even for rotary positions; found {size}.")
        self.size, self.efficient = size, efficient
        self.dropout = nn.Dropout(dropout)
        self.pair = nn.Linear(input_size, 2 * size * (1 if efficient else len(self.labels)))
        self.type_scores = nn.Linear(2 * size, 2 * len(self.labels)) if efficient else None

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Emissions `(batch, units, width, types)`, at least in fp32, of vectors `(batch, length, size)`."""
        packed, _ = gather_units(vectors, mask)
        width = self.width(vectors.shape[1])
        pair = self.pair(self.dropout(packed))
        if self.type_scores is not None:
            return at_least_float32(self._low_rank(pair, width))
        per_type = pair.unflatten(-1, (len(self.labels), 2 * self.size))
        starts, ends = (rotate(half) for half in per_type.split(self.size, dim=-1))
        single = [band_scores(starts[:, :, [c]], ends[:, :, c], width) for c in range(len(self.labels))]
        return at_least_float32(torch.cat(single, dim=-1)) / self.size**0.5

    def _low_rank(self, pair: torch.Tensor, width: int) -> torch.Tensor:
        assert self.type_scores is not None
        start, end = (rotate(half) for half in pair.split(self.size, dim=-1))
        shared = band_scores(start.unsqueeze(2), end, width) / self.size**0.5
        begin, finish = (self.type_scores(pair) / 2).chunk(2, dim=-1)
        return shared + begin.unsqueeze(2) + end_values(finish, width)

    def loss(self, emissions: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Class-imbalance-free loss, summed over rows and types (equation 9 of the paper).

        `log(1 + Σ_negative exp(s)) + log(1 + Σ_positive exp(-s))`; `labels` `(batch, m, 3)` start, end, type.
        """
        _, length, width, classes = emissions.shape
        valid = valid_band(mask.sum(1), length, width).unsqueeze(-1)
        positive = torch.zeros_like(emissions, dtype=torch.bool)
        positive[band_targets(labels, length, width, classes)] = True
        negatives = emissions.masked_fill(positive | ~valid, -FAR)
        positives = (-emissions).masked_fill(~positive, -FAR)
        zero = emissions.new_zeros(())
        return sum(torch.logaddexp(part.flatten(1, 2).logsumexp(1), zero).sum() for part in (negatives, positives))  # type: ignore[return-value]
