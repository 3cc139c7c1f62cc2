"""`hf-cner review` and `hf-cner apply`: a page, its corrections, training data, and a log that only grows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hf_cner.data.documents import Document, Span, read_jsonl, write_jsonl
from hf_cner.data.fingerprint import text_hash

Call = Callable[..., int]
NOTES = [
    Document("患者头痛3天", (Span(2, 4, "症状", 0.9),), id="一"),
    Document("𬌗面缺损", (Span(0, 2, "部位", 0.4), Span(2, 4, "症状", 0.8)), id="二"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_jsonl(NOTES, "notes.jsonl")
    return tmp_path


def decide(path: str, *rows: tuple[int, str, Span | None, Span | None], by: str = "王医生") -> None:
    with open(path, "w", encoding="utf-8") as stream:
        for number, action, before, after in rows:
            note, span = NOTES[number], after or before
            sides = {
                name: side and {"start": side.start, "end": side.end, "type": side.type}
                for name, side in (("before", before), ("after", after))
            }
            row = {"document": note.id, "text_sha256": text_hash(note.text), "action": action, **sides}
            row |= {"text": note.mention(span) if span else "", "by": by, "at": "2026-11-30T08:00:00.000Z"}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def rows(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def test_review_writes_one_page(folder: Path, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("review", "notes.jsonl", "-o", "review.html", "--type", "手术") == 0
    page = (folder / "review.html").read_text(encoding="utf-8")
    assert '"mode":"review"' in page and '"types":["症状","部位","手术"]' in page
    assert '"saveAs":"notes.corrections.jsonl"' in page and "2 documents in review.html" in said(capsys)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("notes.jsonl", "-o", "notes.jsonl"), "found a file that is also read"),
        (("notes.jsonl", "-o", "review.jsonl"), "found a name that ends in .jsonl, which is not a form"),
        (("notes.jsonl", "-o", "r.html", "--type", " 手术"), "has a blank at its beginning or end"),
        (("empty.jsonl", "-o", "r.html"), "empty.jsonl: found no document"),
        (("texts.jsonl", "-o", "r.html"), "texts.jsonl:1: found no 'entities'"),
        (("none.jsonl", "-o", "r.html"), "none.jsonl"),
    ],
)
def test_review_refuses(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    (folder / "empty.jsonl").write_text("\n")
    (folder / "texts.jsonl").write_text('{"text": "头痛"}\n')
    assert call("review", *arguments) == 2
    assert sentence in said(capsys)


def test_review_refuses_documents_that_no_correction_tells_apart(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after a person has corrected them all, which is when `apply` would say it."""
    write_jsonl([NOTES[0], NOTES[1], NOTES[0]], "twice.jsonl")
    assert call("review", "twice.jsonl", "-o", "twice.html") == 2 and not Path("twice.html").exists()
    said = capsys.readouterr().err
    assert "twice.jsonl: found two documents with the id '一' and the same text, which corrections could" in said


def test_apply_makes_training_data_of_what_is_done(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    decide("c.jsonl", (1, "change", Span(0, 2, "部位"), Span(0, 1, "部位")), (1, "done", None, None))
    assert call("apply", "c.jsonl", "--data", "notes.jsonl", "-o", "gold.jsonl") == 0
    assert rows("gold.jsonl") == [
        {
            **{"id": "二", "record": "", "text": "𬌗面缺损"},
            "entities": [
                {"start": 0, "end": 1, "type": "部位", "text": "𬌗"},
                {"start": 2, "end": 4, "type": "症状", "text": "缺损"},
            ],
        }
    ]
    assert "1 documents in gold.jsonl, 1 of them reviewed (change 1, done 1); 1 documents that are not" in said(capsys)
    assert call("apply", "c.jsonl", "--data", "notes.jsonl", "-o", "all.jsonl", "--all") == 0
    assert [document.id for document in read_jsonl("all.jsonl", gold="required")] == ["一", "二"]


def test_apply_adds_to_training_data_and_to_the_log(folder: Path, call: Call) -> None:
    old = Document("发热", (Span(0, 2, "症状"),), id="旧")
    write_jsonl([old, NOTES[1].with_spans(())], "train.jsonl")
    decide("a.jsonl", (1, "reject", Span(0, 2, "部位"), None), (1, "done", None, None))
    decide("b.jsonl", (0, "done", None, None), by="李医生")
    for corrections in ("a.jsonl", "b.jsonl"):
        common = ("--data", "notes.jsonl", "--into", "train.jsonl", "-o", "new.jsonl", "--log", "log.jsonl")
        assert call("apply", corrections, *common) == 0
    assert [document.id for document in read_jsonl("new.jsonl")] == ["旧", "二", "一"]
    log = rows("log.jsonl")
    assert [(row["action"], row["by"], row["from"], row["into"]) for row in log] == [
        ("reject", "王医生", "a.jsonl:1", "new.jsonl"),
        ("done", "王医生", "a.jsonl:2", "new.jsonl"),
        ("done", "李医生", "b.jsonl:1", "new.jsonl"),
    ]
    assert all(row["applied"].endswith("+00:00") and row["at"] for row in log)


def test_apply_names_every_conflict_and_writes_nothing(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    write_jsonl([Document("患者头痛5天", (), id="一"), NOTES[1]], "edited.jsonl")
    decide("a.jsonl", (0, "done", None, None), (1, "reject", Span(2, 4, "症状"), None))
    decide("b.jsonl", (1, "accept", Span(2, 4, "症状"), Span(2, 4, "症状")), by="李医生")
    assert call("apply", "a.jsonl", "b.jsonl", "--data", "edited.jsonl", "-o", "gold.jsonl") == 2
    sentence = said(capsys)
    assert "found 2 conflicts between corrections and data, so nothing was written" in sentence
    assert "document '一' (a.jsonl:1): its text differs from the corrected text" in sentence
    assert "document '二', offset 2: people disagree" in sentence
    assert not (folder / "gold.jsonl").exists() and not (folder / "gold.log.jsonl").exists()
    decide("c.jsonl", *[(1, "reject", Span(place, 4, "x"), None) for place in range(4)] * 3)
    assert call("apply", "c.jsonl", "--data", "notes.jsonl", "-o", "gold.jsonl") == 2
    assert "offset 3 (c.jsonl:12)" in said(capsys)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("-o", "notes.jsonl"), "found a file that is also read"),
        (("-o", "gold.html"), "found a name that ends in .html"),
        (("-o", "gold.jsonl"), "found no document that is marked as done among 2"),
        (("-o", "gold.jsonl", "--log", "notes.jsonl"), "found a file that is also read"),
        (("-o", "gold.jsonl", "--log", "other.jsonl"), "other.jsonl:1: found a line that is not from a log"),
        (("-o", "gold.jsonl", "--log", "-"), "found a stream; expected a file that keeps the log"),
        (("-o", "gold.jsonl", "--prefer", "张"), "nobody of this name corrected anything; the names are 王医生"),
    ],
)
def test_apply_refuses(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], sentence: str
) -> None:
    (folder / "other.jsonl").write_text('{"text": "头痛"}\n')
    decide("c.jsonl", (0, "accept", Span(2, 4, "症状"), Span(2, 4, "症状")))
    assert call("apply", "c.jsonl", "--data", "notes.jsonl", *options) == 2
    assert sentence in said(capsys)
    assert (folder / "other.jsonl").read_text() == '{"text": "头痛"}\n'
