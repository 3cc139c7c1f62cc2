from __future__ import annotations

from hypothesis import given
from random_spans import document_lists

from hf_cner.metrics.counts import total
from hf_cner.metrics.errors import KINDS, NONE, Error, confusion, confusion_table, count_errors, find_errors
from hf_cner.metrics.strict import strict_counts


def test_every_kind() -> None:
    gold = [[(0, 2, "甲"), (3, 5, "甲"), (6, 8, "甲"), (9, 12, "甲"), (13, 14, "甲")], []]
    predicted = [[(0, 2, "甲"), (3, 4, "甲"), (6, 8, "乙"), (11, 13, "丙")], [(0, 1, "甲")]]
    assert find_errors(gold, predicted) == [
        Error("boundary", 0, (3, 5, "甲"), (3, 4, "甲")),
        Error("type", 0, (6, 8, "甲"), (6, 8, "乙")),
        Error("boundary and type", 0, (9, 12, "甲"), (11, 13, "丙")),
        Error("missed", 0, (13, 14, "甲"), None),
        Error("spurious", 1, None, (0, 1, "甲")),
    ]
    assert count_errors(find_errors(gold, predicted)) == dict.fromkeys(KINDS, 1)


def test_confusion_of_types() -> None:
    gold = [[(0, 2, "甲"), (3, 5, "甲"), (6, 8, "乙"), (9, 10, "乙")]]
    predicted = [[(0, 2, "甲"), (3, 4, "甲"), (6, 8, "甲"), (20, 21, "丙")]]
    matrix = confusion(gold, predicted)
    assert matrix["甲"] == {"丙": 0, "乙": 0, "甲": 2, NONE: 0}
    assert matrix["乙"] == {"丙": 0, "乙": 0, "甲": 1, NONE: 1}
    assert matrix[NONE] == {"丙": 1, "乙": 0, "甲": 0, NONE: 0}
    lines = confusion_table(matrix).splitlines()
    assert lines[0].split() == ["|", "gold", "\\", "predicted", "|", "丙", "|", "乙", "|", "甲", "|", NONE, "|"]
    assert len(lines) == 2 + 4


@given(document_lists)
def test_errors_account_for_every_false_alarm_and_miss(documents: list) -> None:
    gold, predicted = [g for g, _ in documents], [p for _, p in documents]
    errors, counts = find_errors(gold, predicted), total(strict_counts(gold, predicted))
    assert sum(error.gold is not None for error in errors) == counts.fn
    assert sum(error.predicted is not None for error in errors) == counts.fp
    assert len({(error.document, error.gold) for error in errors if error.gold}) == counts.fn
    for error in errors:
        g, p = error.gold, error.predicted
        if g is None or p is None:
            assert error.kind == ("missed" if p is None else "spurious")
            continue
        same_type, same_place = g[2] == p[2], g[:2] == p[:2]
        expected = {(True, False): "boundary", (False, True): "type", (False, False): "boundary and type"}
        assert error.kind == expected[same_type, same_place]
        assert g[0] < p[1] and p[0] < g[1]


@given(document_lists)
def test_confusion_sums_to_all_mentions(documents: list) -> None:
    gold, predicted = [g for g, _ in documents], [p for _, p in documents]
    matrix = confusion(gold, predicted)
    in_gold = sum(number for name, row in matrix.items() if name != NONE for number in row.values())
    in_predicted = sum(number for row in matrix.values() for name, number in row.items() if name != NONE)
    assert in_gold == sum(len(set(g)) for g in gold)
    assert in_predicted == sum(len(set(p)) for p in predicted)
