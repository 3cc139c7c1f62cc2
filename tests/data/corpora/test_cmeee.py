"""CMeEE version 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner.data.corpora import read_corpus, splits
from hf_cner.data.documents import Span
from hf_cner.data.overlaps import Overlaps, count_overlaps
from hf_cner.data.problems import DataError, Problems

LINES = [
    "(1)小儿心肺复苏|||5    6    bod|||5    8    pro|||",
    "无特殊|||",
    "发热|||0    1    sym|||0    1    dis|||",
]


def write(tmp_path: Path, lines: list[str], name: str = "chip.train") -> Path:
    path = tmp_path / name
    path.write_bytes("\r\n".join(lines).encode())
    return path


def test_inclusive_ends_and_crlf(tmp_path: Path) -> None:
    write(tmp_path, [*LINES, "没有实体|||"])
    write(tmp_path, LINES[:1], "chip.dev")
    documents = read_corpus("cmeee", tmp_path)
    assert [d.id for d in documents] == [f"chip.train-{line}" for line in (1, 2, 3, 4)]
    assert [documents[0].mention(s) for s in documents[0].spans] == ["心肺", "心肺复苏"]
    assert set(documents[2].spans) == {Span(0, 2, "sym"), Span(0, 2, "dis")}
    assert documents[1].spans == documents[3].spans == ()
    assert splits("cmeee", tmp_path) == ("train", "validation")


@pytest.mark.parametrize("content", ["患者头痛3天。", "患 O\n者 O", "id,text\n1,头痛"])
def test_what_is_no_such_file_is_not_read_as_sentences_without_entities(tmp_path: Path, content: str) -> None:
    write(tmp_path, content.split("\n"))
    with pytest.raises(DataError, match=r"found a line without \|\|\|; expected text\|\|\| with its entries"):
        read_corpus("cmeee", tmp_path / "chip.train")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("1    0    sym", r"chip\.train:2: found offsets 1 to 0 \(sym\).*an inclusive end not before the start"),
        ("0    3    sym", r"chip\.train:2: found offsets 0 to 3.*inside the text of 3 characters"),
        ("0    1    xyz", r"chip\.train:2: found the type 'xyz'"),
        ("0    sym", r"chip\.train:2: found the entry '0    sym'; expected start, end and type"),
    ],
)
def test_faults(tmp_path: Path, entry: str, message: str) -> None:
    path = write(tmp_path, [LINES[0], f"无特殊|||{entry}|||0    0    ite|||", LINES[2]])
    with pytest.raises(DataError, match=message):
        read_corpus("cmeee", path)
    problems = Problems("skip")
    documents = read_corpus("cmeee", path, problems=problems)
    assert [len(d.spans) for d in documents] == [2, 1, 2] and len(problems.items) == 1


@pytest.mark.data
def test_published_training_part(data_dir: Path) -> None:
    """61,796 entities are written; two of them end before they begin, so 61,794 are read."""
    with pytest.raises(DataError, match=r"chip\.train:6052: .*offsets 16 to 15"):
        read_corpus("cmeee", data_dir / "cmeee")
    problems = Problems("skip")
    documents = read_corpus("cmeee", data_dir / "cmeee", problems=problems)
    assert len(documents) == 15000
    assert [item.line for item in problems.items] == [6052, 6422]
    assert sum(len(d.spans) for d in documents) + len(problems.items) == 61796
    assert sum((count_overlaps(d.spans) for d in documents), Overlaps()) == Overlaps(3645, 3, 33, 0)
