"""Static vectors in word2vec's text format; the header may be missing or wrong.

A line is a token, a blank and the numbers. Only a newline ends a line, so that a blank, U+3000 or U+2028 can be a token
like any other character.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from os import PathLike
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .files import read_lines
from .problems import DataError, Problems
from .shown import brief
from .writing import atomic_write

_HEADER = re.compile(r"([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t]*")
_SAMPLE = 10  # lines from which size and separator are detected

Line = tuple[int, str]
Vector = NDArray[np.float32]


class _Layout(NamedTuple):
    announced: tuple[int, int] | None  # count and size in the header
    size: int
    separator: str


def read_word2vec(
    path: str | PathLike[str], *, keep: Callable[[str], bool] | None = None, problems: Problems | None = None
) -> tuple[list[str], Vector]:
    """Tokens and their vectors `(count, size)`, in the order of the file.

    A missing header is no fault; a wrong header gives a warning, and so do repeated tokens, of which the first vector
    counts.

    Args:
        path: the file, gzip'd or not.
        keep: whether a token is wanted; the others are counted, but neither parsed nor held in memory.
        problems: collects lines that are left out; without it the first such line raises.

    Raises:
        DataError: a line with more or fewer numbers than the others, or a value that is no finite number; or no vector
            at all.
    """
    problems = problems or Problems()
    lines = _not_empty(read_lines(path, problems))
    head = list(islice(lines, _SAMPLE + 1))
    layout = _layout(head)
    body = chain(head[1:] if layout.announced else head, lines)
    rows: dict[str, Vector] = {}
    count, again = 0, Counter[str]()
    with np.errstate(over="ignore"):  # numbers beyond float32 become infinite, and are reported as such
        for number, line in body:
            count += 1
            parsed = _parse(path, number, line, layout, keep, problems)
            if parsed is None:
                continue
            token, vector = parsed
            again.update([token] if token in rows else [])
            rows.setdefault(token, vector)
    if not count:
        raise DataError(f"{path}: found no vector; expected lines of a token and its numbers; check the file.")
    _warn(path, layout, count, again)
    return list(rows), np.stack(list(rows.values())) if rows else np.empty((0, layout.size), dtype=np.float32)


def _not_empty(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines that are not empty. A newline as a token gives an empty line and a line that begins with the separator."""
    newline = False
    for number, line in lines:
        if line:
            yield number, f"\n{line}" if newline and line[0] in " \t" else line
        newline = not line


def _layout(head: Sequence[Line]) -> _Layout:
    first = _HEADER.fullmatch(head[0][1]) if head else None
    announced = (int(first[1]), int(first[2])) if first else None
    sample = [line for _, line in head[1 if announced else 0 :]]
    separator = "\t" if sum(line.count("\t") - line.count(" ") for line in sample) > 0 else " "
    sizes = Counter(_numbers(line, separator) for line in sample)
    if announced and set(sizes) == {1} != {announced[1]}:  # vectors of one number: the first line is such a vector
        return _Layout(None, 1, separator)
    size = sizes.most_common(1)[0][0] if sizes else 0
    return _Layout(announced, announced[1] if announced and announced[1] in sizes else size, separator)


def _numbers(line: str, separator: str) -> int:
    """How many numbers are at the end of a line, without the first column."""
    fields = line.rstrip(separator).split(separator)[1:]
    return next((count for count, field in enumerate(reversed(fields)) if not _is_number(field)), len(fields))


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _parse(
    path: str | PathLike[str],
    number: int,
    line: str,
    layout: _Layout,
    keep: Callable[[str], bool] | None,
    problems: Problems,
) -> tuple[str, Vector] | None:
    """Token and vector; None if the token is not wanted, or the line is reported."""
    size, separator = layout.size, layout.separator
    # The token is the text before the last numbers, so it may be the separator itself.
    token, *fields = line.rstrip(separator).rsplit(separator, size)
    expected, advice = f"a token and {size} numbers", "correct or remove the line"
    if len(fields) < size or (separator in token and _is_number(token.rsplit(separator, 1)[1])):
        problems.report(path, number, f"{_numbers(line, separator)} numbers", expected, advice)
        return None
    if not token:
        problems.report(path, number, "no token before the numbers", expected, advice)
        return None
    if keep is not None and not keep(token):
        return None
    try:
        vector = np.array([float(field) for field in fields], dtype=np.float32)
    except ValueError:
        wrong = next(field for field in fields if not _is_number(field))
        problems.report(path, number, f"a field that is no number ({brief(wrong)})", expected, advice)
        return None
    if not np.isfinite(vector).all():
        worst = fields[int(np.argmin(np.isfinite(vector)))]
        problems.report(path, number, f"the number {brief(worst)[1:-1]}", "finite numbers of 32 bits", advice)
        return None
    return token, vector


def _warn(path: str | PathLike[str], layout: _Layout, count: int, again: Counter[str]) -> None:
    if layout.announced and layout.announced != (count, layout.size):
        announced = f"{layout.announced[0]} vectors of size {layout.announced[1]}"
        text = (
            f"{path}: the header announces {announced}, and {count} of size {layout.size} follow; all of them are read."
        )
        warnings.warn(text, stacklevel=3)
    if again:
        names = ", ".join(brief(token) for token in islice(again, 5))
        text = f"{path}: {len(again)} tokens occur more than once ({names}); of each the first vector counts."
        warnings.warn(text, stacklevel=3)


def write_word2vec(path: str | PathLike[str], tokens: Sequence[str], vectors: NDArray[np.floating]) -> None:
    """Write tokens and their vectors `(count, size)`, with a header; `read_word2vec` gives back the same float32.

    The file takes its name when it is whole.

    Raises:
        ValueError: shapes that do not agree, numbers that are not finite, or tokens that the format cannot hold.
    """
    values = np.asarray(vectors, dtype=np.float32)
    if values.ndim != 2 or len(values) != len(tokens) or not values.size:
        raise ValueError(f"{len(tokens)} tokens need vectors of shape ({len(tokens)}, size), not {values.shape}.")
    if not np.isfinite(values).all():
        token = tokens[int(np.argmin(np.isfinite(values).all(axis=1)))]
        raise ValueError(f"The vector of {token!r} has a number that is not finite in 32 bits.")
    for token, count in Counter(tokens).items():
        if count > 1 or not token or "\n" in token or (" " in token and token != " "):
            raise ValueError(
                f"The token {token!r} occurs {count} times; word2vec's text format holds a token once, and none "
                "that is empty or has a line end or an inner blank."
            )
    with atomic_write(path) as stream:
        stream.write(f"{len(values)} {values.shape[1]}\n")
        for token, row in zip(tokens, values, strict=True):
            stream.write(f"{token} {' '.join(row.astype(str))}\n")  # shortest texts
