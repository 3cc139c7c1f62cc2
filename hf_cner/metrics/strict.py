"""The strict metric: a prediction is right if its boundaries and its type are right ("EM" in P2, exact match)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .counts import Counts, SpanSource, align, types_of


def strict_counts(gold: Sequence[SpanSource], predicted: Sequence[SpanSource]) -> dict[str, Counts]:
    """Count exact matches per type, over documents joined by position.

    Spans are compared as sets, so their order, nesting, overlap and repetition change nothing. Tag sequences are not
    accepted, so an illegal sequence cannot score.

    Returns:
        Counts per type, for every type in gold or prediction.
    """
    pairs = align(gold, predicted)
    hits = Counter(key[2] for g, p in pairs for key in g & p)
    alarms = Counter(key[2] for g, p in pairs for key in p - g)
    misses = Counter(key[2] for g, p in pairs for key in g - p)
    return {name: Counts(hits[name], alarms[name], misses[name]) for name in types_of(pairs)}
