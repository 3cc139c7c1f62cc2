"""Tables in every form: what is read, guessed, carried through, refused, and what a spreadsheet would run."""

from __future__ import annotations

import csv
import datetime
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import ipc, parquet

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span, from_row, to_row
from hf_cner.data.formats import table
from hf_cner.data.problems import DataError, Problems

FORMS = (".csv", ".tsv", ".xlsx", ".parquet", ".arrow", ".feather")
TEXT = "患者头痛，查胸部CT。"
CORPUS = [
    Document(TEXT, (Span(2, 4, "症状", 0.5), Span(6, 8, "身体部位")), "a", "r", {"ward": "3", "age": 71}),
    Document("无🧠。\r\n=1\r\t", (), "b", "r", {"ward": "=4", "age": 5}),
]


@pytest.mark.parametrize("form", FORMS)
def test_texts_entities_and_other_columns_come_back(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a{form}"
    assert table.write(CORPUS, path, formulas="keep").summary() == "2 documents, 2 entities, none lost"
    again = read_corpus("table", path)
    assert again == CORPUS
    assert [s.score for d in again for s in d.spans] == [0.5, None]
    same = {"ward": "=4", "age": "5" if form in (".csv", ".tsv") else 5}
    assert again[1].columns == same
    assert from_row(to_row(again[1])).columns == same


@pytest.mark.parametrize("form", FORMS)
@given(text=st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\t\"',;=_x0000D_\x00"), min_size=1))
def test_hostile_texts_come_back(form: str, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("table") / f"a{form}"
    document = Document(text, (Span(0, len(text), "x"),), "n", "", {"other": text})
    table.write([document], path, formulas="keep")
    (again,) = read_corpus("table", path)
    assert (again, again.columns) == (document, {"other": text})


def test_csv_is_one_that_excel_opens_and_does_not_run(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    hostile = Document("=1+1", (Span(0, 1, "@x"),), "-a", "+r", {"=c": "\tx", "n": -3, "lone": "a\rb"})
    table.write([hostile], path, entities="rows")
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and b'"a\rb"' in data
    head, row = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert head == ["document", "record", "start", "end", "type", "text", "score", "'=c", "n", "lone"]
    assert row == ["'-a", "'+r", "0", "1", "'@x", "'=", "", "'\tx", "-3", "a\rb"]
    table.write([hostile], path, entities="rows", formulas="keep")
    assert "'" not in path.read_text(encoding="utf-8-sig")
    table.write([hostile], tmp_path / "a.xlsx", entities="rows")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet["F2"].value == "=" and sheet["F2"].data_type == "s" and sheet["A2"].value == "-a"


def csv_file(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("names", "row", "found"),
    [
        ("id,text,ward", "7,头痛,3", ("text", "7")),
        ("编号,病历,年龄", "7,头痛,3", ("病历", "7")),
        ("a,b", "7,患者三天前无明显诱因出现头痛伴发热咳嗽，来院就诊。", ("b", "a-2")),
        ("only", "头痛", ("only", "a-2")),
    ],
)
def test_the_column_of_texts_is_guessed_and_said(tmp_path: Path, names: str, row: str, found: tuple[str, str]) -> None:
    path = csv_file(tmp_path / "a.csv", f"{names},entities\n{row},[]\n")
    problems = Problems()
    (document,) = read_corpus("table", path, problems=problems)
    assert document.id == found[1] and f"from the column {found[0]!r}" in " ".join(problems.notes.values())


def test_columns_are_named(tmp_path: Path) -> None:
    long = "患者三天前无明显诱因出现头痛伴发热咳嗽。"
    path = csv_file(tmp_path / "a.csv", f"nr;主诉;现病史;entities\n7;{long};{long};[]\n")
    with pytest.raises(DataError, match=r"found the columns 'nr', '主诉', '现病史', .*; say --text-column NAME"):
        read_corpus("table", path)
    with pytest.raises(DataError, match=r"found no column '现病', but 'nr', .*; did you mean '现病史'\?"):
        read_corpus("table", path, options={"text_column": "现病"})
    options = {"text_column": "现病史", "id_column": "nr"}
    (document,) = read_corpus("table", path, options=options)
    assert document == Document(long, (), "7") and document.columns == {"主诉": long}


def test_encodings(tmp_path: Path) -> None:
    content = "id,text,entities\n7,患者头痛,[]\n"
    for encoding in ("utf-8-sig", "utf-16"):
        assert read_corpus("table", csv_file(tmp_path / "a.csv", content, encoding))[0].text == "患者头痛"
    path = csv_file(tmp_path / "a.csv", content, "gb18030")
    with pytest.raises(
        DataError, match=r"a.csv:2: found the byte .* \(it looks like GBK/GB18030\); .*--encoding gb18030"
    ):
        read_corpus("table", path)
    assert read_corpus("table", path, options={"encoding": "gb18030"})[0].text == "患者头痛"
    with pytest.raises(DataError, match="There is no encoding 'gbk2'; give one as utf-8"):
        read_corpus("table", path, options={"encoding": "gbk2"})
    with pytest.raises(DataError, match="which is not ascii; expected text in ascii; name another encoding"):
        read_corpus("table", path, options={"encoding": "ascii"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "found an empty table; expected a first line that names the columns"),
        ("id,text,text\n", "found two columns 'text'"),
        ("id,text,entities\n7,头痛\n", "a.csv:2: found a row of 2 cells; expected 3"),
        ("id,text,entities\n7,头,痛,发,热\n", "a.csv:2: found a row of 5 cells; expected 3.*quotation mark"),
        ('id,text,entities\n7,"头痛,[]\n', "a.csv:2: found a row that cannot be read"),
        ("id,text\n7,头痛\n", "found no column 'entities', but 'id', 'text'; expected one of JSON"),
        ("id,text,entities\n7,头痛,\n", "a.csv:2: found .*; expected entities as JSON"),
        ('id,text,entities\n7,头痛,"[{""start"": 1, ""end"": 5, ""type"": ""x""}]"\n', "a.csv:2: found the entity"),
    ],
)
def test_tables_that_cannot_be_are_one_sentence(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_corpus("table", csv_file(tmp_path / "a.csv", content))
    assert "\n" not in str(caught.value)


def sheet(path: Path, *rows: list[Any], title: str = "病历", merge: str = "", more: bool = False) -> Path:
    book = openpyxl.Workbook()
    first = book.active
    first.title = title
    for row in rows:
        first.append(row)
    if merge:
        first.merge_cells(merge)
    if more:
        book.create_sheet("二").append(["x"])
    book.save(path)
    return path


def test_excel_as_people_make_it(tmp_path: Path) -> None:
    day = datetime.datetime(2024, 1, 2)
    head = ["id", "text", "day", "n"]
    path = sheet(
        tmp_path / "a.xlsx", head, [7, "头痛", day, 1.5], [None, None, None, None], [8, None, day, 2], [9, 5, None, 1]
    )
    problems = Problems("skip")
    found = list(table.read(path, problems=problems, gold="ignored"))
    assert [(d.id, d.text) for d in found] == [("7", "头痛"), ("8", "")]
    assert found[0].columns == {"day": "2024-01-02", "n": 1.5}
    assert "never saved) × 1: they are empty documents." in " ".join(problems.notes.values())
    assert "found 5 in the column 'text', which is no text" in str(problems.items[0])
    with pytest.raises(DataError, match=r"a.xlsx:2: found 1.5 in the column 'n', which is no text; expected a text"):
        list(table.read(path, gold="ignored", text_column="n"))


def test_merged_cells_several_sheets_and_passwords(tmp_path: Path) -> None:
    head, row = ["id", "text"], [7, "头痛"]
    with pytest.raises(DataError, match=r"found merged cells \(A2:A3\); expected a content for each cell; unmerge"):
        list(table.read(sheet(tmp_path / "a.xlsx", head, row, row, merge="A2:A3"), gold="ignored"))
    path = sheet(tmp_path / "b.xlsx", head, row, more=True)
    with pytest.raises(DataError, match="found the sheets 病历, 二; expected one; name it with --reading sheet=NAME"):
        list(table.read(path, gold="ignored"))
    assert len(list(table.read(path, gold="ignored", sheet="病历"))) == 1
    with pytest.raises(DataError, match="found the sheets 病历, 二; expected 'x'"):
        list(table.read(path, gold="ignored", sheet="x"))
    (tmp_path / "c.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    with pytest.raises(DataError, match="a file with a password, or one of Excel before 2007; expected "):
        list(table.read(tmp_path / "c.xlsx", gold="ignored"))
    for name in ("d.xlsx", "d.parquet", "d.arrow", "d.feather"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 broken")
        with pytest.raises(DataError, match=rf"{name}: found no (sheets of Excel|table of ).*; expected a whole"):
            list(table.read(tmp_path / name, gold="ignored"))


def test_what_excel_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"found 40,000 characters for a cell of row 2; expected at most 32,767"):
        table.write([Document("长" * 40_000)], tmp_path / "a.xlsx")
    monkeypatch.setattr("hf_cner.data.table_writing.MOST_ROWS", 3)
    with pytest.raises(DataError, match="more than the 3 rows that a sheet holds"):
        table.write([Document("头痛")] * 3, tmp_path / "a.xlsx")
    monkeypatch.setattr("hf_cner.data.table_files.MOST_ROWS", 2)
    problems = Problems()
    table.write([Document("头痛")], tmp_path / "a.xlsx")
    read_corpus("table", tmp_path / "a.xlsx", problems=problems)
    assert "a full sheet (2 rows), which may have been cut off" in " ".join(problems.notes.values())
    for options in ({"entities": "x"}, {"formulas": "x"}):
        with pytest.raises(DataError, match="A table is not written with 'x'; choose one of"):
            table.write([], tmp_path / "b.csv", **options)


def test_a_stream_of_arrow_and_a_column_of_lists(tmp_path: Path) -> None:
    entities = [[{"start": 0, "end": 2, "type": "症状"}], []]
    content = pyarrow.table({"text": ["头痛", "无"], "entities": entities, "mixed": [1, 2]})
    with ipc.new_stream(str(tmp_path / "a.arrow"), content.schema) as stream:
        stream.write_table(content)
    found = read_corpus("table", tmp_path / "a.arrow")
    assert [d.spans for d in found] == [(Span(0, 2, "症状"),), ()] and found[0].id == "a.arrow-1"
    table.write([*found, Document("x", (), "", "", {"mixed": "y"})], tmp_path / "b.parquet")
    assert [d.columns["mixed"] for d in read_corpus("table", tmp_path / "b.parquet")] == ["1", "2", "y"]
    assert json.loads(json.dumps(to_row(found[0])))["columns"] == {"mixed": 1}


@pytest.mark.parametrize("begin", ["sep=;\r\n", '"sep=;"\n', "\ufeffSEP=;\r", "sep=,\n"])
def test_the_line_of_excel_that_names_the_separator_is_no_row(tmp_path: Path, begin: str) -> None:
    mark = "," if "," in begin else ";"
    path = tmp_path / "a.csv"
    path.write_text(f"{begin}id{mark}text\n7{mark}头痛\n", encoding="utf-8")
    assert [(d.id, d.text) for d in table.read(path, gold="ignored")] == [("7", "头痛")]
    path.write_text(f"{begin}id{mark}text\n7{mark}头痛{mark}3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.csv:3: found a row of 3 cells"):
        list(table.read(path, gold="ignored"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b'[{"text": "x"}]', "a.csv: found JSON; expected a table of cells between commas or TABs; give it"),
        ("a.tsv", b'{"text": "x"}\n', "a.tsv: found JSON; expected a table"),
        ("a.csv", b"PK\x03\x04\x14", "a.csv: found a zip archive, as of .docx and .xlsx; expected a table of cells"),
        ("a.csv", b"%PDF-1.4", "a.csv: found a PDF; expected a table of cells"),
        ("a.csv", b"<html><table>", "a.csv: found a web page; expected a table of cells"),
        ("a.xlsx", b"<html><table>", "a.xlsx: found a web page; expected a workbook of Excel; give it the ending"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_corpus("table", tmp_path / name)


def test_a_date_or_bytes_are_no_text(tmp_path: Path) -> None:
    path = sheet(tmp_path / "a.xlsx", ["id", "text"], [7, datetime.date(2026, 3, 4)])
    with pytest.raises(DataError, match=r"a.xlsx:2: found '2026-03-04' in the column 'text', which is no text"):
        list(table.read(path, gold="ignored"))
    columns = pyarrow.table({"text": ["头痛"], "blob": [b"\x00\xff"], "n": [float("nan")]})
    parquet.write_table(columns, tmp_path / "a.parquet")
    (document,) = table.read(tmp_path / "a.parquet", gold="ignored")
    assert document.columns == {"blob": "00ff", "n": None}
    parquet.write_table(pyarrow.table({"text": ["头痛".encode()]}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"found 'e5a4b4e7979b' in the column 'text', which is no text"):
        list(table.read(tmp_path / "b.parquet", gold="ignored"))


def test_a_title_above_the_table_is_named(tmp_path: Path) -> None:
    path = sheet(tmp_path / "a.xlsx", ["2026年骨科病历"], [None], ["id", "text"], [7, "头痛"])
    with pytest.raises(DataError, match=r"a.xlsx:3: found a row of 2 cells; .*is what stands above it a title\? Then"):
        list(table.read(path, gold="ignored"))


def test_gbk_is_read_as_its_superset(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,text\n7,\U0002c317痛\n".encode("gb18030"))
    for name in ("gbk", "GB2312", "cp936", "gb18030"):
        assert [d.text for d in table.read(path, gold="ignored", encoding=name)] == ["\U0002c317痛"]


def test_a_patients_number_that_stands_twice_is_the_record(tmp_path: Path) -> None:
    """Documents of one id could be neither reviewed nor applied; a record's documents stay on one side of a split."""
    path = tmp_path / "a.csv"
    path.write_text("住院号,现病史\n7,头痛\n7-2,发热\n7,咳嗽\n7,腹泻\n", encoding="utf-8")
    problems = Problems()
    found = list(table.read(path, problems=problems, gold="ignored"))
    assert [(d.id, d.record) for d in found] == [("7", ""), ("7-2", ""), ("7-3", "7"), ("7-4", "7")]
    assert "rows with the name of another × 2" in " ".join(problems.notes.values())
