"""Where gold is wanted it must be there; where texts are wanted it is not looked at; and types are what one sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registered import WRITTEN

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span, from_row, read_jsonl, type_fault, write_jsonl
from hf_cner.data.formats import conll, jsonl
from hf_cner.data.problems import DataError, Problems
from hf_cner.data.registry import entry
from hf_cner.data.texts import read_texts

TEXT = "患者头痛。"


def written(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "notes.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


FOREIGN = [
    (
        {"text": TEXT, "label": [[2, 4, "症状"]]},
        r"no 'entities', but 'text', 'label' \(this is doccano's export: read it as doccano\)",
    ),
    ({"text": TEXT, "labels": [[2, 4, "症状"]]}, "doccano's export"),
    ({"text": TEXT, "entitiess": []}, r"no 'entities', but 'text', 'entitiess' \(is 'entitiess' meant\?\)"),
    ({"text": TEXT, "Entities": []}, r"\(is 'Entities' meant\?\)"),
    ({"text": TEXT, "entity": []}, r"\(is 'entity' meant\?\)"),
    ({"text": TEXT}, "no 'entities', but 'text'; expected a document"),
    ({"text": TEXT, "entities": None}, "'entities' that are null"),
    ({"text": TEXT, "entities": [], "label": [[2, 4, "症状"]]}, "'entities' that are empty beside 'label' with 1"),
    ({"text": TEXT, "entities": [], "spans": [{"start": 2, "end": 4}]}, "that are empty beside 'spans' with 1"),
    ({"text": TEXT, "label": [{"start": 2, "end": 4, "labels": ["症状"]}]}, "Label Studio's short export"),
    ({"data": {"text": TEXT}, "annotations": [{"result": []}]}, r"no string 'text', .*this is Label Studio's export"),
    ({"text": TEXT, "tokens": [], "spans": [{"start": 2}]}, "Prodigy's export"),
    ({"tokens": ["头"], "ner_tags": ["O"]}, "no string 'text', .*a data set of tokens and tags"),
    ({"content": TEXT, "entities": []}, r"no string 'text', but 'content', 'entities' \(is 'content' meant\?\)"),
    ({"Text": TEXT, "entities": []}, r"\(is 'Text' meant\?\)"),
    ({"context": TEXT, "answers": {}}, "a row of questions and answers: read it as mrc"),
]


@pytest.mark.parametrize(("row", "message"), FOREIGN)
def test_a_row_without_gold_says_what_it_has(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    path = written(tmp_path, {"text": TEXT, "entities": []}, row)
    for read in (lambda: read_corpus("jsonl", path), lambda: list(jsonl.read(path))):
        with pytest.raises(DataError, match=rf"notes\.jsonl:2: found .*{message}"):
            read()
    problems = Problems("skip")
    assert read_corpus("jsonl", path, problems=problems) == [Document(TEXT)] and len(problems.items) == 1


@pytest.mark.parametrize(
    "gold",
    [
        {"label": [[2, 4, "x"]]},
        {"entities": {"a": 1}},
        {"entities": "x"},
        {"entities": [[0, 99]]},
        {"entities": None},
        {},
    ],
)
def test_texts_are_read_whatever_the_gold(tmp_path: Path, gold: dict[str, Any]) -> None:
    path = written(tmp_path, {"text": TEXT, "id": "1", **gold})
    assert read_texts([path]) == [Document(TEXT, (), "1")] == list(read_jsonl(path, gold="ignored"))


def test_two_texts_under_one_id_are_a_fault_where_gold_is_wanted(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"id": 7, "text": "头痛", "entities": []},
        {"id": "7", "text": "头痛", "entities": []},
        {"id": "7", "text": "发热", "entities": []},
    )
    with pytest.raises(
        DataError, match=r":3: found the id '7' of line 1 once more, with another text or .*an id of its own"
    ):
        read_corpus("jsonl", path)
    assert len(read_texts([path])) == 3


def test_one_text_with_two_golds_under_one_id_is_a_fault(tmp_path: Path) -> None:
    found = [{"start": 0, "end": 2, "type": "x"}]
    path = written(
        tmp_path, {"id": "7", "text": "头痛", "entities": found}, {"id": "7", "text": "头痛", "entities": []}
    )
    with pytest.raises(DataError, match=r":2: found the id '7' of line 1 once more, .* or other entities"):
        read_corpus("jsonl", path)


@pytest.mark.parametrize(("one", "other"), [("Drug", "drug"), ("a b", "ab"), ("\u00e9", "e\u0301"), ("药１", "药1")])
def test_types_that_look_like_one_are_said(tmp_path: Path, one: str, other: str) -> None:
    first, second = ({"start": 0, "end": 2, "type": name} for name in (one, other))
    problems = Problems()
    read_corpus("jsonl", written(tmp_path, {"text": "头痛", "entities": [first, second]}), problems=problems)
    assert "found types that look like one: " in " ".join(problems.notes.values())
    problems = Problems()
    read_corpus("jsonl", written(tmp_path, {"text": "头痛", "entities": [first]}), problems=problems)
    assert not problems.notes


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"text": "头痛", "entities": [{"start": 0, "end": 2, "type": "x"}], "entities": []}',
            "the key 'entities' twice",
        ),
        ('{"text": "头痛", "text": "发热", "entities": []}', "the key 'text' twice"),
        ('{"id": {"a": 1}, "text": "头痛", "entities": []}', "the id .* is a JSON object and no string"),
        ('{"id": "\\ud800", "text": "头痛", "entities": []}', "half a surrogate pair"),
    ],
)
def test_rows_that_say_two_things_are_faults(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    for gold in ("required", "ignored"):
        with pytest.raises(DataError, match=rf"a\.jsonl:1: found .*{message}"):
            list(read_jsonl(path, gold=gold))  # type: ignore[arg-type]


BAD_TYPES = [
    "疾病 ",
    " 疾病",
    "疾病\u3000",
    "疾\t病",
    "疾病\u200b",
    "\ufeff疾病",
    "疾\x00病",
    "疾病\n",
    "疾\u202e病",
    "疾\u2028病",
]


@pytest.mark.parametrize("name", BAD_TYPES)
def test_types_that_look_like_others_are_refused_by_readers_and_writers(tmp_path: Path, name: str) -> None:
    assert type_fault(name)
    with pytest.raises(ValueError, match=r"the type '.*', which has (a blank at|the invisible character)"):
        from_row({"text": "头痛", "entities": [{"start": 0, "end": 2, "type": name}]})
    for form in WRITTEN:
        options = {"queries": {name: "？"}} if form == "mrc" else {}
        with pytest.raises(DataError, match="found the type "):
            entry(form).write([Document("头痛", (Span(0, 2, name),))], tmp_path / "x", options=options)
    assert list(tmp_path.iterdir()) == []
    path = tmp_path / "a.bio"
    path.write_text(f"头 B-{name}\n", encoding="utf-8")
    if not set(name) & set(" \t\n"):  # separators end the tag or the line
        with pytest.raises(DataError, match=r"a\.bio:1: found the tag .*, whose type has "):
            read_corpus("conll", path)


@pytest.mark.parametrize("name", ["疾病", "lab test", "B-1", "é", "e\u0301", "🧠", "👩\u200d⚕", "疾\u3000病", "1"])
def test_other_types_stay_as_they_are(tmp_path: Path, name: str) -> None:
    document = Document("头痛", (Span(0, 2, name),))
    write_jsonl([document], tmp_path / "a.jsonl")
    assert list(read_jsonl(tmp_path / "a.jsonl", gold="required")) == [document]


names = st.text(min_size=1, max_size=4) | st.sampled_from(["B-1", "S", "B", "I-B", "a_S", "O", "E-", "-", "_B", "x-B"])


@given(st.lists(names, min_size=1, max_size=3), st.data())
def test_what_a_format_writes_it_reads_back(
    tmp_path_factory: pytest.TempPathFactory, types: list[str], data: st.DataObject
) -> None:
    """Whatever the types are called: the writer refuses, or what is read back is what was written."""
    text = data.draw(st.text("头痛 \t,\u3000🧠-", min_size=len(types), max_size=9))
    document = Document(text, tuple(Span(n, n + 1, name) for n, name in enumerate(types)), "1")
    for form in WRITTEN:
        path = tmp_path_factory.mktemp("formats") / "a.x"
        options: dict[str, Any] = {"queries": dict.fromkeys(types, "？")} if form == "mrc" else {}
        options |= {"formulas": "keep"} if form == "table" else {}
        if form == "conll":
            options = {
                "scheme": data.draw(st.sampled_from(["BIO", "BIOE", "BIOES"])),
                "dialect": data.draw(st.sampled_from(["B-X", "B_X", "X-B", "X_B"])),
            }
        try:
            entry(form).write([document], path, options=options)
        except DataError:
            assert not path.exists()
            continue
        (again,) = read_corpus(form, path)
        assert (again.text, again.spans) == (document.text, document.spans)


def test_a_tag_that_reads_as_another_dialect_is_not_written(tmp_path: Path) -> None:
    document = Document("头痛", (Span(0, 2, "B-1"),))
    with pytest.raises(
        DataError, match=r"type 'B-1' in the dialect X-B .*'B-1-B', which is read back as B-X.*--dialect"
    ):
        conll.write([document], tmp_path / "a.bio", dialect="X-B")
    assert list(tmp_path.iterdir()) == []
    conll.write([document], tmp_path / "a.bio", dialect="B-X")
    (again,) = conll.read(tmp_path / "a.bio")
    assert again.spans == document.spans
