"""Probabilities of entities where each unit has its tag independently of the others."""

from __future__ import annotations

from collections.abc import Sequence, Set

import torch


def segment_probability(
    log_probabilities: torch.Tensor, start: int, tags: Sequence[int], forbidden_next: Set[int]
) -> float:
    """Probability that the tags from `start` on are just these, and that none of `forbidden_next` comes behind them.

    The same as `crf_segments.segment_probabilities` for tags that are drawn independently; at the end of a text nothing
    follows.

    Args:
        log_probabilities: `(units, tags)` float64, each row's exponentials summing to 1.
        start: the first unit.
        tags: one number for each unit of the segment.
        forbidden_next: numbers of the tags that must not follow.
    """
    end = start + len(tags)
    total = log_probabilities[torch.arange(start, end), torch.tensor(tags)].sum()
    if forbidden_next and end < len(log_probabilities):
        others = sorted(set(range(log_probabilities.shape[1])) - forbidden_next)
        total = total + log_probabilities[end, others].logsumexp(0)
    return float(total.exp())
