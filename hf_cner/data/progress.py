"""Progress in a log: a line a minute, if standard error is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import timedelta

EVERY = 60.0  # seconds between two lines


def needs_lines() -> bool:
    """Whether standard error is a log: neither a terminal nor a notebook, which show bars."""
    return not sys.stderr.isatty() and "ipykernel" not in sys.modules


def left(seconds: float | None) -> str:
    """The remaining time, for people."""
    return "time left unknown" if seconds is None else f"{timedelta(seconds=round(seconds))} left"


class Minutely:
    """Prints a line to standard error when a minute has passed since the last line, or since the beginning."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, line: Callable[[], str]) -> None:
        """Print `line()` if it is time."""
        if (now := time.monotonic()) - self._told >= EVERY:
            self._told = now
            print(line(), file=sys.stderr, flush=True)


class LogLines:
    """Replaces a bar in a log; it has tqdm's methods.

    Args:
        label: name of the work.
        total: number of items, None if it is not known.
        unit: name of the items, in the plural.
        initial: how many were done before; they count neither for the rate nor for the time left.
    """

    def __init__(self, label: str, total: int | None, *, unit: str, initial: int = 0) -> None:
        self.n = initial
        self._label, self._total, self._unit, self._initial = label, total, unit, initial
        self._began = time.monotonic()
        self._say = Minutely()

    def update(self, number: int = 1) -> None:
        """Count items as done."""
        self.n += number
        self._say(self._line)

    def write(self, text: str) -> None:
        """Print another line."""
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """There is nothing to close."""

    def _line(self) -> str:
        rate = (self.n - self._initial) / max(1e-9, time.monotonic() - self._began)
        of = "" if self._total is None else f" of {self._total:,}"
        seconds = None if self._total is None or not rate else (self._total - self.n) / rate
        return f"{self._label}: {self.n:,}{of} {self._unit}, {rate:,.3g} {self._unit}/s, {left(seconds)}"
