"""The target of a shard: written beside its name, which it takes when it is whole."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..data.writing import whole_file
from .source import filesystem

_BLOCK = 1 << 20


class Output(io.RawIOBase):
    """A file that is being written, with the hash of its content."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._digest = hashlib.sha256()
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._raw.write(data)
        self._digest.update(data)
        self._size += (size := memoryview(data).nbytes)
        return size

    def tell(self) -> int:
        return self._size

    def content(self) -> dict[str, str | int]:
        """SHA-256 and size of the content so far."""
        return {"sha256": self._digest.hexdigest(), "bytes": self._size}


@contextmanager
def written(path: str) -> Iterator[Output]:
    """A stream that becomes the file `path` if the block succeeds; otherwise there is no file of that name.

    On this machine the content is on the disk before the name. An object store shows only complete uploads.

    Raises:
        Held: another process writes the file.
        DataError, OSError: it cannot be written, in one sentence.
    """
    system, inner, local = filesystem(path)
    if local:
        with whole_file(inner) as temporary, temporary.open("xb") as raw:
            yield Output(raw)
            raw.flush()
            os.fsync(raw.fileno())
        _sync(Path(inner).parent)
        return
    name = PurePosixPath(inner)
    temporary_name = str(name.with_name(f".{name.name}.tmp"))
    system.makedirs(str(name.parent), exist_ok=True)
    try:
        with system.open(temporary_name, "wb") as raw:
            yield Output(raw)
        system.mv(temporary_name, inner)
    except BaseException:
        with suppress(Exception):  # the first error is the one to tell
            system.rm(temporary_name)
        raise


def content(path: str) -> dict[str, str | int] | None:
    """SHA-256 and size of a file; None if there is no file."""
    system, inner, _ = filesystem(path)
    found, size = hashlib.sha256(), 0
    try:
        with system.open(inner, "rb") as stream:
            while block := stream.read(_BLOCK):
                found.update(block)
                size += len(block)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return {"sha256": found.hexdigest(), "bytes": size}


def _sync(folder: Path) -> None:
    """Write the folder's names to the disk; some systems cannot."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
