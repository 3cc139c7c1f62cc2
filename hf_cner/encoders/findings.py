"""What was found while a published encoder was read: printed, written beside results, and put on the page."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Findings:
    """What a published encoder held, and what became of it. Names of files stand without their folder.

    `renamed`, `settings` and `warnings` are sentences; `dropped` holds names of weights, `ignored` what stood beside
    the weights in their file.
    """

    source: str
    model_type: str = ""
    weights: str = ""
    vocabulary: str = ""
    renamed: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, object]:
        """As plain data, without what is empty; dropped weights are grouped by part, `said` are the lines."""
        whole = {**asdict(self), "dropped": grouped(self.dropped), "said": self.lines()}
        return {name: value for name, value in whole.items() if value}

    def lines(self) -> list[str]:
        """The lines for a terminal."""
        found = [f"encoder: {self.model_type}, weights from {self.weights}, vocabulary from {self.vocabulary}"]
        found += [f"encoder: {sentence}" for sentence in (*self.settings, *self.renamed)]
        if self.dropped:
            found.append(f"encoder: not used: {', '.join(grouped(self.dropped))}")
        if self.ignored:
            found.append(f"encoder: beside the weights, not used: {', '.join(self.ignored)}")
        return found + [f"warning: {sentence}" for sentence in self.warnings]


def say(found: Mapping[str, Any] | None, *, quiet: bool) -> None:
    """Print the result of `to_dict` to standard error; in a quiet run only the warnings."""
    for line in (found or {}).get("said", []):
        if not quiet or line.startswith("warning"):
            print(line, file=sys.stderr)


def grouped(names: Iterable[str]) -> list[str]:
    """`["cls.predictions (5 weights)", "pooler (2 weights)"]`: names of weights by the part that they belong to."""
    counts = Counter(_part(name) for name in names)
    return [f"{part} ({count} weight{'s' if count > 1 else ''})" for part, count in sorted(counts.items())]


def _part(name: str) -> str:
    """The first two pieces of a name, without the last, which says which tensor of a layer it is."""
    pieces = name.split(".")
    return ".".join(pieces[: max(1, min(2, len(pieces) - 1))])


def first_of(names: Iterable[str], most: int = 3) -> str:
    """`a, b, c and 9 more`."""
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
