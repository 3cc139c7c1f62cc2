from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from random_spans import document_lists

from hf_cner.data.documents import Document, Span
from hf_cner.metrics.report import evaluate_documents, flat, markdown_table, table

GOLD = [Document("头痛三天，伴呕吐", (Span(0, 2, "症状和体征"), Span(0, 1, "身体部位"), Span(6, 8, "症状和体征")))]
FOUND = [Document("头痛三天，伴呕吐", (Span(0, 2, "症状和体征"), Span(0, 1, "疾病和诊断"), Span(5, 8, "症状和体征")))]


def test_report_by_hand() -> None:
    report = evaluate_documents(GOLD, FOUND)
    assert list(report) == ["strict", "relaxed_boundary", "relaxed_overlap", "nested"]
    micro = {"precision": 1 / 3, "recall": 1 / 3, "f1": 1 / 3, "support": 3, "tp": 1, "fp": 2, "fn": 2}
    assert report["strict"]["micro"] == pytest.approx(micro)
    assert report["relaxed_boundary"]["micro"]["tp"] == 2
    assert report["relaxed_overlap"]["micro"]["tp"] == 2
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_macro_leaves_out_types_without_gold_but_micro_counts_their_false_alarms() -> None:
    report = evaluate_documents(GOLD, FOUND)["strict"]
    unsupported = report["per_type"]["疾病和诊断"]
    assert (unsupported["f1"], unsupported["support"], unsupported["fp"]) == (0.0, 0, 1)
    assert report["macro"] == {"precision": 0.25, "recall": 0.25, "f1": 0.25, "support": 3, "types": 2}


def test_named_types_come_first_and_stay_without_mentions() -> None:
    rows = evaluate_documents(GOLD, FOUND, types=["治疗", "症状和体征"])["strict"]["per_type"]
    assert list(rows) == ["治疗", "症状和体征", *sorted(["疾病和诊断", "身体部位"])]
    assert rows["治疗"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0, "tp": 0, "fp": 0, "fn": 0}


def test_a_mention_that_no_prediction_could_express_counts_as_a_miss() -> None:
    nested = [Document("心肺检查", (Span(0, 4, "检查和检验"), Span(0, 2, "身体部位")))]
    outer = [Document("心肺检查", (Span(0, 4, "检查和检验"),))]
    assert evaluate_documents(nested, outer)["strict"]["micro"]["recall"] == 0.5


def test_nothing_at_all_is_zero_not_an_error() -> None:
    report = evaluate_documents([], [])
    assert report["strict"]["macro"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0, "types": 0}
    assert flat(report)["strict_f1"] == 0.0


def test_flat_numbers() -> None:
    numbers = flat(evaluate_documents(GOLD, FOUND))
    expected = [f"{m}_{f}" for m in ("strict", "relaxed_boundary", "relaxed_overlap") for f in
                ("precision", "recall", "f1", "macro_f1")]  # fmt: skip
    assert list(numbers) == [*expected, "nested_recall"]
    assert numbers["nested_recall"] == 0.5
    assert all(type(number) is float for number in numbers.values())
    assert flat(evaluate_documents(GOLD, FOUND), per_type=True)["strict_f1_症状和体征"] == 0.5


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def test_table_is_markdown_with_columns_in_line() -> None:
    lines = table(evaluate_documents(GOLD, FOUND, types=["症状和体征"])).splitlines()
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == [
        "type", "support", "P", "R", "F1", "relaxed_boundary F1", "relaxed_overlap F1"]  # fmt: skip
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == [
        "症状和体征", "2", "0.5000", "0.5000", "0.5000", "0.5000", "1.0000"]  # fmt: skip
    assert lines[-3].startswith("| micro average")
    assert lines[-2].startswith("| macro average")
    assert [cell.strip() for cell in lines[-1].strip("|").split("|")] == [
        "nested mentions", "2", "", "0.5000", "", "", ""]  # fmt: skip
    assert len({width(line) for line in lines}) == 1


def test_recall_on_nested_mentions_is_its_own_row_where_there_are_any() -> None:
    report = evaluate_documents(GOLD, FOUND, types=["症状和体征"])
    assert report["nested"] == {
        "micro": {"recall": 0.5, "support": 2, "tp": 1, "fn": 1},
        "per_type": {
            "症状和体征": {"recall": 1.0, "support": 1, "tp": 1, "fn": 0},
            "身体部位": {"recall": 0.0, "support": 1, "tp": 0, "fn": 1},
        },
    }
    flat_gold = [Document("头痛三天，伴呕吐", (Span(0, 2, "症状和体征"), Span(6, 8, "症状和体征")))]
    report = evaluate_documents(flat_gold, FOUND)
    assert "nested" not in report and "nested_recall" not in flat(report)
    assert table(report).splitlines()[-1].startswith("| macro average")


def test_a_bar_in_a_cell_is_escaped() -> None:
    expected = ["| a    |  b |", "| ---- | -: |", "| x\\|y |  1 |"]
    assert markdown_table(["a", "b"], [["x|y", "1"]]).splitlines() == expected


@given(document_lists)
def test_relaxed_scores_are_never_below_strict(documents: list) -> None:
    numbers = flat(evaluate_documents([g for g, _ in documents], [p for _, p in documents]))
    for figure in ("precision", "recall", "f1"):
        assert numbers[f"relaxed_boundary_{figure}"] >= numbers[f"strict_{figure}"]
        assert numbers[f"relaxed_overlap_{figure}"] >= numbers[f"strict_{figure}"]
