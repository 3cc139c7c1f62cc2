"""Bytes of files from outside, with bounds: on a line, on a file that is read whole, and on unpacked gzip data.

A packed file of 190 kB can unpack to 200 MB, and to any size in layers. So packed data are refused if they unpack to
more than `TAME` bytes and more than `RATIO` times their size (the ratio is 3 to 20 for text, 50 for repeated text), and
no unbounded data are held in memory. The bounds are constants: a larger trusted file can be unpacked or split.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from typing import IO, cast

from .problems import DataError

LONGEST_LINE = 16 << 20  # bytes: of a line, and of a file that is one document; about 5.6 million Chinese characters
LARGEST_FILE = 512 << 20  # bytes: of a file that is read as a whole, such as a JSON array
TAME = 16 << 20
RATIO = 100
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)  # the errors of reading damaged gzip data
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


class LongLine(int):
    """The number of bytes of a line that is longer than `LONGEST_LINE`, in its place."""


class _Counted:
    """Packed data that count the bytes that were read."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        return data


class BoundedReader:
    """Reads an open file or pipe, recognises gzip by the content, and counts the unpacked bytes.

    Args:
        stream: opened in binary mode, at its beginning; a pipe as well.
        name: for messages.
    """

    def __init__(self, stream: IO[bytes], name: str | os.PathLike[str]) -> None:
        self._name = os.fspath(name)
        self._read = 0
        self._packed: _Counted | None = None
        begin = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, stream))
        self._stream = cast(IO[bytes], begin)
        if begin.peek(len(_GZIP)).startswith(_GZIP):  # a pipe cannot seek
            self._packed = _Counted(begin)
            self._stream = cast(IO[bytes], gzip.GzipFile(fileobj=cast(IO[bytes], self._packed)))

    def whole(self, most: int) -> bytes:
        """Everything.

        Raises:
            DataError: more than `most` bytes, or packed data that unpack to too much.
            EOFError, zlib.error, gzip.BadGzipFile: damaged data, see `BROKEN`.
        """
        chunks: list[bytes] = []
        while data := self._stream.read(_CHUNK):
            chunks.append(data)
            self._count(len(data))
            if self._read > most:
                raise DataError(
                    f"{self._name}: found more than {most:,} bytes; expected at most that many in a file that is read "
                    "as a whole; split it, or give JSON lines."
                )
        return b"".join(chunks)

    def lines(self) -> Iterator[bytes | LongLine]:
        """The lines with their ends; in place of a line that is too long, its length. Raises as `whole`."""
        while data := self._stream.readline(LONGEST_LINE + 1):
            self._count(len(data))
            if len(data) <= LONGEST_LINE or data.endswith(b"\n"):
                yield data
                continue
            length = len(data)
            while not data.endswith(b"\n") and (data := self._stream.readline(_CHUNK)):
                self._count(len(data))
                length += len(data)
            yield LongLine(length)

    def _count(self, size: int) -> None:
        self._read += size
        packed = 0 if self._packed is None else self._packed.count
        if packed and self._read > max(TAME, RATIO * packed):
            raise DataError(
                f"{self._name}: found {packed:,} bytes of gzip data that unpack to more than "
                f"{self._read:,}; expected at most {RATIO} times as many; if you trust the file, unpack it first."
            )
