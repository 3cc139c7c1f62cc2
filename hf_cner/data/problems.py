"""What is wrong with somebody's data, said in one sentence, and either raised or collected."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from os import PathLike, fspath

from .shown import clipped, printable

ON_ERROR = ("stop", "skip")
LONGEST_PART = 400  # characters of each part of a problem: a message holds no document


class DataError(ValueError):
    """Data that cannot be read as it stands; the message names file, line, what was found and what to do."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `line` counts from 1; None when the whole file is meant."""

    path: str
    line: int | None
    found: str
    expected: str
    advice: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return printable(f"{where}: found {self.found}; expected {self.expected}; {self.advice}.")


class Problems:
    """Raises the first problem (`on_error="stop"`) or collects all of them (`"skip"`).

    Whoever reports a problem leaves out the thing it is about and reads on.

    Args:
        on_error: `stop` or `skip`.
        aloud: print notes to standard error as they come, for a run that does not say them itself.

    Attributes:
        items: what was reported.
        opened: the files that were opened while reading, as they were named.
        notes: by folder, which of its files were read and which were left out; no faults, but worth saying.
    """

    def __init__(self, on_error: str = "stop", *, aloud: bool = False) -> None:
        if on_error not in ON_ERROR:
            raise ValueError(f"on_error is {on_error!r}; choose one of {list(ON_ERROR)}.")
        self.on_error = on_error
        self.items: list[Problem] = []
        self.opened: set[str] = set()
        self.notes: dict[str, str] = {}
        self._aloud = aloud

    def note(self, folder: str | PathLike[str], sentence: str) -> None:
        """Keep what is to be said of a folder; it takes the place of what was said before, an empty one removes it."""
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
        self.items.append(problem)

    def summary(self, most: int = 10) -> str:
        """How many things were left out, and the first of them, one a line."""
        if not self.items:
            return "nothing left out"
        lines = [f"left out: {len(self.items)}", *map(str, self.items[:most])]
        if len(self.items) > most:
            lines.append(f"… and {len(self.items) - most} more")
        return "\n".join(lines)
