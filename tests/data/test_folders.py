"""A folder is written whole, or not at all."""

from __future__ import annotations

import errno
from pathlib import Path, PurePosixPath

import pytest

from hf_cner.data.folders import new_folder, relative_files
from hf_cner.data.problems import DataError
from hf_cner.data.room import NotWritten


def writes(name: PurePosixPath) -> bool:
    return name.suffix == ".txt"


def fill(path: Path, content: str = "new", *, overwrite: bool = False) -> None:
    with new_folder(path, writes=writes, overwrite=overwrite) as folder:
        assert list(folder.iterdir()) == []
        (folder / "deep").mkdir()
        (folder / "deep" / "a.txt").write_text(content)


def test_it_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "far" / "out"
    with new_folder(target, writes=writes) as folder:
        (folder / "a.txt").touch()
        assert not target.exists()
    assert relative_files(target) == [PurePosixPath("a.txt")]
    assert list(target.parent.iterdir()) == [target], "nothing stays beside it"


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out")
    assert relative_files(tmp_path / "out") == [PurePosixPath("deep/a.txt")]


def test_after_an_error_everything_is_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    with (
        pytest.raises(OSError, match="no room"),
        new_folder(tmp_path / "out", writes=writes, overwrite=True) as folder,
    ):
        (folder / "b.txt").touch()
        raise OSError("no room")
    assert (tmp_path / "out" / "deep" / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_only_what_was_written_here_is_replaced(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    with pytest.raises(DataError, match=r"found an earlier result; .* --overwrite"):
        fill(tmp_path / "out")
    fill(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "deep" / "a.txt").read_text() == "new"
    (tmp_path / "out" / "deep" / "mine.doc").touch()
    with pytest.raises(DataError, match=r"found deep/mine\.doc, which was not written here"):
        fill(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "deep" / "mine.doc").exists()
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="found a file; expected a folder"):
        fill(tmp_path / "file", overwrite=True)


def test_a_full_disk_behind_a_library_s_error_is_a_sentence(tmp_path: Path) -> None:
    full = RuntimeError("generation failed")
    full.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    said = r"out could not be written \(No space left on device\); no folder was left"
    with pytest.raises(NotWritten, match=said), new_folder(tmp_path / "out", writes=writes):
        raise full
    assert not list(tmp_path.iterdir())
