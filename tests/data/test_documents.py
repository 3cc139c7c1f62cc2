"""Spans and documents, and their rows in JSON lines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.documents import Document, Span, from_row, read_jsonl, to_row, type_fault, write_jsonl
from hf_cner.data.problems import DataError, Problems

types = st.text(min_size=1, max_size=4).filter(lambda name: not type_fault(name))
scores = st.none() | st.floats(0, 1)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(st.text(max_size=12))
    spans = []
    if text:
        for start in draw(st.lists(st.integers(0, len(text) - 1), max_size=4)):
            end = draw(st.integers(start + 1, len(text)))
            spans.append(Span(start, end, draw(types), draw(scores)))
    return Document(text, tuple(spans), draw(st.text(max_size=3)), draw(st.text(max_size=3)))


def test_spans_are_sorted_and_a_score_does_not_count_in_comparison() -> None:
    document = Document("头痛、发热", (Span(3, 5, "x", 0.5), Span(0, 2, "x"), Span(3, 5, "x", 0.9)))
    assert document.spans == (Span(0, 2, "x"), Span(3, 5, "x"), Span(3, 5, "x"))
    assert [span.score for span in document.spans] == [None, 0.5, 0.9]
    assert [document.mention(span) for span in document.spans] == ["头痛", "发热", "发热"]
    assert len({Span(0, 1, "x", 0.1), Span(0, 1, "x", 0.2)}) == 1
    other = document.with_spans([Span(0, 1, "y")])
    assert other.spans == (Span(0, 1, "y"),) and other.text == document.text


@pytest.mark.parametrize("span", [Span(-1, 1, "x"), Span(1, 1, "x"), Span(2, 1, "x"), Span(0, 3, "x")])
def test_a_span_outside_the_text_is_refused(span: Span) -> None:
    with pytest.raises(ValueError, match=r"Document 'a': the span .* does not lie in its text of 2 characters"):
        Document("头痛", (span,), "a")


@given(st.lists(documents(), max_size=4))
def test_jsonl_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, corpus: list[Document]) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "a.jsonl"
    write_jsonl(corpus, path)
    again = list(read_jsonl(path))
    assert again == corpus
    assert [[s.score for s in d.spans] for d in again] == [[s.score for s in d.spans] for d in corpus]


def test_a_row_has_the_names_that_scripts_rely_on() -> None:
    document = Document("头痛", (Span(0, 2, "症状", 0.5),), "1", "r")
    entity = {"start": 0, "end": 2, "type": "症状", "text": "头痛", "score": 0.5}
    assert to_row(document) == {"id": "1", "record": "r", "text": "头痛", "entities": [entity]}
    assert "score" not in to_row(Document("头", (Span(0, 1, "x"),)))["entities"][0]


@pytest.mark.parametrize("row", [{"text": "头"}, {"text": "头", "entities": None, "id": None, "record": None}])
def test_everything_but_the_text_may_be_missing(row: dict[str, Any]) -> None:
    assert from_row(row) == Document("头")


def test_numbers_of_numpy_are_numbers() -> None:
    entity = {"start": np.int32(0), "end": np.int64(1), "type": "x", "score": np.float32(0.5)}
    (span,) = from_row({"text": "头", "entities": [entity]}).spans
    assert type(span.start) is int and span == Span(0, 1, "x")


def entity(**changes: Any) -> dict[str, Any]:
    return {"text": "头痛发热", "entities": [{"start": 0, "end": 2, "type": "x", **changes}]}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([], "a JSON array where an object should be"),
        ("x", "a JSON string where an object should be"),
        (None, "a JSON null where an object should be"),
        ({"content": "x"}, "no string 'text', but 'content'"),
        ({"text": 1}, "the text 1, which is a JSON number and no string"),
        ({"text": "头\ud800"}, r"half a surrogate pair, '\\ud800', at position 1"),
        ({"text": "头", "entities": {"start": 0}}, "'entities' that are a JSON object and no array"),
        ({"text": "头", "entities": "x"}, "'entities' that are a JSON string and no array"),
        ({"text": "头", "entities": [[0, 1, "x"]]}, r"entity \[0, 1, 'x'\] without whole numbers 'start' and 'end'"),
        (entity(start=0.0), "without whole numbers"),
        (entity(end=True), "without whole numbers"),
        (entity(start="0"), "without whole numbers"),
        (entity(type=""), "and a string 'type'"),
        (entity(type=None), "and a string 'type'"),
        (entity(score="high"), "with a score that is no number"),
        (entity(score=float("nan")), "with a score that is no number"),
        (entity(end=5), "outside the text of 4 characters"),
        (entity(end=0), "outside the text of 4 characters"),
        (entity(text="头疼"), "where the text has '头痛'$"),
        (
            entity(end=1, text="头痛"),
            "where the text has '头' .counted with inclusive ends the only mention would fit; offsets count",
        ),
    ],
)
def test_a_row_that_is_no_document_says_why(row: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_row(row)


def test_a_bad_line_is_named_with_file_and_number_or_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps({"text": "头痛"}, ensure_ascii=False)
    path.write_text(f'{good}\n\n{good[:-4]}\n{{"text": 1}}\n{good}\n' + "[" * 100_000 + "\n", encoding="utf-8")
    reader = read_jsonl(path)
    assert next(reader) == Document("头痛")  # lazily: what comes before the bad line is there
    with pytest.raises(
        DataError, match=r"a\.jsonl:3: found broken JSON \(Unterminated string .* at column \d+ of 10\)"
    ):
        next(reader)
    problems = Problems("skip")
    assert list(read_jsonl(path, problems=problems)) == [Document("头痛")] * 2
    assert [item.line for item in problems.items] == [3, 4, 6]


@pytest.mark.parametrize(
    ("content", "command"),
    [
        ('[{"text": "a"},\n{"text": "b"}]', "'.[]'"),
        ('\n [{"text": "a"}]', "'.[]'"),
        ('{\n"text": "a"\n}', "."),
    ],
)
def test_json_of_another_layout_comes_with_the_command_that_rewrites_it(
    content: str, command: str, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    wanted = re.escape(f"; write one object per line: jq -c {command} FILE > LINES.jsonl.")
    with pytest.raises(DataError, match=wanted):
        list(read_jsonl(tmp_path / "a.jsonl"))


def test_a_text_that_utf8_cannot_hold_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Document 'a': found half a surrogate pair, '\\udfff', at position 1"):
        write_jsonl([Document("头痛"), Document("头\udfff", id="a")], tmp_path / "a.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (Document("头痛", id="\ud800"), "its id"),
        (Document("头痛", record="\ud800"), "its record"),
        (Document("头痛", (Span(0, 2, "\ud800"),)), "the type"),
    ],
)
def test_half_surrogates_in_names_are_named(document: Document, where: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"half a surrogate pair, .* of {where}"):
        write_jsonl([document], tmp_path / "x.jsonl")
