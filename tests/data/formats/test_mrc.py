"""Questions and answers: whatever documents hold comes back from the file; what cannot be is named with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_cner.data.documents import Document, Span
from hf_cner.data.formats import mrc
from hf_cner.data.problems import DataError, Problems

QUERIES = {"检查": "做了哪些检查？", "部位": "有哪些部位？"}
NESTED = Document(
    "心肺检查未见异常。",
    (Span(0, 4, "检查"), Span(0, 2, "部位"), Span(0, 1, "部位"), Span(0, 4, "部位"), Span(1, 5, "检查")),
    "7",
    "1",
)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_row_for_each_document_and_type(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    written = mrc.write([NESTED, Document("无殊。", (), "8", "1")], path, queries=QUERIES)
    assert written.summary() == "2 documents, 5 entities, none lost"
    rows = rows_of(path)
    assert rows[1] == {
        "id": "7",
        "record": "1",
        "context": NESTED.text,
        "type": "部位",
        "query": "有哪些部位？",
        "answers": {"text": ["心", "心肺", "心肺检查"], "start": [0, 0, 0]},
    }
    assert [(row["id"], row["type"], row["answers"]["start"]) for row in rows] == [
        ("7", "检查", [0, 1]),
        ("7", "部位", [0, 0, 0]),
        ("8", "检查", []),
        ("8", "部位", []),
    ]
    assert list(mrc.read(path)) == [NESTED, Document("无殊。", (), "8", "1")]


texts = st.text(st.sampled_from("心肺检查\t\r\n\u3000\u2028😀 \x00"), max_size=8)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(texts)
    places = st.integers(0, max(0, len(text) - 1))
    spans = []
    for _ in range(draw(st.integers(0, 4)) if text else 0):
        start = draw(places)
        score = draw(st.sampled_from([None, 0.25]))
        spans.append(Span(start, draw(st.integers(start + 1, len(text))), draw(st.sampled_from(list(QUERIES))), score))
    return Document(text, tuple(spans), draw(st.sampled_from(["", "1", "2"])), draw(st.sampled_from(["", "r"])))


def one_document_under_one_name(given_documents: list[Document]) -> bool:
    named = [(document.id, document.record) for document in given_documents if document.id]
    return len(set(named)) == len(named)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(documents(), max_size=6).filter(one_document_under_one_name))
def test_what_was_written_comes_back_exactly(tmp_path: Path, given_documents: list[Document]) -> None:
    path = tmp_path / "a.jsonl"
    mrc.write(given_documents, path, queries=QUERIES)
    again = list(mrc.read(path))
    assert again == given_documents
    kept = [sorted((s.start, s.end, s.type, s.score or 0) for s in document.spans) for document in again]
    assert kept == [sorted((s.start, s.end, s.type, s.score or 0) for s in d.spans) for d in given_documents]


def test_squads_own_key_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    row = {
        "id": 1,
        "context": "头痛",
        "type": "症状",
        "query": "？",
        "answers": {"text": ["头痛"], "answer_start": [0]},
    }
    path.write_text(json.dumps(row) + "\n\n", encoding="utf-8")
    assert list(mrc.read(path)) == [Document("头痛", (Span(0, 2, "症状"),), "1")]


def test_types_without_a_query_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Document '7': found an entity of type '部位', which has no query"):
        mrc.write([NESTED], tmp_path / "a", queries={"检查": "？"})
    with pytest.raises(DataError, match="There are no queries"):
        mrc.write([], tmp_path / "a", queries={})
    assert not list(tmp_path.iterdir())


GOOD = {"id": "1", "context": "头痛", "type": "症状", "query": "？", "answers": {"text": [], "start": []}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": ""}, "no string 'type'"),
        ({"query": " "}, "no query for the type '症状'"),
        ({"context": None}, "no string 'context', but 'id', 'context'"),
        ({"answers": []}, "no 'answers' with as many 'text' as 'start'"),
        ({"answers": {"text": ["头"], "start": []}}, "no 'answers' with as many 'text' as 'start'"),
        ({"answers": {"text": ["头"], "start": [0], "score": [1, 2]}}, "another number of scores"),
        ({"answers": {"text": ["痛"], "start": [0]}}, "where the text has '头'"),
        ({"answers": {"text": ["痛"], "start": [2]}}, "outside the text of 2 characters"),
        ({"answers": {"text": ["痛"], "start": ["1"]}}, "without whole numbers 'start' and 'end'"),
    ],
)
def test_a_broken_row_is_named_or_left_out(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(GOOD) + "\n" + json.dumps({**GOOD, "id": "2", **change}) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"a.jsonl:2: found .*{message}"):
        list(mrc.read(path))
    problems = Problems("skip")
    assert list(mrc.read(path, problems=problems)) == [Document("头痛", (), "1")]
    assert len(problems.items) == 1


def test_lines_that_are_no_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": \n[]\n', encoding="utf-8")
    problems = Problems("skip")
    assert list(mrc.read(path, problems=problems)) == []
    assert [item.found.split(" (")[0] for item in problems.items] == ["broken JSON", "a line that is no JSON object"]


def test_rows_that_stand_apart_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    mrc.write([NESTED, Document("无殊。", (), "8", "1")], path, queries=QUERIES)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[2], lines[1], lines[3]]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"a.jsonl:3: found the type '部位' of document '7' apart from that document's"):
        list(mrc.read(path))


@pytest.mark.data
@pytest.mark.parametrize(
    ("corpus", "folder"),
    [("ccks2017-early", "ccks2017_early"), ("cmeee", "cmeee"), ("tcm-formulas", "tcm/formulas")],
)
def test_real_nested_crossing_and_same_span_gold_survives(
    corpus: str, folder: str, data_dir: Path, tmp_path: Path
) -> None:
    from hf_cner.data.corpora import entity_types, read_corpus
    from hf_cner.data.queries import queries_for

    documents = read_corpus(corpus, data_dir / folder, on_error="skip")
    path = tmp_path / "a.jsonl"
    mrc.write(documents, path, queries=queries_for(corpus, entity_types(corpus)))
    assert list(mrc.read(path)) == documents


def test_a_row_that_stands_twice_is_a_fault_and_so_is_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    mrc.write([Document("头痛", (), "1"), Document("发热", (), "2")], path, queries=QUERIES)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:2], lines[1], *lines[2:]]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r":3: found the type .* of document .* twice"):
        list(mrc.read(path))
    problems = Problems("skip")
    assert [document.id for document in mrc.read(path, problems=problems)] == ["1", "2"] and len(problems.items) == 1
    with pytest.raises(DataError, match="Document '1': found it twice"):
        mrc.write([Document("头痛", (), "1")] * 2, tmp_path / "b.jsonl", queries=QUERIES)


def test_a_missing_row_is_a_fault_of_its_document(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    mrc.write([Document(f"头痛{number}", (), str(number)) for number in range(1, 4)], path, queries=QUERIES)
    lines = path.read_text(encoding="utf-8").splitlines()
    for left_out, said in ((0, r":1: .* document '1'"), (3, r":3: .* document '2'"), (5, r":5: .* document '3'")):
        path.write_text("\n".join(lines[:left_out] + lines[left_out + 1 :]) + "\n", encoding="utf-8")
        with pytest.raises(DataError, match=r"found no row for the type '\w+'.*expected rows for the types"):
            list(mrc.read(path))
        problems = Problems("skip")
        assert len(list(mrc.read(path, problems=problems))) == 2
        assert re.search(said, str(problems.items[0]))
    path.write_text("\n".join([*lines, lines[-1].replace("部位", "症状")]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r":7: found a row for the type '症状' of document '3'"):
        list(mrc.read(path))
