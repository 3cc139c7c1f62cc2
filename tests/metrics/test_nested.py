from __future__ import annotations

from hypothesis import given
from random_spans import document_lists, span_lists

from hf_cner.metrics.counts import Counts, Key
from hf_cner.metrics.nested import nested_counts, overlapped_spans


def test_recall_on_overlapped_gold_alone() -> None:
    gold = [[(0, 4, "检查和检验"), (0, 2, "身体部位"), (6, 8, "身体部位")]]
    predicted = [[(0, 4, "检查和检验"), (6, 8, "身体部位"), (9, 10, "治疗")]]
    assert nested_counts(gold, predicted) == {"检查和检验": Counts(tp=1), "身体部位": Counts(fn=1)}


def test_touching_spans_do_not_overlap() -> None:
    assert overlapped_spans([(0, 2, "甲"), (2, 4, "甲")]) == set()
    assert overlapped_spans([(0, 2, "甲"), (0, 2, "乙")]) == {(0, 2, "甲"), (0, 2, "乙")}


@given(span_lists)
def test_equals_comparing_all_pairs(spans: list[Key]) -> None:
    distinct = set(spans)
    slow = {a for a in distinct for b in distinct if a != b and a[0] < b[1] and b[0] < a[1]}
    assert overlapped_spans(spans) == slow


@given(document_lists)
def test_support_is_the_number_of_overlapped_gold_spans(documents: list) -> None:
    gold, predicted = [g for g, _ in documents], [p for _, p in documents]
    counts = nested_counts(gold, predicted)
    assert sum(row.support for row in counts.values()) == sum(len(overlapped_spans(g)) for g in gold)
    hits = sum(len(overlapped_spans(g) & set(p)) for g, p in documents)
    assert sum(row.tp for row in counts.values()) == hits
