"""How much of the gold that flat tagging cannot express is found: recall on overlapped mentions alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .counts import Counts, Key, SpanSource, align, types_of


def overlapped_spans(keys: Iterable[Key]) -> set[Key]:
    """The spans of one document that share a character with another of them: nested, crossing, or on the same place.

    Both partners of a pair belong to the result, the outer as well as the inner one.
    """
    found: set[Key] = set()
    open_spans: list[Key] = []
    for key in sorted(set(keys)):
        open_spans = [other for other in open_spans if other[1] > key[0]]  # the rest ends before this one begins
        if open_spans:
            found.add(key)
            found.update(open_spans)
        open_spans.append(key)
    return found


def nested_counts(gold: Sequence[SpanSource], predicted: Sequence[SpanSource]) -> dict[str, Counts]:
    """Strict hits and misses per type on the overlapped gold spans alone.

    Only recall and support mean something: which false alarm would belong to nested gold is not defined, so `fp` is 0.
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
