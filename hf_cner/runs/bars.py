"""The progress of steps and trials on standard error: a bar, or lines in a log."""

from __future__ import annotations

import sys
from typing import Protocol

from tqdm.auto import tqdm  # type: ignore[import-untyped]

from ..data.progress import LogLines, needs_lines


class Bar(Protocol):
    """A bar of progress."""

    n: int

    def update(self, number: int = 1) -> object:
        """Count steps as done."""

    def write(self, text: str) -> None:
        """Print a line beside the bar."""

    def close(self) -> None:
        """End its line."""


class _TqdmBar(tqdm):
    def write(self, text: str) -> None:
        tqdm.write(text, file=sys.stderr)


def bar_of(label: str, total: int, *, unit: str, initial: int = 0) -> Bar:
    """A bar that begins at `initial`; or lines, if standard error is no terminal. `unit` is a plural."""
    if needs_lines():
        return LogLines(label, total, unit=unit, initial=initial)
    return _TqdmBar(total=total, initial=initial, unit=unit.removesuffix("s"), desc=label)
