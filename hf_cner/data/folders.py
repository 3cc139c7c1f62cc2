"""A folder that is written as a whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from .problems import DataError


@contextmanager
def new_folder(
    path: str | os.PathLike[str], *, writes: Callable[[PurePosixPath], bool], overwrite: bool = False
) -> Iterator[Path]:
    """An empty folder to write into, which takes the place of `path` when the block ends well.

    It stands beside `path` meanwhile; after an error `path` is as it was.

    Args:
        path: where the result shall stand; missing parents are made.
        writes: whether a file of this relative name is one that the caller writes. A folder that holds another file is
            never replaced, whatever is asked for.
        overwrite: replace an earlier result.

    Raises:
        DataError: `path` is a file, or a folder that may not be replaced.
    """
    target = Path(path).expanduser()
    _refuse(target, writes, overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        beside = Path(scratch) / "new"
        beside.mkdir()
        yield beside
        if target.exists():
            os.rename(target, Path(scratch) / "old")
        os.rename(beside, target)


def relative_files(folder: Path) -> list[PurePosixPath]:
    """Names of all files below a folder, relative to it, sorted."""
    return sorted(PurePosixPath(p.relative_to(folder).as_posix()) for p in folder.rglob("*") if p.is_file())


def _refuse(target: Path, writes: Callable[[PurePosixPath], bool], overwrite: bool) -> None:
    if target.exists() and not target.is_dir():
        raise DataError(f"{target}: found a file; expected a folder to be written; give another name.")
    there = relative_files(target) if target.is_dir() else []
    foreign = [name for name in there if not writes(name)]
    if foreign:
        found = f"found {foreign[0]}, which is not one of the files to be written"
        raise DataError(f"{target}: {found}; expected a new folder; choose another.")
    if there and not overwrite:
        found = "found an earlier result"
        raise DataError(f"{target}: {found}; expected a new folder; choose another, or replace it by --overwrite.")
