"""Paths of open streams, pipes and devices, which are written to, never replaced."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_OPEN_FILES = re.compile(r"/dev/fd|/proc/(\d+|self|thread-self)(/task/\d+)?/fd")
_LINKS = 40  # in one path, as in Linux


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether a path is an open stream (`-`, `/dev/stdout`, `/dev/fd/3`), a pipe, a socket or a device."""
    if _open_file(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def opened_stream(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """The stream, for writing; the present content of its file is kept.

    Raises:
        OSError: it is not open, or not for writing.
    """
    place = _open_file(path)
    if isinstance(place, int):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # earlier output comes first
        descriptor = os.dup(place)
    elif place is not None:  # the file of another process
        descriptor = os.open(place, os.O_WRONLY | os.O_APPEND)
    else:
        descriptor = os.open(path, os.O_WRONLY)
    with os.fdopen(descriptor, "wb") as stream:
        if not _writable(descriptor):
            raise OSError(errno.EBADF, f"{path} is not open for writing; name another file")
        yield stream


def _open_file(path: str | os.PathLike[str]) -> int | str | None:
    """The number of an open file of this process, or the path of another process's; None for any other path."""
    name = os.fspath(path)
    if name == "-":
        return 1
    for _ in range(_LINKS):
        folder = os.path.dirname(os.path.abspath(name))
        last = os.path.basename(name)
        there = os.path.realpath(folder)
        if last.isdigit() and (_OPEN_FILES.fullmatch(folder) or _OPEN_FILES.fullmatch(there)):
            match = re.match(r"/proc/(\d+)", there)
            own = match is None or int(match[1]) == os.getpid()
            return int(last) if own else os.path.join(there, last)
        try:
            name = os.path.join(folder, os.readlink(name))
        except (OSError, ValueError):
            return None
    return None


def _writable(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows reports it in writing
        return True
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
