"""What a file is, by its name and its content: only prose and JSON lines are texts."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.problems import DataError
from hf_cner.data.reading.kinds import foreign_content, kind_of
from hf_cner.data.reading.names import suffix_of

NOTE = "主诉：头痛3天。\n[现病史] 患者，男，56岁；\tBP 120/80mmHg。\nWBC\t5.4\t正常\nRBC\t4.3\t正常\n"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.txt", "text"), ("a.TXT", "text"), ("a.text", "text"), ("a", "text"), ("病历2024.01", "text"),
        ("病历.第二版", "text"), ("a.jsonl", "jsonl"), ("a.ndjson", "jsonl"), ("a.JSONL", "jsonl"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_names(tmp_path: Path, name: str, kind: str, packed: bool) -> None:
    data = (NOTE if kind == "text" else '{"text": "头痛"}\n').encode()
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(data) if packed else data)
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("a.csv", r"a table \(\.csv\)"), ("a.tsv", r"a table \(\.tsv\)"), ("a.xlsx", "a spreadsheet"),
        ("a.parquet", "a table of columns"), ("a.arrow", "a table of columns"), ("a.docx", "a document of a word"),
        ("a.pdf", "a PDF"), ("a.zip", "an archive"), ("a.tar.gz", r"an archive \(\.tar\)"), ("a.jpg", "a picture"),
        ("a.ann", "annotations of brat"), ("a.conll", "a CoNLL file"), ("a.md", r"a file that ends in \.md"),
    ],
)  # fmt: skip
def test_other_endings_are_refused(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / name).write_text(NOTE, encoding="utf-8")
    with pytest.raises(DataError, match=rf"{name}: found {what}.*; expected text \(\.txt\) or JSON lines .*; save the"):
        kind_of(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04rest", "a zip archive"), (b"%PDF-1.4", "a PDF"), (b"\x89PNG\r\n", "a picture"),
        (b"PAR1....", "Parquet"), (b"\x00\x01\x02\x03\x04", "binary data"), (b"\xd0\xcf\x11\xe0", "an old document"),
        ("患者头痛三天。BP 120".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("患者头痛三天。BP 120".encode("utf-16-be"), "UTF-16 without a byte order mark"),
        ("WBC 5.4\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b'{"text": "x"}\n', "JSON under the name of a text"),
        (b'\n [\n {"text": 1}]', "JSON under the name of a text"),
        ("\ufeff{\n \"text\": 1}".encode(), "JSON under the name of a text"),
        ("id,text\n1,头痛\n".encode(), "a table with a line of column names"),
        ("编号\t正文\n1\t头痛\n".encode(), "a table with a line of column names"),
        ("病历号,科别,主诉\n1,内,头痛\n2,外,\"腹痛,\n发热\"\n3,内,".encode(), "a table with a line of column names"),
        (b"pid;ward;body\n1;A;fever\n2;B;rash\n", "a table with a line of column names"),
        ("1,患者头痛3天,发热\n2,\"咳嗽,\n咳痰\",感冒\n3,胸痛,无\n".encode(), "a table without a line of column names"),
        ("2021-01-01|张某|头痛\n2021-01-02|李某|咳嗽\n2021-01-05|王某|胸痛".encode(), "a table without a line"),
        ("1\t头痛\n2\t咳嗽\n3\t胸痛".encode(), "a table without a line of column names"),
        ("头 B-x\n痛 I-x\n。 O\n\n无 O\n。 O\n".encode(), "a CoNLL file, a character and its tag per line"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.txt", "a", "a.txt.gz"])
def test_content_that_is_not_prose_is_refused(tmp_path: Path, content: bytes, what: str, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(DataError, match=f"{name}: found {what}"):
        kind_of(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [
        NOTE.encode(), b"", b"\n", "[主诉] 头痛".encode(), "{注}头痛".encode(), "头\x00痛".encode(), b"\x1b[0m\x0c",
        NOTE.encode("gb18030"), "\ufeff患者".encode("utf-16"), "\ufeff头痛".encode(), b"id, text",
        "白细胞\t5.6\n红细胞\t4.1\n血小板\t200\n".encode(), b"Fever, rash\nPain, cold\nBP, pulse\n",
        "姓名,性别\n张,男\n患者头痛三天。\n无发热\n".encode(), b"a,a\n1,2\n3,4\n",
        "头痛，\t发热\n咳嗽\t咳痰\n".encode(), "甲 O\n".encode(), "🧠𠀀é".encode(), NOTE.encode()[:-2],
        "1,高血压\n2,糖尿病\n3,冠心病\n".encode(), "1.\t高血压\n2.\t糖尿病\n3.\t冠心病\n".encode(),
        "6.1,体温36.5,咳嗽\n6.2,体温36.8\n6.3,咳嗽,咳痰\n".encode(),
    ],
)  # fmt: skip
def test_strange_prose_stays_prose(tmp_path: Path, content: bytes) -> None:
    """What is not UTF-8 is left to the reader, who names its encoding."""
    (tmp_path / "a.txt").write_bytes(content)
    assert kind_of(tmp_path / "a.txt") == "text"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30))
def test_no_chinese_note_is_taken_for_something_else(text: str) -> None:
    assert foreign_content(f"患者{text}".encode(), "text") == ""


def test_json_is_read_where_each_line_is_an_object(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('\n{"text": "头痛"}\n{"text": "发热"}\n', encoding="utf-8")
    assert kind_of(path) == "jsonl"
    for content in ('[{"text": "头痛"}]', '{\n "text": "头痛"\n}', "头痛"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="found JSON that does not stand one object per line"):
            kind_of(path)


def test_endings() -> None:
    given = ("a.TXT", "a.txt.gz", "a.b.csv", "a", "7.2024", ".txt", "x.一", "a.")
    assert [suffix_of(name) for name in given] == [".txt", ".txt", ".csv", "", "", "", "", ""]
