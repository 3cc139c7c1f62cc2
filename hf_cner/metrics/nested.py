"""Recall on overlapping gold mentions alone, which flat tagging cannot all express."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .counts import Counts, Key, SpanSource, align, types_of


def overlapped_spans(keys: Iterable[Key]) -> set[Key]:
    """The spans of one document that share a character with another span of it: nested, crossing or equal.

    Both spans of a pair are in the result, the outer and the inner.
    """
    found: set[Key] = set()
    open_spans: list[Key] = []
    for key in sorted(set(keys)):
        open_spans = [other for other in open_spans if other[1] > key[0]]  # the others end before this span begins
        if open_spans:
            found.add(key)
            found.update(open_spans)
        open_spans.append(key)
    return found


def nested_counts(gold: Sequence[SpanSource], predicted: Sequence[SpanSource]) -> dict[str, Counts]:
    """Strict hits and misses per type on the overlapped gold spans alone.

    Only recall and support have a meaning: no prediction is defined as a false alarm of nested gold, so `fp` is 0.
    """
    pairs = align(gold, predicted)
    nested = [(frozenset(overlapped_spans(g)), p) for g, p in pairs]
    kept = [(g, g & p) for g, p in nested]
    return {
        name: Counts(
            tp=sum(key[2] == name for _, hits in kept for key in hits),
            fn=sum(key[2] == name for keys, hits in kept for key in keys - hits),
        )
        for name in types_of(kept)
    }
