"""The source of a shard: a file or a part of it, on a disk or in a file system of fsspec."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from ..data.files import missing
from ..data.problems import DataError
from ..data.shown import printable

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Shard:
    """A piece of a corpus that is annotated whole or not at all.

    Args:
        path: a file, or a URL that fsspec knows, e.g. `s3://bucket/notes.parquet`.
        begin: its first byte; in JSON lines the begin of a line.
        end: the byte after its last; None is the end of the file.
        groups: the row groups of a Parquet file; None means all.
    """

    path: str
    begin: int = 0
    end: int | None = None
    groups: tuple[int, ...] | None = None

    def __str__(self) -> str:
        part = f" (bytes {self.begin:,} to {self.end:,})" if self.end is not None else ""
        return printable(f"{self.path}{part}")


def filesystem(path: str | os.PathLike[str]) -> tuple[AbstractFileSystem, str, bool]:
    """The file system of a path or URL, the path in it, and whether it is this machine's own.

    Raises:
        DataError: a protocol that fsspec does not know, or whose package is not installed.
    """
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    try:
        found, inner = url_to_fs(os.fspath(path))
    except (ValueError, ImportError) as error:
        raise DataError(
            f"{printable(os.fspath(path))}: found an address that cannot be opened ({printable(str(error))}); expected "
            "a path, or a URL of an installed file system; install its package."
        ) from error
    return found, inner, isinstance(found, LocalFileSystem)


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """The file, to be read as bytes.

    Raises:
        DataError: it does not exist, is a folder, or may not be read.
    """
    system, inner, local = filesystem(path)
    shown = printable(path)
    try:
        stream = system.open(inner, "rb")
    except FileNotFoundError as error:
        said = missing(Path(inner), "file") if local else f"{shown}: found no such file; expected one; check its name."
        raise DataError(said) from error
    except IsADirectoryError as error:
        raise DataError(f"{shown}: found a folder; expected one file; name a file in it.") from error
    except PermissionError as error:
        raise DataError(
            f"{shown}: found a file that may not be read; expected one that may; change its mode."
        ) from error
    # Streams of fsspec lack parts of a file's interface, such as the size of `readline`.
    with cast(IO[bytes], io.BufferedReader(stream, _BLOCK)) if not local else stream as whole:
        yield whole


def digest(shard: Shard, signature: str = "") -> str:
    """SHA-256 of the bytes of a shard and of its form's signature; its name and place do not count."""
    found = hashlib.sha256(signature.encode())
    with opened(shard.path) as stream:
        window = Range(stream, shard.begin, shard.end)
        while block := window.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


class Range(io.RawIOBase):
    """The bytes from `begin` to `end` of an open file, as a file of their own."""

    def __init__(self, stream: IO[bytes], begin: int, end: int | None) -> None:
        self._stream = stream
        self._left = None if end is None else end - begin
        stream.seek(begin)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view) if self._left is None else min(len(view), self._left))
        view[: len(data)] = data
        if self._left is not None:
            self._left -= len(data)
        return len(data)


def buffered(stream: IO[bytes], shard: Shard) -> IO[bytes]:
    """The bytes of a shard, to be read line by line."""
    return cast(IO[bytes], io.BufferedReader(Range(stream, shard.begin, shard.end), _BLOCK))
