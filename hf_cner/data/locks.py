"""Locks of the operating system for files and folders that are written: two runs never write the same.

The lock is `filelock`'s, which a process loses at its end in any case: a dead process blocks nobody. The lock's file
holds the number of the process, for the error of a second process.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_OURS = "hf-cner"
_PATIENCE = 0.3  # seconds: the holder may remove a lock's file while another process opens it
_LONGEST = 200  # bytes of a name that gets a prefix and an ending; most file systems take 255
_OF_OLD_VERSIONS = re.compile(r"\.[0-9a-f]{32}\.tmp")
OLD = 24 * 3600  # seconds


class Held(ValueError):
    """Another run writes the same file or folder."""


def beside(path: Path, ending: str) -> Path:
    """A hidden name beside `path`, for files that are needed while it is written."""
    name = path.name
    if len(os.fsencode(name)) > _LONGEST:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return path.with_name(f".{name}.{ending}")


@contextmanager
def locked(*locks: Path, of: Path, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold locks while the block runs; their files are removed at its end.

    Args:
        locks: files of locks; their folders exist.
        of: the file or folder that is written, for the sentence.
        patience: seconds to wait for a lock.

    Raises:
        Held: another run, or another part of this one, holds a lock.
        OSError: the file of a lock cannot be written.
    """
    from filelock import FileLock, Timeout  # which takes a tenth of a second

    with ExitStack() as stack:
        taken: list[Path] = []
        for path in locks:
            lock = FileLock(path, timeout=patience, poll_interval=0.05)
            try:
                lock.acquire()
            except Timeout:
                _remove(taken)
                raise Held(_held(path, of)) from None
            stack.callback(lock.release)
            taken.append(path)
            with suppress(OSError):  # on Windows nobody writes into a file that is locked
                path.write_text(f"{_OURS} {os.getpid()}\n", encoding="utf-8")
        # Before any lock is released: else the file of a process that gets it next would be removed.
        stack.callback(_remove, taken)
        yield


def sweep(folder: Path) -> None:
    """Remove files in a folder that a killed process left, unless a living process holds them."""
    for entry in sorted(folder.glob(".*")):
        if entry.name.endswith(".lock") and _holder(entry) is not None:
            with suppress(Held, OSError), locked(entry, of=entry, patience=0):
                entry.with_name(f"{entry.name.removesuffix('.lock')}.tmp").unlink(missing_ok=True)
        elif _OF_OLD_VERSIONS.fullmatch(entry.name):
            with suppress(OSError):
                if entry.is_file() and time.time() - entry.stat().st_mtime > OLD:
                    entry.unlink()


def is_trace(name: str) -> bool:
    """Whether a file of this name may be a lock, or an unfinished file of a killed process."""
    return name.startswith(".") and name.endswith((".lock", ".tmp"))


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # on Windows not before it is released
            path.unlink()


def _holder(path: Path) -> str | None:
    """The number of the process that wrote into a lock's file; None if it is not ours."""
    try:
        with path.open("rb") as stream:
            ours, _, number = stream.read(64).decode("ascii", "replace").strip().partition(" ")
    except OSError:
        return None
    return number if ours == _OURS and number.isdigit() else None


def _held(path: Path, of: Path) -> str:
    number = _holder(path)
    who = f"process {number}" if number else "another process"
    if number == str(os.getpid()):
        who = f"this process ({number})"
    return f"{of} is being written by {who}; wait until it has ended, end it, or choose another name."
