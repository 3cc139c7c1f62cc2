"""Overlap counting against all pairs."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.documents import Span
from hf_cner.data.overlaps import Overlaps, count_overlaps

SPANS = st.lists(
    st.builds(
        lambda start, width, type_: Span(start, start + width, type_),
        st.integers(0, 12),
        st.integers(1, 6),
        st.sampled_from("AB"),
    ),
    max_size=14,
)


def all_pairs(spans: list[Span]) -> Overlaps:
    distinct = sorted(set(spans))
    nested = crossing = same = 0
    for a, b in combinations(distinct, 2):
        if (a.start, a.end) == (b.start, b.end):
            same += 1
        elif (a.start <= b.start and b.end <= a.end) or (b.start <= a.start and a.end <= b.end):
            nested += 1
        elif a.start < b.end and b.start < a.end:
            crossing += 1
    duplicates = sum(a == b for a, b in combinations(spans, 2))
    return Overlaps(nested, crossing, same, duplicates)


@given(SPANS)
def test_equals_all_pairs(spans: list[Span]) -> None:
    assert count_overlaps(spans) == all_pairs(spans)


def test_each_kind_by_hand() -> None:
    assert count_overlaps([Span(0, 4, "A"), Span(0, 2, "A")]) == Overlaps(nested=1)
    assert count_overlaps([Span(0, 4, "A"), Span(2, 6, "A")]) == Overlaps(crossing=1)
    assert count_overlaps([Span(0, 4, "A"), Span(0, 4, "B")]) == Overlaps(same_span=1)
    assert count_overlaps([Span(0, 4, "A"), Span(0, 4, "A")]) == Overlaps(duplicates=1)
    assert count_overlaps([Span(0, 4, "A"), Span(4, 6, "A")]) == Overlaps()
    assert count_overlaps([]) == Overlaps()


def test_adding_is_number_by_number() -> None:
    assert Overlaps(1, 2, 3, 4) + Overlaps(10, 20, 30, 40) == Overlaps(11, 22, 33, 44)


def test_a_long_document_is_not_quadratic() -> None:
    spans = [Span(start, start + 3, "A") for start in range(0, 400_000, 2)]
    assert count_overlaps(spans).crossing == len(spans) - 1
