"""JSON lines as a format, and the report of what was written."""

from __future__ import annotations

from pathlib import Path

from hf_cner.data.documents import Document, Span
from hf_cner.data.formats import jsonl
from hf_cner.data.formats.written import Lost, Written


def test_jsonl_keeps_nested_entities_ids_and_records(tmp_path: Path) -> None:
    corpus = [Document("头痛", (Span(0, 1, "x"), Span(0, 2, "x"), Span(0, 2, "y")), "1", "r")]
    assert jsonl.write(corpus, tmp_path / "a.jsonl").summary() == "1 documents, 3 entities, none lost"
    assert list(jsonl.read(tmp_path / "a.jsonl")) == corpus


def test_the_report_counts_by_reason_and_names_the_first() -> None:
    written = Written(documents=2, entities=5)
    assert written.summary() == "2 documents, 5 entities, none lost"
    written.lost += [Lost("a", Span(0, 2, "x"), "头痛", "nested")] * 2 + [Lost("b", Span(3, 4, "y"), "痛", "crossing")]
    written.notes["line ends that are not written"] += 3
    assert written.lost_by_reason == {"nested": 2, "crossing": 1}
    assert written.summary(most=1).split("\n") == [
        "2 documents, 5 entities, 3 of them lost (1 crossing, 2 nested)",
        "line ends that are not written: 3",
        "lost: a: '头痛' (0, 2, x): nested",
        "… and 2 more",
    ]
