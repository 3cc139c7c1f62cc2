"""The package's own exchange format: one JSON object per line, which holds every document whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike

from ..documents import Document, Gold, read_jsonl, write_jsonl
from ..endings import JSON, JSON_LINES
from ..problems import Problems
from .written import Written

NAME = "jsonl"
DESCRIPTION = "JSON lines, one document per line: text, entities (start, end, type), id, record; nothing is lost."
LAYOUT = "*.jsonl, one object per line with text and entities (start, end exclusive, type)"
EXAMPLE = {
    "notes.jsonl": '{"id": "a", "record": "r", "text": "患者头痛，查胸部CT。", '
    '"entities": [{"start": 2, "end": 4, "type": "症状", "text": "头痛", "score": 0.5}]}\n'
}
ENDINGS = JSON_LINES
PATTERNS = tuple(f"*{ending}" for ending in ENDINGS)
WRITTEN_AS = (*JSON_LINES, JSON, ".txt")


def read(path: str | PathLike[str], *, problems: Problems | None = None, gold: Gold = "required") -> Iterator[Document]:
    """Documents of a file with their gold, read lazily."""
    return read_jsonl(path, problems=problems, gold=gold)


def write(documents: Iterable[Document], path: str | PathLike[str]) -> Written:
    """Write the documents; the file takes its name when it is whole."""
    written = Written()

    def counted() -> Iterator[Document]:
        for document in documents:
            written.documents += 1
            written.entities += len(document.spans)
            yield document

    write_jsonl(counted(), path)
    return written
