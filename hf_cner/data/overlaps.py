"""Overlaps of spans in a document: pairs that are nested, cross, share a span, or are equal."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from .documents import Span


class Overlaps(NamedTuple):
    """Numbers of unordered pairs of annotations.

    Attributes:
        nested: one span lies inside the other, and they are not the same span.
        crossing: the spans overlap, and each has a character that the other has not.
        same_span: start and end are equal, the types differ.
        duplicates: start, end and type are equal.
    """

    nested: int = 0
    crossing: int = 0
    same_span: int = 0
    duplicates: int = 0

    def __add__(self, other: object) -> Overlaps:
        """Add number by number (not tuple concatenation)."""
        if not isinstance(other, Overlaps):
            return NotImplemented
        return Overlaps(*(a + b for a, b in zip(self, other, strict=True)))


def count_overlaps(spans: Iterable[Span]) -> Overlaps:
    """Count the pairs of one document in O(n log n) comparisons.

    Equal annotations count once in ``nested``, ``crossing`` and ``same_span``, so a duplicate counts only as a
    duplicate; two types on one span are two annotations.
    """
    annotations = Counter((span.start, span.end, span.type) for span in spans)
    duplicates = sum(_pairs(times) for times in annotations.values())
    types_of_span = Counter((start, end) for start, end, _ in annotations)
    same_span = sum(_pairs(times) for times in types_of_span.values())
    nested = crossing = 0
    # Ends of earlier spans that reach beyond the present start, sorted. Earlier means: starting before it, or starting
    # with it and ending later.
    open_ends: list[int] = []
    for (start, end), times in sorted(types_of_span.items(), key=lambda item: (item[0][0], -item[0][1])):
        del open_ends[: bisect_right(open_ends, start)]
        around = len(open_ends) - bisect_left(open_ends, end)
        nested += times * around
        crossing += times * (len(open_ends) - around)
        for _ in range(times):
            insort(open_ends, end)
    return Overlaps(nested, crossing, same_span, duplicates)


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
