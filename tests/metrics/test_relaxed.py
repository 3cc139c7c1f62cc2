from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from random_spans import document_lists, span_lists

from hf_cner.metrics.counts import Counts, Key, total
from hf_cner.metrics.relaxed import (
    match_boundaries,
    match_overlaps,
    relaxed_boundary_counts,
    relaxed_overlap_counts,
)


def largest_matching(gold: list[Key], predicted: list[Key], fits) -> int:  # type: ignore[no-untyped-def]
    """Try every assignment of gold to predictions."""
    gold, predicted = sorted(set(gold)), sorted(set(predicted))

    @cache
    def best(first: int, used: frozenset[int]) -> int:
        if first == len(gold):
            return 0
        free = [i for i, p in enumerate(predicted) if i not in used and fits(gold[first], p)]
        takes = [1 + best(first + 1, used | {i}) for i in free]
        return max([best(first + 1, used), *takes])

    return best(0, frozenset())


def overlap(a: Key, b: Key) -> bool:
    return bool(set(range(a[0], a[1])) & set(range(b[0], b[1])))


def test_boundary_ignores_the_type_and_credits_the_gold_type() -> None:
    gold = [[(0, 2, "甲"), (3, 5, "甲"), (6, 8, "乙")]]
    predicted = [[(0, 2, "乙"), (3, 6, "甲"), (6, 8, "乙")]]
    assert relaxed_boundary_counts(gold, predicted) == {"甲": Counts(1, 1, 1), "乙": Counts(1, 0, 0)}


def test_boundary_counts_each_prediction_once() -> None:
    assert total(relaxed_boundary_counts([[(0, 2, "甲"), (0, 2, "乙")]], [[(0, 2, "丙")]])) == Counts(1, 0, 1)
    assert total(relaxed_boundary_counts([[(0, 2, "甲")]], [[(0, 2, "甲"), (0, 2, "乙")]])) == Counts(1, 1, 0)


def test_boundary_pairs_equal_types_first() -> None:
    pairs = match_boundaries({(0, 2, "乙"), (0, 2, "丙")}, {(0, 2, "甲"), (0, 2, "丙")})
    assert pairs == [((0, 2, "丙"), (0, 2, "丙")), ((0, 2, "乙"), (0, 2, "甲"))]


def test_boundary_pairs_other_types_in_alphabetical_order() -> None:
    one_more = {(0, 2, "甲"), (0, 2, "乙")}
    assert match_boundaries(one_more, {(0, 2, "丙")}) == [((0, 2, "乙"), (0, 2, "丙"))]
    assert match_boundaries({(0, 2, "丙")}, one_more) == [((0, 2, "丙"), (0, 2, "乙"))]


def test_overlap_asks_for_a_shared_character_of_the_same_type() -> None:
    gold = [[(0, 3, "甲"), (4, 6, "乙"), (8, 10, "甲")]]
    predicted = [[(2, 5, "甲"), (5, 7, "甲"), (10, 12, "甲")]]
    assert relaxed_overlap_counts(gold, predicted) == {"甲": Counts(1, 2, 1), "乙": Counts(0, 0, 1)}


def test_overlap_is_one_to_one() -> None:
    three, one = [(0, 2, "甲"), (2, 4, "甲"), (4, 6, "甲")], [(0, 6, "甲")]
    assert total(relaxed_overlap_counts([three], [one])) == Counts(1, 0, 2)
    assert total(relaxed_overlap_counts([one], [three])) == Counts(1, 2, 0)


def test_overlap_finds_the_maximum_where_taking_the_first_does_not() -> None:
    gold, predicted = [(0, 6, "甲"), (0, 2, "甲")], [(1, 2, "甲"), (3, 5, "甲")]
    assert set(match_overlaps(gold, predicted)) == {((0, 6, "甲"), (3, 5, "甲")), ((0, 2, "甲"), (1, 2, "甲"))}


def test_overlap_is_visited_by_ends_not_by_starts() -> None:
    gold, predicted = [(0, 10, "甲"), (2, 4, "甲")], [(1, 3, "甲"), (5, 6, "甲")]
    assert set(match_overlaps(gold, predicted)) == {((0, 10, "甲"), (5, 6, "甲")), ((2, 4, "甲"), (1, 3, "甲"))}


def test_a_long_document_takes_no_quadratic_time() -> None:
    gold = [(4 * i, 4 * i + 3, "甲") for i in range(50_000)]
    predicted = [(4 * i + 3, 4 * i + 4, "甲") for i in range(50_000)]
    assert match_overlaps(gold, predicted) == []


@settings(max_examples=300)
@given(span_lists, span_lists)
def test_overlap_matching_is_a_maximum_one(gold: list[Key], predicted: list[Key]) -> None:
    pairs = match_overlaps(gold, predicted)
    assert len({g for g, _ in pairs}) == len({p for _, p in pairs}) == len(pairs)
    assert all(g in gold and p in predicted and overlap(g, p) for g, p in pairs)
    assert len(pairs) == largest_matching(gold, predicted, overlap)


@given(document_lists)
def test_boundary_total_equals_the_largest_matching(documents: list) -> None:
    gold, predicted = [g for g, _ in documents], [p for _, p in documents]
    hits = sum(largest_matching(g, p, lambda a, b: a[:2] == b[:2]) for g, p in documents)
    sizes = sum(len(set(p)) for p in predicted), sum(len(set(g)) for g in gold)
    counts = relaxed_boundary_counts(gold, predicted)
    assert total(counts) == Counts(hits, sizes[0] - hits, sizes[1] - hits)
    for name, row in counts.items():
        assert row.support == sum(key[2] == name for g in gold for key in set(g))


@given(document_lists)
def test_overlap_total_equals_the_largest_matching(documents: list) -> None:
    gold, predicted = [g for g, _ in documents], [p for _, p in documents]
    hits = sum(largest_matching(g, p, lambda a, b: a[2] == b[2] and overlap(a, b)) for g, p in documents)
    counts = relaxed_overlap_counts(gold, predicted)
    assert total(counts).tp == hits
    assert total(counts).support == sum(len(set(g)) for g in gold)
    assert relaxed_overlap_counts([g[::-1] for g in gold], [p[::-1] for p in predicted]) == counts
