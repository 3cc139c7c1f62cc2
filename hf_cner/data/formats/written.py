"""The report on documents in a format that may not hold everything."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from ..documents import Document, Span

_FILE = re.compile(r"[\w-][\w.-]{0,80}")


def file_name(document: Document, number: int, taken: set[str]) -> str:
    """What the files of a document in a folder are called: its id or, where that is no name, its number."""
    name = document.id if _FILE.fullmatch(document.id) and document.id.lower() not in taken else ""
    while not name or name.lower() in taken:
        name = f"{number:06}{'-' * bool(name)}{name}"
    taken.add(name.lower())
    return name


class Lost(NamedTuple):
    """An entity that the format cannot hold: the document's id, the span, its characters, and the reason."""

    document: str
    span: Span
    mention: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.document}: {self.mention!r} ({self.span.start}, {self.span.end}, {self.span.type}): {self.reason}"
        )


@dataclass(slots=True)
class Written:
    """A report of what was written.

    Attributes:
        documents: number of documents.
        entities: number of their entities.
        lost: the entities that are not in the file.
        notes: what else is not in the file, and how often.
        beside: other files that were written, and what they are for.
    """

    documents: int = 0
    entities: int = 0
    lost: list[Lost] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    beside: list[str] = field(default_factory=list)

    def note(self, what: str, times: int) -> None:
        """Count something else that is not in the file."""
        if times:
            self.notes[what] += times

    @property
    def lost_by_reason(self) -> Counter[str]:
        """Numbers of lost entities."""
        return Counter(item.reason for item in self.lost)

    def to_dict(self) -> dict[str, object]:
        """As plain data, `lost` with each entity."""
        lost = [
            {"document": item.document, "start": item.span.start, "end": item.span.end, "type": item.span.type}
            | {"text": item.mention, "reason": item.reason}
            for item in self.lost
        ]
        return {"documents": self.documents, "entities": self.entities, "lost": lost, "notes": dict(self.notes)}

    def summary(self, most: int = 10) -> str:
        """Written and lost entities in a sentence, then the first lost ones, one a line."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.lost_by_reason.items()))
        lost = f", {len(self.lost)} of them lost ({reasons})" if self.lost else ", none lost"
        lines = [f"{self.documents} documents, {self.entities} entities{lost}"]
        lines += [f"{note}: {count}" for note, count in sorted(self.notes.items())]
        lines += [f"written beside: {file}" for file in self.beside]
        lines += [f"lost: {item}" for item in self.lost[:most]]
        if len(self.lost) > most:
            lines.append(f"… and {len(self.lost) - most} more")
        return "\n".join(lines)
