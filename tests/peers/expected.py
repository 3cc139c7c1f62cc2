"""Every test of `make peers` that does not pass: patterns, what happens, and why."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

Outcome = Literal["passed", "failed", "skipped"]


class Row(NamedTuple):
    """Tests whose id (`file::class::test`) matches a pattern end so, for this reason."""

    pattern: str
    outcome: Outcome
    reason: str


EXPECTED: tuple[Row, ...] = ()


def expectation(test: str) -> tuple[Outcome, str]:
    """How a test ends, and why; the first row that matches counts, and what stands in none passes."""
    for row in EXPECTED:
        if fnmatchcase(test, row.pattern):
            return row.outcome, row.reason
    return "passed", "expected.py does not list it"
