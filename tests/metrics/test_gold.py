"""What stands in an evaluation's report beside the figures."""

from __future__ import annotations

from pathlib import Path

from hf_cner import Document, Span
from hf_cner.metrics.gold import evaluation_row
from hf_cner.metrics.report import evaluate_documents


def test_an_entity_that_stands_twice_counts_once_everywhere() -> None:
    span, other = Span(2, 4, "症状"), Span(2, 4, "疾病")
    gold = [Document("患者头痛。", (span, span, other)), Document("患者头痛。", (span,), "b")]
    predicted = [Document("患者头痛。", (span, Span(2, 4, "症状", 0.5))), Document("患者头痛。", (), "b")]
    row = evaluation_row("m", Path("d"), gold, predicted, evaluate_documents(gold, predicted), resamples=10)
    assert (row["mentions"], row["predicted"]) == (3, 1)
    strict = row["metrics"]["strict"]["micro"]
    assert (strict["tp"], strict["fp"], strict["fn"]) == (1, 0, 2)
