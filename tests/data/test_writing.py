"""Which files may be written, and what two writers and a killed one leave."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from hf_cner.data.folders import refuse_inputs
from hf_cner.data.locks import Held, beside, locked
from hf_cner.data.problems import DataError
from hf_cner.data.streams import is_stream
from hf_cner.data.writing import atomic_write, check_output


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    (tmp_path / "notes" / "deep").mkdir(parents=True)
    for name in ("a.txt", "deep/b.txt"):
        (tmp_path / "notes" / name).write_text(name, encoding="utf-8")
    return tmp_path / "notes"


def test_a_file_of_a_folder_that_is_read_is_an_input(notes: Path) -> None:
    (notes / "loop").symlink_to(notes)
    (notes.parent / "other").mkdir()
    (notes.parent / "other" / "c.txt").write_text("c", encoding="utf-8")
    (notes / "linked").symlink_to(notes.parent / "other")
    check_output(notes / "new.jsonl", inputs=(notes, None, "bert-base-chinese", ""))
    for name in ("a.txt", "deep/b.txt", "linked/c.txt", "../other/c.txt"):
        with pytest.raises(DataError, match=r"found (a file that is also read|another name of .*, which is read)"):
            check_output(notes / name, inputs=(notes,))


def test_a_path_through_a_missing_folder_is_the_file_that_would_be_written(notes: Path) -> None:
    for name in ("missing/../a.txt", "missing/deeper/../../deep/b.txt"):
        for inputs in ((notes,), (notes / "a.txt", notes / "deep" / "b.txt")):
            with pytest.raises(DataError, match="found a file that is also read"):
                check_output(notes / name, inputs=inputs)
    with pytest.raises(DataError, match="found a folder that is also read"):
        refuse_inputs(notes / "missing" / ".." / "deep", [notes / "deep"])


def test_of_a_model_only_its_own_files_are_inputs(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "tokenizer.json", "crf.py", "evaluation.json", "README.md"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    for name in ("config.json", "model.safetensors", "tokenizer.json", "crf.py"):
        with pytest.raises(DataError, match=r"found a (file that is also read|name that ends in)"):
            check_output(tmp_path / name, models=(str(tmp_path),))
    check_output(tmp_path / "evaluation.json", models=(str(tmp_path),))
    check_output(tmp_path / "README.md", models=(str(tmp_path),))


@pytest.mark.parametrize("mode", [0o444, 0o400])
def test_a_file_that_may_not_be_written_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    path.chmod(mode)
    for write in (check_output, lambda name: atomic_write(name).__enter__()):
        with pytest.raises(DataError, match=r"a\.txt: found a file that may not be written; expected one that may"):
            write(path)
    assert path.read_text(encoding="utf-8") == "old" and stat.S_IMODE(path.stat().st_mode) == mode


def test_two_writers_of_one_file(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.txt") as stream:
        stream.write("first")
        with (
            pytest.raises(Held, match=rf"a\.txt is being written by this process \({os.getpid()}\)"),
            atomic_write(tmp_path / "a.txt"),
        ):
            raise AssertionError("nothing is written")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "first" and os.listdir(tmp_path) == ["a.txt"]


def test_locks_are_taken_together_or_not_at_all(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with locked(two, of=two):
        with pytest.raises(Held), locked(one, two, of=one):
            raise AssertionError("it is held")
        assert not one.exists() and two.exists()
        with locked(one, of=one):
            assert one.read_text() == f"hf-cner {os.getpid()}\n"
    assert os.listdir(tmp_path) == []


def test_names_beside_are_never_too_long(tmp_path: Path) -> None:
    name = "患" * 84 + ".t"
    with atomic_write(tmp_path / name) as stream:
        stream.write("x")
    assert os.listdir(tmp_path) == [name] and len(os.fsencode(beside(tmp_path / name, "lock").name)) < 255


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names")
def test_streams(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "out").symlink_to("/dev/stdout")
    (tmp_path / "1").write_text("x")
    for name in ("-", "/dev/stdout", "/dev/stderr", "/dev/fd/1", "/dev/null", tmp_path / "pipe.csv", tmp_path / "out"):
        assert is_stream(name), name
    for name in (tmp_path, tmp_path / "1", tmp_path / "new", "out\0", "/dev/fd", "/dev/fd/x"):
        assert not is_stream(name), name


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx", "a.ann", "a.docx", "a.PDF", "a.parquet.gz"])
def test_a_name_that_promises_another_form(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is not a form that can be written here; expected the ending of a text file"):
        check_output(tmp_path / name)
    with pytest.raises(DataError, match=r"expected one of \.json, \.txt; choose another name"):
        check_output(tmp_path / "a.csv", endings=(".json", ".txt"))
    check_output(tmp_path / "a.v2", endings=())
