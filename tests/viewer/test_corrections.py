"""Corrections are read strictly, applied exactly, and what does not fit is named with document and offset."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.documents import Document, Span
from hf_cner.data.fingerprint import text_hash
from hf_cner.data.problems import DataError
from hf_cner.viewer.corrections import ACTIONS, Applied, apply_corrections, merged, read_corrections, without_scores

NOTE = Document("𬌗面缺损，头痛", (Span(0, 2, "部位", 0.9), Span(5, 7, "症状", 0.4)), id="一")
OTHER = Document("头痛", (Span(0, 2, "症状"),))


def entity(span: Span | None) -> dict[str, Any] | None:
    return None if span is None else {"start": span.start, "end": span.end, "type": span.type}


def line(
    action: str, before: Span | None = None, after: Span | None = None, *, of: Document = NOTE, **changed: Any
) -> dict[str, Any]:
    span = after or before
    row = {
        **{"document": of.id, "text_sha256": text_hash(of.text), "action": action},
        **{"before": entity(before), "after": entity(after), "text": of.mention(span) if span else ""},
        **{"by": "王医生", "at": "2026-11-30T08:00:00.000Z"},
    }
    return {**row, **changed}


def applied(
    folder: Path, *rows: dict[str, Any], documents: tuple[Document, ...] = (NOTE, OTHER), prefer: str = ""
) -> Applied:
    path = folder / "c.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return apply_corrections(documents, read_corrections(path), prefer=prefer)


TOOTH, PAIN = NOTE.spans


def test_every_action(tmp_path: Path) -> None:
    wider, new = Span(0, 4, "症状"), Span(2, 4, "症状")
    found = applied(tmp_path, line("change", TOOTH, wider), line("reject", PAIN), line("add", None, new), line("done"))
    assert found.conflicts == [] and found.done == [True, False]
    assert found.documents == [NOTE.with_spans([wider, new]), OTHER]
    assert found.counts() == {"change": 1, "reject": 1, "add": 1, "done": 1}
    accepted = applied(tmp_path, line("accept", PAIN, PAIN)).documents[0]
    assert [span.score for span in accepted.spans] == [0.9, None]
    assert [span.score for span in without_scores(NOTE).spans] == [None, None]


def test_a_document_without_an_id_is_known_by_its_text(tmp_path: Path) -> None:
    assert applied(tmp_path, line("reject", OTHER.spans[0], of=OTHER)).documents[1].spans == ()


def test_of_one_person_the_last_word_counts(tmp_path: Path) -> None:
    later = line("accept", PAIN, PAIN, at="2026-11-30T07:30:00-01:00")
    found = applied(tmp_path, later, line("reject", PAIN))
    assert found.conflicts == [] and found.documents[0] == NOTE


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [line("reject", PAIN, text_sha256="0" * 64)],
            "document '一' (c.jsonl:1): its text differs from the corrected text",
        ),
        ([line("reject", PAIN, document="九")], "document '九' (c.jsonl:1): there is no such document in the data"),
        ([line("reject", Span(5, 7, "疾病"))], "document '一', offset 5 (c.jsonl:1): there is no entity 疾病, 5 to 7"),
        (
            [line("add", None, Span(2, 4, "症状"), text="面缺")],
            "document '一', offset 2 (c.jsonl:1): the text there is not '面缺'",
        ),
        (
            [line("add", None, Span(5, 7, "x"), text="头痛") | {"after": {"start": 6, "end": 9, "type": "x"}}],
            "offset 6",
        ),
        (
            [line("reject", PAIN), line("accept", PAIN, PAIN, by="李医生")],
            "offset 5: people disagree: 王医生 (c.jsonl:1) reject; 李医生 (c.jsonl:2) accept 5 to 7, 症状",
        ),
        (
            [line("add", None, Span(2, 4, "症状")), line("add", None, Span(2, 4, "疾病"), by="李医生")],
            "document '一', offset 2: people disagree",
        ),
    ],
    ids=["text", "document", "entity", "mention", "beyond", "people", "types"],
)
def test_conflicts_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found = applied(Path(), *rows)
    assert found.conflicts and sentence in found.conflicts[0]


def test_the_same_text_twice_without_an_id_is_unclear(tmp_path: Path) -> None:
    found = applied(tmp_path, line("done", of=OTHER), documents=(OTHER, OTHER))
    assert "2 documents have this id and text" in found.conflicts[0]


def test_a_preferred_person_decides(tmp_path: Path) -> None:
    rows = [
        *(line("reject", PAIN), line("accept", PAIN, PAIN, by="李医生")),
        *(line("add", None, Span(2, 4, "症状")), line("add", None, Span(2, 4, "疾病"), by="李医生")),
    ]
    for person, kind, kept in (("王医生", "症状", False), ("李医生", "疾病", True)):
        found = applied(tmp_path, *rows, prefer=person)
        assert found.conflicts == []
        assert [span.type for span in found.documents[0].spans if span.start == 2] == [kind]
        assert (PAIN in found.documents[0].spans) is kept


def test_two_people_who_agree_are_no_conflict(tmp_path: Path) -> None:
    new = Span(2, 4, "症状")
    rows = [row | {"by": person} for person in ("王", "李") for row in (line("reject", PAIN), line("add", None, new))]
    found = applied(tmp_path, *rows)
    assert found.conflicts == [] and found.documents[0].spans == (TOOTH, new)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ([1], "no JSON object"),
        (line("accept", PAIN, PAIN) | {"by": 3}, "no string 'by'"),
        (line("accept", PAIN, PAIN) | {"by": " "}, "no name of a person in 'by'"),
        (line("approve", PAIN, PAIN), "the action 'approve'; the actions are accept, reject, change, add, done"),
        (line("accept", PAIN, PAIN, at="yesterday"), "the time 'yesterday', which is no time"),
        (line("accept", PAIN, PAIN, at="2026-11-30T08:00:00"), "without its zone"),
        (line("add", PAIN, PAIN), "the action add with the wrong entities before and after it"),
        (line("add", None, PAIN) | {"after": {"start": 2, "end": True, "type": "x"}}, "without whole numbers"),
        (line("add", None, Span(0, 1, " x")), "which has a blank at its beginning or end"),
    ],
    ids=["array", "number", "nobody", "action", "time", "zone", "sides", "offset", "blank"],
)
def test_a_line_that_is_no_correction_is_refused(tmp_path: Path, row: object, found: str) -> None:
    (tmp_path / "c.jsonl").write_text("\n" + json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_corrections(tmp_path / "c.jsonl")
    assert (
        "c.jsonl:2: found " in str(refused.value)
        and found in str(refused.value)
        and "hf-cner review" in str(refused.value)
    )


def test_a_file_without_corrections_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="found no correction"):
        read_corrections(tmp_path / "c.jsonl")


def test_a_line_comes_back_as_it_was(tmp_path: Path) -> None:
    rows = [line("change", TOOTH, Span(0, 1, "x")), line("reject", PAIN), line("done")]
    assert [correction.to_row() for correction in applied(tmp_path, *rows).corrections] == rows
    assert set(ACTIONS) == {"accept", "reject", "change", "add", "done"}


def test_merging_replaces_adds_and_refuses() -> None:
    conflicts: list[str] = []
    new = NOTE.with_spans(())
    assert merged([OTHER, NOTE], [new, Document("新", id="三")], conflicts) == [OTHER, new, Document("新", id="三")]
    assert merged([OTHER], [OTHER.with_spans(())], conflicts) == [OTHER.with_spans(())] and conflicts == []
    merged([NOTE], [Document("别的", id="一")], conflicts)
    assert conflicts == ["document '一': the training data have another text under this id; rename one"]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 7), st.sampled_from("甲乙")), max_size=8), st.data())
def test_decisions_of_one_person_always_give_what_was_decided(
    places: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    spans = sorted({Span(*place) for place in places if place[0] < place[1]})
    document = Document(NOTE.text, tuple(spans), id="一")
    rejected = [span for span in spans if data.draw(st.booleans())]
    with tempfile.TemporaryDirectory() as folder:
        rows = [line("reject", span, of=document) for span in rejected] + [line("done", of=document)]
        found = applied(Path(folder), *rows, documents=(document,))
    assert found.conflicts == [] and set(found.documents[0].spans) == set(spans) - set(rejected)
