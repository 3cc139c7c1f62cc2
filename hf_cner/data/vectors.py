"""Static vectors in word2vec's text format, as such files really come: header present, missing or wrong."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from .files import atomic_write, read_lines
from .problems import DataError, Problems


def read_word2vec(path: str | PathLike[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Tokens and their vectors `(count, size)`.

    The size is that of most lines. Of a token that occurs twice, the first vector counts. A header that disagrees with
    what follows is reported as a warning.

    Raises:
        DataError: a line of another size, something that is no finite number, or no vector at all.
    """
    lines = [(number, line) for number, line in read_lines(path, Problems()) if line.strip(" \n")]
    header = _header(lines[0][1]) if lines else None
    body = lines[1:] if header else lines
    if not body:
        raise DataError(f"{path}: found no vectors; expected lines of a token and its numbers; check the file.")
    size = header[1] if header else _size_of(body[0][1])
    if header and _size_of(body[0][1]) != size == _size_of(body[-1][1]) - 1:
        size = _size_of(body[0][1])
    rows: dict[str, NDArray[np.float32]] = {}
    for number, line in body:
        token, vector = _parse(path, number, line, size)
        rows.setdefault(token, vector)
    if header and header[0] != len(body):
        warnings.warn(f"{path}: the header announces {header[0]} vectors, and {len(body)} follow.", stacklevel=2)
    return list(rows), np.stack(list(rows.values()))


def write_word2vec(path: str | PathLike[str], tokens: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Write tokens and their vectors `(count, size)` with a header."""
    with atomic_write(path) as stream:
        stream.write(f"{len(tokens)} {vectors.shape[1]}\n")
        for token, vector in zip(tokens, vectors, strict=True):
            stream.write(f"{token} {' '.join(repr(float(value)) for value in vector)}\n")


def _header(line: str) -> tuple[int, int] | None:
    """Count and size, when the line is two whole numbers."""
    fields = line.split()
    if len(fields) == 2 and all(field.isascii() and field.isdigit() for field in fields):
        return int(fields[0]), int(fields[1])
    return None


def _size_of(line: str) -> int:
    return len(line.rstrip(" ").split(" ")) - 1


def _parse(path: str | PathLike[str], number: int, line: str, size: int) -> tuple[str, NDArray[np.float32]]:
    """The token is what stands before the last `size` numbers, so that it may be a blank itself."""
    fields = line.rstrip(" ").rsplit(" ", size)
    token = fields[0] or " "
    try:
        vector = np.array(fields[1:], dtype=np.float32)
    except ValueError:
        vector = np.empty(0, dtype=np.float32)
    inner = token.split(" ")[-1] if token != " " else ""
    if len(vector) != size or (token != inner and token.strip(" ") and _is_number(inner)):
        found = f"{_size_of(line)} numbers" if _all_numbers(line) else f"{line[:60]!r}"
        raise DataError(
            f"{path}:{number}: found {found}; expected a token and {size} numbers; correct or remove the line."
        )
    if not np.isfinite(vector).all():
        raise DataError(f"{path}:{number}: found a number that is not finite; expected finite numbers; remove the line.")
    return token, vector


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _all_numbers(line: str) -> bool:
    return all(_is_number(field) for field in line.rstrip(" ").split(" ")[1:])
