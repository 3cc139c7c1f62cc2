"""A confidence interval for strict micro-F1, by the bootstrap over records (Efron 1979, percentile method)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..data.documents import Document
from .counts import align

_CHUNK = 4_000_000  # record numbers that are drawn at once, so that memory is bounded for a large corpus


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its interval; `deviation` is the standard deviation of the resampled scores."""

    estimate: float
    low: float
    high: float
    deviation: float
    confidence: float
    records: int
    resamples: int


def bootstrap_f1(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Strict micro-F1 with a bootstrap interval.

    Records are drawn with replacement (`document.record`, else its id, else the document itself): sections of one
    patient resemble each other, and drawing single sections would make the interval too narrow.

    Raises:
        ValueError: no documents, fewer than one resample, or a confidence outside (0, 1).
    """
    if not gold:
        raise ValueError("There are no documents: a bootstrap interval needs at least one.")
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}; it must be at least 1.")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence is {confidence}; it must lie between 0 and 1, for example 0.95.")
    table = _counts_per_record(gold, predicted)
    generator = np.random.default_rng(seed)
    per_chunk = max(1, _CHUNK // len(table))
    scores: list[npt.NDArray[np.float64]] = []
    for first in range(0, resamples, per_chunk):
        rows = min(per_chunk, resamples - first)
        drawn = generator.integers(len(table), size=(rows, len(table)))
        scores.append(_f1(table[drawn].sum(axis=1)))
    values = np.concatenate(scores)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Interval(
        estimate=float(_f1(table.sum(axis=0, keepdims=True))[0]),
        low=float(low),
        high=float(high),
        deviation=float(values.std(ddof=1)) if resamples > 1 else 0.0,
        confidence=confidence,
        records=len(table),
        resamples=resamples,
    )


def _counts_per_record(gold: Sequence[Document], predicted: Sequence[Document]) -> npt.NDArray[np.int64]:
    """Hits, predictions and gold mentions of each record: (records, 3)."""
    rows: dict[str | int, npt.NDArray[np.int64]] = {}
    for index, (document, (g, p)) in enumerate(zip(gold, align(gold, predicted), strict=True)):
        name = document.record or document.id or index
        rows[name] = rows.get(name, np.zeros(3, np.int64)) + np.array([len(g & p), len(p), len(g)])
    return np.stack(list(rows.values()))


def _f1(sums: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """2·hits ÷ (predictions + gold), 0 where both are empty: (n, 3) -> (n,)."""
    mentions = sums[:, 1] + sums[:, 2]
    return np.divide(2.0 * sums[:, 0], mentions, out=np.zeros(len(sums)), where=mentions > 0)
