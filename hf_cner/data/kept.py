"""A folder that keeps its old content until the new content is whole, and has a list of its own files.

**Own files.** `.hf-cner.json` in the folder lists what was written into it, with a digest of each file that is
written once. A file that is not in the list, or has other content, is somebody else's. A folder of a version that wrote
no list is known by its kind: by its usual names, and by a file that no other program writes. A folder with somebody
else's file is refused and not changed.

**How a folder is replaced.** The new content is made in `.NAME.new` beside it. It takes the name in one step if the
system can exchange two names (Linux, macOS); else in two steps, and after a kill the next run undoes the first. The
folder is always the old or the new one.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .digests import file_digest
from .locks import beside, is_trace
from .models import LIST, read_list
from .problems import DataError
from .writing import atomic_write

LOCK = ".hf-cner.lock"
NOBODYS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "lost+found", LIST, LOCK})
_HERE = -100  # AT_FDCWD: names are relative to the current folder
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS


@dataclass(frozen=True)
class Kind:
    """The files of one kind of folder.

    Args:
        begun: whether a folder without a list is of this kind, by a file that no other program writes.
        written: whether a file of this name belongs to such a folder.
        changing: whether a file belongs to it by its name alone, because it is written repeatedly.
    """

    begun: Callable[[Path], bool]
    written: Callable[[Path, PurePosixPath], bool]
    changing: Callable[[Path, PurePosixPath], bool] = lambda folder, name: False


def foreign_file(folder: Path, kind: Kind) -> PurePosixPath | None:
    """The first file or link in a folder that is somebody else's; None without such a file or without a folder."""
    if not folder.is_dir():
        return None
    listed = read_list(folder)
    mine = listed is not None or kind.begun(folder)
    for name in _all(folder):
        if name.name in NOBODYS or is_trace(name.name):
            continue
        if mine and kind.changing(folder, name):
            continue
        if listed is None:
            if not (mine and kind.written(folder, name)):
                return name
        elif str(name) not in listed or listed[str(name)] not in ("", digest(folder / name)):
            return name
    return None


def refuse_foreign(folder: Path, kind: Kind) -> None:
    """Raise DataError if a folder holds somebody else's file."""
    if (name := foreign_file(folder, kind)) is not None:
        listed = str(name) in (read_list(folder) or {})
        what = "which was changed since it was written" if listed else "which was not written here"
        raise DataError(
            f"{folder}: found {name}, {what}; expected a new or empty folder, or an earlier result alone; choose "
            "another folder, or move that file away."
        )


def add_to_list(folder: Path, files: Iterable[str], *, source: Path | None = None, kind: Kind | None = None) -> None:
    """List files as this package's own, before they get their names.

    Args:
        files: their names relative to the folder.
        source: the folder that holds their content; without it they are known by name alone.
        kind: of a folder without a list: its present files are added to the list.
    """
    listed = read_list(folder)
    if listed is None:
        old = kind is not None and folder.is_dir() and kind.begun(folder)
        names = [name for name in _all(folder) if name.name not in NOBODYS] if old else []
        listed = {str(name): digest(folder / name) for name in names if kind is not None and kind.written(folder, name)}
    listed |= {name: digest(source / name) if source is not None else "" for name in files}
    with atomic_write(folder / LIST) as stream:
        json.dump({"about": "Files that hf-cner wrote here.", "files": listed}, stream, ensure_ascii=False, indent=1)
        stream.write("\n")


def digest(path: Path) -> str:
    """SHA-256 of a file's content; for a link a value that no file can have."""
    return "link" if path.is_symlink() else file_digest(path)


def replace_folder(new: Path, target: Path, kind: Kind) -> Path | None:
    """Give the folder `new` the name `target`, and remove the old folder.

    Returns:
        The new place of the old folder, if somebody put a file into it meanwhile; None if it was removed.
    """
    if target.is_dir() and all(path.name in NOBODYS for path in target.iterdir()):
        for path in target.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        target.rmdir()
    if not target.exists():
        os.rename(new, target)
        return None
    shutil.copymode(target, new)
    old = new
    if not _exchanged(new, target):
        old = beside(target, "old")
        os.rename(target, old)
        os.rename(new, target)
    if foreign_file(old, kind) is None:
        shutil.rmtree(old)
        return None
    number = next(n for n in range(1, 10**6) if not target.with_name(f"{target.name}.before-{n}").exists())
    kept = target.with_name(f"{target.name}.before-{number}")
    os.rename(old, kept)
    return kept


def recover(target: Path) -> None:
    """Undo the first step of a replacement that was killed after it."""
    old = beside(target, "old")
    if old.is_dir() and not target.exists():
        os.rename(old, target)


def cannot_be_replaced(target: Path) -> str | None:
    """Why a folder cannot be replaced, in words; None if it can."""
    if os.path.ismount(target):
        return "it is a mount point"
    if not os.access(target.parent, os.W_OK):
        return f"nothing can be written into {target.parent}"
    return None


def _all(folder: Path) -> list[PurePosixPath]:
    """Every file and link below a folder, relative to it; links are not followed."""
    found = []
    for root, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        found += [PurePosixPath(Path(root, name).relative_to(folder).as_posix()) for name in [*files, *links]]
    return sorted(found)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange the names of two folders in one step; returns whether the system could."""
    here, there = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return int(library.renamex_np(here, there, _EXCHANGE)) == 0
        return int(library.renameat2(_HERE, here, _HERE, there, _EXCHANGE)) == 0
    except (OSError, AttributeError, TypeError):  # another system, or an old C library
        return False
