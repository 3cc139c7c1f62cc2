"""Locks of the operating system on what is being written: two runs never write the same file or folder.

The lock is `filelock`'s, which a process loses when it ends, however it ends: a dead process blocks nobody. The lock's
file holds the number of the process, so that the second one can be told who is at work.
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
_PATIENCE = 0.3  # seconds: a lock's file may be removed by its holder in the moment in which it is opened
_LONGEST = 200  # bytes of a name that gets a prefix and an ending; most file systems take 255
_OF_OLD_VERSIONS = re.compile(r"\.[0-9a-f]{32}\.tmp")
OLD = 24 * 3600  # seconds


class Held(ValueError):
    """Another run writes the same file or folder."""


def beside(path: Path, ending: str) -> Path:
    """A hidden name next to `path`, for what belongs to it while it is written."""
    name = path.name
    if len(os.fsencode(name)) > _LONGEST:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return path.with_name(f".{name}.{ending}")


@contextmanager
def locked(*locks: Path, of: Path, patience: float = _PATIENCE) -> Iterator[None]:
    """Nobody else holds these locks while the block runs; their files are removed at its end.

    Args:
        locks: files of locks; their folders exist.
        of: what is written, for the sentence.
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
        # Before any of them is let go, or the file of somebody who got it meanwhile would be removed.
        stack.callback(_remove, taken)
        yield


def sweep(folder: Path) -> None:
    """Remove what writing of files left in a folder when it was killed: what no living process holds."""
    for entry in sorted(folder.glob(".*")):
        if entry.name.endswith(".lock") and _holder(entry) is not None:
            with suppress(Held, OSError), locked(entry, of=entry, patience=0):
                entry.with_name(f"{entry.name.removesuffix('.lock')}.tmp").unlink(missing_ok=True)
        elif _OF_OLD_VERSIONS.fullmatch(entry.name):
            with suppress(OSError):
                if entry.is_file() and time.time() - entry.stat().st_mtime > OLD:
                    entry.unlink()


def is_trace(name: str) -> bool:
    """Whether a file of this name may be a lock, or a file that was being written when its process was killed."""
    return name.startswith(".") and name.endswith((".lock", ".tmp"))


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # on Windows not before it is released
            path.unlink()


def _holder(path: Path) -> str | None:
    """The number of the process that wrote into a lock's file; None where it is none of ours."""
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
