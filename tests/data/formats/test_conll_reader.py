"""Reading other people's CoNLL files: spellings, words for characters, records, and everything that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hf_cner.data.documents import Document
from hf_cner.data.formats.conll import read
from hf_cner.data.problems import DataError, Problems


def documents(tmp_path: Path, text: str | bytes, **options: Any) -> list[Document]:
    path = tmp_path / "train.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read(path, **options))


def contents(found: list[Document]) -> list[tuple[str, list[tuple[int, int, str]]]]:
    return [(document.text, [(s.start, s.end, s.type) for s in document.spans]) for document in found]


@pytest.mark.parametrize(
    "text",
    [
        "头 B-x\n痛 I-x\n。 O\n\n无 O\n",
        "\ufeff头 B-x\r\n痛 I-x\r\n。 O\r\n\r\n无 O\r\n",
        "\n头\tB_x\n痛\tE_x\n。\tO\n\n\n无\tO",
        "头,x-B\n痛,x-E\n。,O\n \t\n无,O\n\n\n",
        "头   B-x \n痛   M-x \n。   O \n\n无   O \n",
    ],
)
def test_spellings_line_ends_and_blank_lines(tmp_path: Path, text: str) -> None:
    found = documents(tmp_path, text)
    assert contents(found) == [("头痛。", [(0, 2, "x")]), ("无", [])]
    assert [(d.id, d.record) for d in found] == [("train-1", "train-1"), ("train-2", "train-2")]


@pytest.mark.parametrize(
    "text",
    [
        "头 B-x\n  I-x\n\t I-x\n, O\n\u3000 O\n",
        "头,B-x\n ,I-x\n\t,I-x\n,,O\n\u3000,O\n",
        "头\tB-x\n \tI-x\n\t\tI-x\n,\tO\n\u3000\tO\n",
    ],
)
def test_a_separator_can_be_the_character(tmp_path: Path, text: str) -> None:
    assert contents(documents(tmp_path, text)) == [("头 \t,\u3000", [(0, 3, "x")])]


@pytest.mark.parametrize("scheme", ["BMES", "BIOE", "BIO", "BILOU"])
def test_the_tag_of_a_word_spreads_over_its_characters(tmp_path: Path, scheme: str) -> None:
    inside, last, unit = {"BMES": "MES", "BIOE": "IEB", "BIO": "IIB", "BILOU": "ILU"}[scheme]
    text = f"10 B-x\nmg {inside}-x\n片 {last}-x\n和 O\nCT {unit}-y\n10 O\n"
    assert contents(documents(tmp_path, text)) == [("10mg片和CT10", [(0, 5, "x"), (6, 8, "y")])]


def test_a_word_with_blanks_needs_a_named_separator(tmp_path: Path) -> None:
    text = "a b\tB-x\n。\tO\n"
    with pytest.raises(DataError, match=r"train\.txt:1: found 'a b\\tB-x', which has more than two columns"):
        documents(tmp_path, text)
    assert contents(documents(tmp_path, text, separator="\t")) == [("a b。", [(0, 3, "x")])]


def test_docstart_lines_begin_records(tmp_path: Path) -> None:
    text = "甲 O\n\n乙 O\n\n-DOCSTART- O\n\n丙 O\n\n丁 O\n-DOCSTART- -X- O O\n戊 O\n\n-DOCSTART-\n\n-DOCSTART-\n"
    found = documents(tmp_path, text)
    assert [d.text for d in found] == ["甲", "乙", "丙", "丁", "戊"]
    assert [d.record for d in found] == ["train-1", "train-2", "train-3", "train-3", "train-5"]


def test_files_of_one_name_and_different_ending_give_different_ids(tmp_path: Path) -> None:
    for name in ("medical.train", "medical.dev"):
        (tmp_path / name).write_text("甲 O\n", encoding="utf-8")
    assert [d.id for name in ("medical.train", "medical.dev") for d in read(tmp_path / name)] == [
        "medical.train-1",
        "medical.dev-1",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("甲 O\n乙\n", r"train\.txt:2: found '乙', which has no separator before a tag; expected one character"),
        ("甲 O\n O\n", r"train\.txt:2: found ' O', which has no character"),
        ("甲 O\n乙,\n", r"train\.txt:2: found '乙,', which has no tag"),
        ("甲 NN O\n", r"train\.txt:1: found '甲 NN O', which has more than two columns.*first and last column"),
        ("甲" * 100 + "\n", r"train\.txt:1: found '甲{80}'… \(100 characters\), which has no separator"),
        ("甲 B-x\n乙 I-x\n丙 Q-x\n", r"train\.txt:3: found the tag 'Q-x'; expected O or a tag like B-X, as elsewhere"),
        ("甲 B-x\n乙 x-I\n丙 x-I\n丁 x-I\n", r"train\.txt:1: found the tag 'B-x'; expected O or a tag like X-B"),
        ("甲 B-\n", r"train\.txt:1: found the tag 'B-'"),
        (
            "甲 B-x\n\n乙 O\n丙 I-x\n",
            r"train\.txt:4: found the tag 'I-x' after 'O'; expected O or B-x \(scheme BIO\); correct the tags",
        ),
        ("甲 I-x\n", r"train\.txt:1: found the tag 'I-x' after the beginning of the sentence; expected O or B-x"),
        ("甲 B-x\n乙 I-y\n", r"train\.txt:2: found the tag 'I-y' after 'B-x'; expected O or B-x or I-x \(scheme BIO\)"),
        (
            "甲 B-x\n乙 O\n丙 S-x\n",
            r"train\.txt:2: found the tag 'O' after 'B-x'; expected I-x or E-x \(scheme BIOES\)",
        ),
        (
            "甲 x_B\n\n乙 x_S\n",
            r"train\.txt:1: found the end of the sentence after 'x_B'; expected x_I or x_E \(scheme BIOES\)",
        ),
        (
            "甲 B-x\n乙 M-x\n丙 O\n丁 E-x\n",
            r"train\.txt:3: found the tag 'O' after 'M-x'; expected I-x or E-x \(scheme BIOE\)",
        ),
        ("患者无发热 O\n".encode("gb18030"), r"train\.txt:1: found the byte 0x.*looks like GBK/GB18030"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        documents(tmp_path, text)


def test_a_given_scheme_decides_what_is_legal(tmp_path: Path) -> None:
    text = "甲 B-x\n乙 O\n丙 B-x\n丁 E-x\n"
    assert contents(documents(tmp_path, text)) == [("甲乙丙丁", [(0, 1, "x"), (2, 4, "x")])]  # BIOE
    with pytest.raises(DataError, match=r":2: found the tag 'O' after 'B-x'; expected I-x or E-x \(scheme BIOES\)"):
        documents(tmp_path, text, scheme="BIOES")
    with pytest.raises(
        DataError, match=r":4: found the tag 'E-x' after 'B-x'; expected O or B-x or I-x \(scheme BIO\)"
    ):
        documents(tmp_path, text, scheme="BIO")


def test_a_given_dialect_decides_what_a_tag_says(tmp_path: Path) -> None:
    assert contents(documents(tmp_path, "甲 B-S\n")) == [("甲", [(0, 1, "S")])]
    assert contents(documents(tmp_path, "甲 B-S\n", dialect="X-B")) == [("甲", [(0, 1, "B")])]


def test_unknown_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Unknown tag scheme 'IOB'"):
        documents(tmp_path, "甲 O\n", scheme="IOB")
    with pytest.raises(ValueError, match="Unknown tag dialect 'X'"):
        documents(tmp_path, "甲 O\n", dialect="X")


def test_skipping_leaves_out_sentences_that_cannot_be_read_and_fragments_that_are_forbidden(tmp_path: Path) -> None:
    lines = ["甲 B-x\n乙\n\n", "丙 O\n丁 I-x\n戊 B-x\n\n", "己 ?-x\n\n", "庚 O\n", "\xff\n", "\n辛 B-x\n"]
    text = b"".join(line.encode("latin-1") if line[0] == "\xff" else line.encode() for line in lines)
    problems = Problems("skip")
    found = documents(tmp_path, text, problems=problems)
    assert contents(found) == [("丙丁戊", [(2, 3, "x")]), ("辛", [(0, 1, "x")])]
    assert [d.id for d in found] == ["train-2", "train-5"]
    assert [item.line for item in problems.items] == [2, 5, 8, 11]


def test_a_sentence_whose_last_line_is_damaged_is_left_out(tmp_path: Path) -> None:
    problems = Problems("skip")
    assert documents(tmp_path, "甲 O\n\n乙 O\n丙".encode()[:-1], problems=problems) == [
        Document("甲", (), "train-1", "train-1")
    ]
    assert [item.line for item in problems.items] == [4]


def test_a_file_is_read_as_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("甲 O\n\n" * 3 + "乙\n", encoding="utf-8")
    reader = read(path)
    assert [next(reader).text for _ in range(3)] == ["甲"] * 3
    with pytest.raises(DataError, match=r"a\.txt:7"):
        next(reader)


def test_an_empty_file_has_no_documents_and_a_missing_one_is_named(tmp_path: Path) -> None:
    assert documents(tmp_path, "") == [] == documents(tmp_path, "\n\n-DOCSTART- O\n\n")
    with pytest.raises(DataError, match=r"trian\.txt: found no such file.*train\.txt"):
        list(read(tmp_path / "trian.txt"))
