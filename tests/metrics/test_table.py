"""What every metric of the table owes, whatever it takes for a hit: a new one is tested by being registered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from random_spans import document_lists

from hf_cner.metrics.counts import Counts, Key, total
from hf_cner.metrics.report import METRICS, evaluate_documents

Spans = list[list[Key]]
each_metric = pytest.mark.parametrize("count", METRICS.values(), ids=METRICS)


@each_metric
@given(document_lists)
def test_each_span_is_counted_once(
    count: Callable[[Spans, Spans], dict[str, Counts]], documents: list[tuple[list[Key], list[Key]]]
) -> None:
    gold, predicted = [g for g, _ in documents], [p for _, p in documents]
    found = total(count(gold, predicted))
    assert found.tp + found.fn == sum(len(set(spans)) for spans in gold)
    assert found.tp + found.fp == sum(len(set(spans)) for spans in predicted)
    assert min(found.tp, found.fp, found.fn) >= 0
    assert count([g[::-1] for g in gold], [p[::-1] for p in predicted]) == count(gold, predicted)


@each_metric
@given(document_lists)
def test_gold_itself_is_right_and_nothing_finds_nothing(
    count: Callable[[Spans, Spans], dict[str, Counts]], documents: list[tuple[list[Key], list[Key]]]
) -> None:
    gold = [g for g, _ in documents]
    number = sum(len(set(spans)) for spans in gold)
    assert total(count(gold, gold)) == Counts(number, 0, 0)
    assert total(count(gold, [[] for _ in gold])) == Counts(0, 0, number)
    assert total(count([[] for _ in gold], gold)) == Counts(0, number, 0)


@pytest.mark.parametrize("name", METRICS)
def test_each_metric_is_a_part_of_the_report(name: str) -> None:
    report = evaluate_documents([[(0, 2, "甲")]], [[(0, 2, "甲")]])
    assert report[name]["micro"]["f1"] == report[name]["macro"]["f1"] == report[name]["per_type"]["甲"]["f1"] == 1.0
