"""Everything that `predict` reads, as it really comes: line ends, byte order marks, other encodings, broken lines."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
from pathlib import Path

import pytest

from hf_cner.data.inputs import read_inputs
from hf_cner.data.problems import DataError, Problems


def texts_of(source: Path | str, **options: object) -> list[str]:
    documents, total = read_inputs(str(source), **options)  # type: ignore[arg-type]
    found = [document.text for document in documents]
    assert total is None or total == len(found)
    return found


def stdin_with(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_text_file_is_one_document(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes("\ufeff患者头痛。\r\n\u2028无发热。\r\n".encode())
    assert texts_of(path) == ["患者头痛。\r\n\u2028无发热。\r\n"]


def test_lines_keep_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes("头痛。\r\n\n　发热。".encode())
    assert texts_of(path, form="lines") == ["头痛。", "", "　发热。"]
    documents, _ = read_inputs(str(path), form="lines")
    assert [document.id for document in documents] == ["notes.txt:1", "notes.txt:2", "notes.txt:3"]


def test_folder_by_name(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("乙", encoding="utf-8")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "z.txt").write_text("甲", encoding="utf-8")
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress("丙".encode()))
    (tmp_path / "d.ann").write_text("no text", encoding="utf-8")
    documents, total = read_inputs(str(tmp_path))
    assert [(document.id, document.text) for document in documents] == [
        ("a/z.txt", "甲"),
        ("b.txt", "乙"),
        ("c.txt.gz", "丙"),
    ]
    assert total == 3
    assert texts_of(tmp_path, form="lines") == ["甲", "乙", "丙"]


def test_jsonl_keeps_ids(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"text": "头痛", "id": "n1"}\n\n{"text": ""}\n', encoding="utf-8")
    documents, total = read_inputs(str(path))
    assert [(document.id, document.text) for document in documents] == [("n1", "头痛"), ("", "")]
    assert total is None
    assert texts_of(path, form="text") == ['{"text": "头痛", "id": "n1"}\n\n{"text": ""}\n']


def test_jsonl_is_read_as_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"text": "头痛", "id": "n"}\n' * 9 + "broken\n", encoding="utf-8")
    documents = iter(read_inputs(str(path))[0])
    assert [next(documents).text for _ in range(9)] == ["头痛"] * 9
    with pytest.raises(DataError, match=":10: found broken JSON"):
        next(documents)
    path.write_text("broken\n", encoding="utf-8")
    with pytest.raises(DataError, match=":1: found broken JSON"):  # before a model is loaded
        read_inputs(str(path))


@pytest.mark.parametrize(
    ("content", "form", "expected"),
    [
        ("头痛。\n发热。\n", "auto", ["头痛。\n发热。\n"]),
        ("\ufeff头痛。", "auto", ["头痛。"]),
        ("", "auto", [""]),
        ("头痛。\r\n\n发热。\n", "lines", ["头痛。", "", "发热。"]),
        ('{"text": "头痛"}\n\n{"text": "发热"}', "auto", ["头痛", "发热"]),
        ('{"text": "头痛"}\n', "text", ['{"text": "头痛"}\n']),
        ("[主诉] 头痛。\n", "text", ["[主诉] 头痛。\n"]),
        ('\n \r\n\ufeff{"text": "头痛"}\n', "text", ['\n \r\n\ufeff{"text": "头痛"}\n']),
        ('\n\n{"text": "头痛"}\n', "auto", ["头痛"]),
        ('\ufeff\n{"text": "头痛"}\n', "auto", ["头痛"]),
        ("\n头痛。\n", "auto", ["\n头痛。\n"]),
        ("\n\n", "auto", ["\n\n"]),
    ],
)
def test_standard_input(monkeypatch: pytest.MonkeyPatch, content: str, form: str, expected: list[str]) -> None:
    stdin_with(monkeypatch, content.encode())
    assert texts_of("-", form=form) == expected


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [json.dumps({"text": str(number)}) + "\n" for number in range(1000)]
    stdin_with(monkeypatch, "".join([*rows, "broken"]).encode())
    documents = iter(read_inputs("-")[0])
    assert [next(documents).text for _ in range(1000)] == [str(number) for number in range(1000)]
    with pytest.raises(DataError, match=r"standard input:1001: found .*expected one whole JSON object"):
        next(documents)


def test_other_encodings_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "gbk.txt"
    path.write_bytes("患者头痛".encode("gbk"))
    with pytest.raises(DataError, match=r"gbk\.txt:1: found .*not UTF-8 \(it looks like GBK"):
        texts_of(path)
    stdin_with(monkeypatch, "患者头痛".encode("gbk"))
    with pytest.raises(DataError, match=r"standard input:1: found .*not UTF-8 \(it looks like GBK"):
        texts_of("-")
    stdin_with(monkeypatch, "头\n".encode() + "患者头痛\n".encode("gbk") + "热\n".encode())
    problems = Problems("skip")
    assert texts_of("-", form="lines", problems=problems) == ["头", "热"]
    assert len(problems.items) == 1


def test_broken_lines_stop_or_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"text": "头痛"}\n{"text": "发\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"notes\.jsonl:2: found broken JSON"):
        texts_of(path)
    problems = Problems("skip")
    assert texts_of(path, problems=problems) == ["头痛"] and len(problems.items) == 1


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        texts_of(tmp_path / "nothing.txt")
    with pytest.raises(DataError, match=r"found no file that ends in \.txt; expected the texts"):
        texts_of(tmp_path)
    (tmp_path / "a.txt").write_text("甲", encoding="utf-8")
    with pytest.raises(DataError, match="found a folder, expected one file of JSON lines"):
        texts_of(tmp_path, form="jsonl")
    with pytest.raises(ValueError, match="The input format is 'xml'; choose one of auto, text, lines, jsonl"):
        texts_of(tmp_path / "a.txt", form="xml")


def test_a_folder_holds_no_hidden_files_and_endings_in_capitals(tmp_path: Path) -> None:
    (tmp_path / "b.TXT").write_text("发热。", encoding="utf-8")
    (tmp_path / "._a.txt").write_bytes(b"\x00\xff\xfe")
    documents, _ = read_inputs(str(tmp_path))
    assert [(document.id, document.text) for document in documents] == [("b.TXT", "发热。")]


def test_a_note_that_cannot_be_read_is_no_note_without_findings(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("头痛，发热。".encode("gb18030"))
    (tmp_path / "b.txt").write_text("\n", encoding="utf-8")
    problems = Problems("skip")
    documents, _ = read_inputs(str(tmp_path), problems=problems)
    assert [document.id for document in documents] == ["b.txt"] and len(problems.items) == 1


def test_lines_of_standard_input_begin_behind_the_byte_order_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\ufeff头痛\n\ufeff发热".encode())))
    documents, _ = read_inputs("-", form="lines")
    assert [document.text for document in documents] == ["头痛", "\ufeff发热"]


def test_a_line_of_brackets_is_a_bad_line(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = b"[" * 200_000 + b'\n{"text": "x"}'
    problems = Problems("skip")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(deep)))
    documents, _ = read_inputs("-", form="jsonl", problems=problems)
    assert [document.text for document in documents] == ["x"] and len(problems.items) == 1


def test_a_file_name_in_another_encoding_makes_no_broken_row(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode("病历".encode("gbk") + b".txt")).write_text("头痛", encoding="utf-8")
    documents, _ = read_inputs(str(tmp_path))
    [document] = documents
    assert document.id.encode("utf-8").decode("utf-8") == document.id and document.id.endswith(".txt")


@pytest.mark.parametrize("form", ["auto", "jsonl"])
def test_packed_standard_input_is_unpacked(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    stdin_with(monkeypatch, gzip.compress('{"text": "头痛"}\n'.encode()))
    assert texts_of("-", form=form) == ["头痛"]


@pytest.mark.parametrize("form", ["auto", "text", "lines", "jsonl"])
def test_packed_standard_input_unpacks_to_a_bounded_size(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    stdin_with(monkeypatch, gzip.compress(b"a" * 60_000_000))
    with pytest.raises(DataError, match=r"standard input: found .* bytes of gzip data that unpack to more than"):
        texts_of("-", form=form)


def test_standard_input_as_one_document_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_with(monkeypatch, b"abcdefg\n" * 2_200_000)
    with pytest.raises(DataError, match=r"standard input: found more than 16,777,216 bytes; .* send JSON lines"):
        texts_of("-")
    stdin_with(monkeypatch, b"a" * 17_000_000)
    with pytest.raises(DataError, match=r"standard input:1: found a line of 17,000,000 bytes"):
        texts_of("-")


def test_broken_packed_standard_input_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_with(monkeypatch, gzip.compress(b"abc" * 1000)[:-12])
    with pytest.raises(DataError, match=r"standard input: found broken gzip data"):
        texts_of("-")


def test_texts_of_exports_and_tables_are_read_without_their_annotations(tmp_path: Path) -> None:
    tasks = [{"id": 1, "data": {"text": "头痛"}}, {"id": 2, "data": {"text": "发热"}, "annotations": [{"result": [7]}]}]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"text": "头痛"}\n', encoding="utf-8")
    (tmp_path / "a.csv").write_text("病历,ward\n头痛,3\n,4\n", encoding="utf-8")
    found, number = read_inputs(str(tmp_path / "tasks.json"), form="label-studio")
    assert [(d.id, d.text, d.spans) for d in found] == [("1", "头痛", ()), ("2", "发热", ())] and number == 2
    found, _ = read_inputs(str(tmp_path / "a.jsonl"), form="doccano")
    assert [d.text for d in found] == ["头痛"]
    found, _ = read_inputs(str(tmp_path / "a.csv"))
    assert [(d.text, dict(d.columns)) for d in found] == [("头痛", {"ward": "3"}), ("", {"ward": "4"})]
    found, _ = read_inputs(str(tmp_path / "a.csv"), options={"text_column": "ward"})
    assert [d.text for d in found] == ["3", "4"]
    with pytest.raises(DataError, match="Standard input cannot be read as table; write it to a file"):
        read_inputs("-", form="table")
    with pytest.raises(DataError, match="found no table or export, which alone are read with 'encoding'"):
        read_inputs(str(tmp_path / "a.jsonl"), options={"encoding": "gbk"})
