"""Spellings of CoNLL files that have to be named: schemes, separators, columns; and the sentences that name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document
from hf_cner.data.formats.conll import read
from hf_cner.data.formats.tags import SCHEME_NAMES, from_iob1, is_iob1
from hf_cner.data.problems import DataError, Problems

IOB1 = "甲 I-x\n乙 I-x\n丙 B-x\n丁 I-x\n戊 I-y\n己 O\n\n庚 O\n辛 I-y\n"
CONLL2003 = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\n拒 VBZ B-VP O\n德国 JJ B-NP B-MISC\n人 NN I-NP I-MISC\n"


def contents(found: list[Document]) -> list[tuple[str, list[tuple[int, int, str]]]]:
    return [(document.text, [(s.start, s.end, s.type) for s in document.spans]) for document in found]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.conll"
    path.write_bytes(text.encode())
    return path


def test_iob1_is_named_and_converted(tmp_path: Path) -> None:
    path = written(tmp_path, IOB1)
    with pytest.raises(
        DataError, match=r"a\.conll:1: .*can be read as IOB1: if that .* say --input-scheme IOB1 \(every command"
    ):
        list(read(path))
    expected = [("甲乙丙丁戊己", [(0, 2, "x"), (2, 4, "x"), (4, 5, "y")]), ("庚辛", [(1, 2, "y")])]
    assert contents(list(read(path, scheme="IOB1"))) == expected == contents(list(read(path, scheme="iob1")))
    assert contents(read_corpus("conll", path, options={"scheme": "IOB1", "column": None})) == expected


def test_iob1_is_not_suggested_where_it_cannot_be(tmp_path: Path) -> None:
    path = written(tmp_path, "甲 B-x\n乙 O\n丙 I-x\n")
    with pytest.raises(
        DataError, match=r"correct the tags, or name their scheme with --input-scheme BIO, IOB2, IOB1, BIOE"
    ):
        list(read(path))
    with pytest.raises(DataError, match=r":2: found the tag 'E-x'"):
        list(read(written(tmp_path, "甲 I-x\n乙 E-x\n"), scheme="IOB1"))


def test_the_file_is_looked_through_once_however_many_faults_it_has(tmp_path: Path) -> None:
    path = written(tmp_path, "甲 I-x\n乙 O\n\n" * 2000)
    problems = Problems("skip")
    assert len(list(read(path, problems=problems))) == 2000 and len(problems.items) == 2000


def test_iob1_rules() -> None:
    tags = ["O", "I-x", "I-x", "B-x", "I-y", "O", "I-y"]
    assert is_iob1(tags) and from_iob1(tags) == ["O", "B-x", "I-x", "B-x", "B-y", "O", "B-y"]
    assert not is_iob1(["B-x"]) and not is_iob1(["I-x", "B-y"]) and not is_iob1(["I-x", "E-x"])
    assert from_iob1([]) == [] and is_iob1([])


@pytest.mark.parametrize("name", SCHEME_NAMES)
def test_other_names_of_schemes(tmp_path: Path, name: str) -> None:
    letter = {"BIO": "B", "IOB1": "I", "BIOE": "B", "BIOES": "S"}[SCHEME_NAMES[name]]
    assert contents(list(read(written(tmp_path, f"甲 {letter}-x\n乙 O\n"), scheme=name))) == [("甲乙", [(0, 1, "x")])]


@pytest.mark.parametrize("column", [4, -1])
def test_four_columns(tmp_path: Path, column: int) -> None:
    for mark in (" ", "\t", "  "):
        path = written(tmp_path, CONLL2003.replace(" ", mark))
        with pytest.raises(DataError, match=r":3: .*more than two columns.*with --input-column \(-1 is the last\)"):
            list(read(path))
        assert contents(list(read(path, column=column))) == [("EU拒德国人", [(0, 2, "ORG"), (3, 6, "MISC")])]
    assert contents(list(read(path, column=3)))[0][1] == [(0, 2, "NP"), (2, 3, "VP"), (3, 6, "NP")]


@pytest.mark.parametrize(("separator", "mark"), [("\t", "\t"), (",", ","), ("|", "|"), (None, " ")])
def test_columns_between_named_separators(tmp_path: Path, separator: str | None, mark: str) -> None:
    text = f"头{mark}N{mark}B-x\n{mark}{mark}N{mark}I-x\n痛{mark}N{mark}O\n"
    found = list(read(written(tmp_path, text), column=-1, separator=separator))
    assert contents(found) == [(f"头{mark}痛", [(0, 2, "x")])]


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    path = written(tmp_path, "甲 N O\n乙 O\n")
    with pytest.raises(DataError, match=r"a\.conll:2: found '乙 O', which has 2 columns"):
        list(read(path, column=3))
    with pytest.raises(ValueError, match="The tag's column is 1; give one from 2"):
        list(read(path, column=1))
    with pytest.raises(DataError, match="jsonl is read without 'scheme', which only conll can be told; leave it out"):
        read_corpus("jsonl", path, options={"scheme": "BIO", "column": 2})
