from __future__ import annotations

from hypothesis import given
from random_spans import TYPES, document_lists

from hf_cner.data.documents import Document, Span
from hf_cner.metrics.counts import Counts, total
from hf_cner.metrics.strict import strict_counts
from hf_cner.modeling.schemes import decode


def test_boundary_and_type_must_be_right() -> None:
    gold = [[(0, 2, "甲"), (3, 5, "甲"), (6, 8, "乙")]]
    predicted = [[(0, 2, "甲"), (3, 6, "甲"), (6, 8, "丙")]]
    assert strict_counts(gold, predicted) == {"甲": Counts(1, 1, 1), "乙": Counts(0, 0, 1), "丙": Counts(0, 1, 0)}


def test_a_span_counts_once_per_document_and_again_in_the_next() -> None:
    gold = [[(0, 2, "甲"), (0, 2, "甲")], [(0, 2, "甲")]]
    assert strict_counts(gold, gold) == {"甲": Counts(tp=2)}
    assert strict_counts(gold, [[], []]) == {"甲": Counts(fn=2)}


def test_the_score_of_a_span_plays_no_part() -> None:
    gold = [Document("腹痛两天", (Span(0, 2, "症状和体征"),))]
    predicted = [Document("腹痛两天", (Span(0, 2, "症状和体征", score=0.1),))]
    assert strict_counts(gold, predicted) == {"症状和体征": Counts(tp=1)}


def test_identical_nested_sets_in_another_order_are_all_hits() -> None:
    """nervaluate's strict mode compares such lists by position of overlap and gives F1 0 here."""
    gold = [(0, 4, "检查和检验"), (0, 2, "身体部位"), (1, 2, "身体部位"), (0, 2, "检查和检验"), (1, 3, "治疗")]
    for shift in range(len(gold)):
        for order in (gold[shift:] + gold[:shift], (gold[shift:] + gold[:shift])[::-1]):
            counts = total(strict_counts([gold], [order]))
            assert (counts, counts.f1) == (Counts(tp=5), 1.0)


def test_illegal_tags_earn_nothing() -> None:
    """seqeval's default mode takes I-I for an entity and gives F1 1.0 here."""
    gold, predicted = decode(["B-甲", "I-甲"], "BIO"), decode(["I-甲", "I-甲"], "BIO")
    assert total(strict_counts([gold], [predicted])) == Counts(fn=1)


@given(document_lists)
def test_equals_counting_one_by_one(documents: list) -> None:
    hits, alarms, misses = dict.fromkeys(TYPES, 0), dict.fromkeys(TYPES, 0), dict.fromkeys(TYPES, 0)
    for gold, predicted in documents:
        for number, span in enumerate(gold):
            if span not in gold[:number]:
                (hits if span in predicted else misses)[span[2]] += 1
        for number, span in enumerate(predicted):
            if span not in predicted[:number] and span not in gold:
                alarms[span[2]] += 1
    slow = {t: Counts(hits[t], alarms[t], misses[t]) for t in TYPES if hits[t] + alarms[t] + misses[t]}
    assert strict_counts([g for g, _ in documents], [p for _, p in documents]) == slow
