"""Faults of data, each in one sentence, which are raised or collected."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from os import PathLike, fspath

from .shown import clipped, printable

ON_ERROR = ("stop", "skip")
LONGEST_PART = 400  # characters of each part of a problem: a message holds no document
MOST_KEPT = 10_000  # problems that are kept; all are counted


class DataError(ValueError):
    """Data that cannot be read; the message names file, line, what was found and what to do."""


def is_panic(error: BaseException) -> bool:
    """Whether a library in Rust panicked: its error is no `Exception`, so ordinary handlers miss it."""
    return type(error).__name__ == "PanicException"


@dataclass(frozen=True)
class Problem:
    """One fault. `line` counts from 1; None for the whole file."""

    path: str
    line: int | None
    found: str
    expected: str
    advice: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        end = "" if self.advice.endswith("?") else "."
        return printable(f"{where}: found {self.found}; expected {self.expected}; {self.advice}{end}")


class Problems:
    """Raises the first problem (`on_error="stop"`) or collects all of them (`"skip"`).

    A reader that reports a problem leaves out the faulty item, and continues.

    Args:
        on_error: `stop` or `skip`.
        aloud: print notes to standard error at once, for a run that does not print them itself.

    Attributes:
        items: the first `MOST_KEPT` problems.
        count: number of problems.
        opened: the files that were opened while reading, as they were named.
        notes: by folder, which of its files were read and which were left out; these are no faults.
        of_many: by the key of a note on one file, what says the same of several files.
        unread: by file, what of it no document holds, and how often.
    """

    def __init__(self, on_error: str = "stop", *, aloud: bool = False) -> None:
        if on_error not in ON_ERROR:
            raise ValueError(f"on_error is {on_error!r}; choose one of {list(ON_ERROR)}.")
        self.on_error = on_error
        self.items: list[Problem] = []
        self.count = 0
        self.opened: set[str] = set()
        self.notes: dict[str, str] = {}
        self.of_many: dict[str, str] = {}
        self.unread: dict[str, Counter[str]] = {}
        self._aloud = aloud

    def note(self, folder: str | PathLike[str], sentence: str) -> None:
        """Keep a note about a folder; it replaces the note before, and an empty note removes it."""
        self.notes.pop(fspath(folder), None)
        if sentence:
            self.notes[fspath(folder)] = sentence
        if sentence and self._aloud:
            print(printable(sentence), file=sys.stderr)

    def report(self, path: str | PathLike[str], line: int | None, found: str, expected: str, advice: str) -> None:
        """Raise DataError, or note the problem and return."""
        found, expected, advice = (clipped(part, LONGEST_PART) for part in (found, expected, advice))
        problem = Problem(fspath(path), line, found, expected, advice)
        if self.on_error == "stop":
            raise DataError(str(problem))
        self.count += 1
        if len(self.items) < MOST_KEPT:
            self.items.append(problem)

    def listing(self) -> dict[str, list[str] | int]:
        """For results: `left_out`, a sentence for each kept problem, and `left_out_count`, the number of all."""
        return {"left_out": [str(item) for item in self.items], "left_out_count": self.count}

    def summary(self, most: int = 10) -> str:
        """The number of faulty items that were left out, and the first of them, one a line."""
        if not self.items:
            return "nothing left out"
        lines = [f"left out: {self.count}", *map(str, self.items[:most])]
        if self.count > most:
            lines.append(f"… and {self.count - most} more")
        return "\n".join(lines)
