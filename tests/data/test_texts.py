"""Texts without annotation: from files, folders and corpora."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner import read_corpus
from hf_cner.data.documents import Document
from hf_cner.data.problems import DataError
from hf_cner.data.texts import read_texts


def texts(*files: Path, **options: str) -> list[str]:
    return [document.text for document in read_texts(files, **options)]


def test_a_text_file_holds_one_document_a_line_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes("\ufeff患者头痛。 \r\n\r\n　\r\n复查血糖。".encode())
    assert texts(path) == ["患者头痛。 ", "复查血糖。"]
    assert [document.id for document in read_texts([path])] == ["notes.txt:1", "notes.txt:4"]
    assert texts(path, unit="file") == ["患者头痛。 \r\n\r\n　\r\n复查血糖。"]


def test_files_of_a_folder_are_documents_and_json_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "ward").mkdir()
    (tmp_path / "b.txt").write_text("第一行。\n第二行。", encoding="utf-8")
    (tmp_path / "ward" / "a.jsonl").write_text('{"id": 1, "section": "入院", "text": "发热。"}\n', encoding="utf-8")
    (tmp_path / "image.png").write_bytes(b"\x00")
    assert texts(tmp_path) == ["第一行。\n第二行。", "发热。"]
    assert texts(tmp_path, unit="line") == ["第一行。", "第二行。", "发热。"]


def test_a_corpus_comes_with_its_gold(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("发热。", encoding="utf-8")
    documents = read_texts([path], corpus="sample")
    assert documents[0].text == "发热。" and documents[1:] == read_corpus("sample")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.xls").write_text("发热", encoding="utf-8")
    (tmp_path / "blank.txt").write_text(" \n\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    cases = [
        ([], {}, "no file and no corpus was named; name text files, JSON lines or a corpus"),
        ([tmp_path / "blank.txt"], {}, "found no text that is not blank"),
        ([tmp_path / "notes.xls"], {}, r"notes.xls: found a spreadsheet \(.xls\); expected a table as .xlsx or .csv;"),
        ([tmp_path / "blank.tx"], {}, r"found no such file; expected a file; did you mean .*blank.txt"),
        ([tmp_path / "empty"], {}, r"found no file that ends in .txt or .jsonl; expected the texts; name the folder"),
        ([tmp_path / "blank.txt"], {"unit": "page"}, "unit of a text file is 'page'; choose one of auto, line, file"),
    ]
    for files, options, message in cases:
        with pytest.raises(ValueError, match=message):
            read_texts(files, **options)


def test_a_table_is_read_by_the_rule_of_prediction(tmp_path: Path) -> None:
    """Its column of texts, in its encoding; an option that only the corpus takes is the corpus's."""
    table, gold = tmp_path / "a.csv", tmp_path / "gold.conll"
    table.write_bytes("id,主诉\n7,\U0002c317痛\n".encode("gb18030"))
    gold.write_text("头\tB-x\n", encoding="utf-8")
    assert read_texts([table], options={"encoding": "gb18030"}) == [Document("\U0002c317痛", (), "7")]
    options = {"encoding": "gb18030", "column": None, "scheme": "BIO"}
    found = read_texts([table], corpus="conll", data_dir=gold, options=options)
    assert [document.text for document in found] == ["\U0002c317痛", "头"]
    with pytest.raises(DataError, match="table is read without 'scheme', which only conll can be told"):
        read_texts([table], options=options)


@pytest.mark.data
def test_published_unlabelled_texts(data_dir: Path) -> None:
    assert len(read_texts([data_dir / "ccks2019" / "subtask2_unlabeled.txt"])) == 2100
    assert len(read_texts([data_dir / "ccks2017" / "unlabelled.jsonl"])) == 9484


def test_documents_of_files_with_one_name_are_told_apart(tmp_path: Path) -> None:
    for ward in ("a", "b"):
        (tmp_path / ward / "7").mkdir(parents=True)
        (tmp_path / ward / "7" / "note.txt").write_text("发热。", encoding="utf-8")
    assert [document.record for document in read_texts([tmp_path])] == ["a/7/note.txt", "b/7/note.txt"]
    assert [document.id for document in read_texts([tmp_path / "a", tmp_path / "b"])] == [
        "a/7/note.txt",
        "b/7/note.txt",
    ]
    files = [tmp_path / ward / "7" / "note.txt" for ward in ("a", "b")]
    assert [document.record for document in read_texts(files)] == [f"{file.as_posix()}:1" for file in files]
