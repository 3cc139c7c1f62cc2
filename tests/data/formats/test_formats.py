"""The table of formats, JSON lines as a format, and the report of what was written."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run

import pytest

from hf_cner.data.documents import Document, Span
from hf_cner.data.formats import FORMATS, format_module
from hf_cner.data.formats.written import Lost, Written
from hf_cner.data.problems import DataError, Problems


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reads_what_it_writes(tmp_path: Path, name: str) -> None:
    module = format_module(name)
    assert name == module.NAME and module.DESCRIPTION
    corpus = [Document("患者头痛。", (Span(2, 4, "症状"),)), Document("无发热。", (Span(1, 3, "症状"),))]
    options = {"queries": {"症状": "有哪些症状？"}} if name == "mrc" else {}
    written = module.write(corpus, tmp_path / "a.x", **options)
    assert (written.documents, written.entities, written.lost) == (2, 2, [])
    again = list(module.read(tmp_path / "a.x", problems=Problems()))
    assert [(document.text, document.spans) for document in again] == [(d.text, d.spans) for d in corpus]


def test_jsonl_keeps_nested_entities_ids_and_records(tmp_path: Path) -> None:
    corpus = [Document("头痛", (Span(0, 1, "x"), Span(0, 2, "x"), Span(0, 2, "y")), "1", "r")]
    module = format_module("JSONL")
    assert module.write(corpus, tmp_path / "a.jsonl").summary() == "1 documents, 3 entities, none lost"
    assert list(module.read(tmp_path / "a.jsonl")) == corpus


def test_an_unknown_format_is_refused_with_near_names() -> None:
    with pytest.raises(
        DataError, match=r"There is no format 'conl'; known are jsonl, conll, mrc.*did you mean conll or jsonl\?"
    ):
        format_module("conl")
    with pytest.raises(DataError, match=r"There is no format '42'; known are jsonl, conll, mrc.*: give one of these\."):
        format_module("42")


def test_modules_are_imported_when_they_are_needed_and_never_bring_torch() -> None:
    code = (
        "import sys, hf_cner.data.formats as f; assert not any('conll' in m for m in sys.modules);"
        "f.format_module('conll'); assert 'torch' not in sys.modules"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


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
