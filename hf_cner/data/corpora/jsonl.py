"""The package's own exchange format: JSON lines with text and entities; a file, or a folder of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..documents import Document, read_jsonl
from ..problems import Problems
from ..reading.locate import by_split, choose_split, matching

NAME = "jsonl"
ENTITY_TYPES: tuple[str, ...] = ()  # they stand in the data
DESCRIPTION = "JSON lines, one document per line: text, entities (start, end, type), and perhaps id and record."
LICENCE = "Not known to the package: that of the files themselves."
CITATION = ""
LAYOUT = "*.jsonl, one object per line with text and entities (start, end exclusive, type)"

PATTERNS = ("*.jsonl", "*.ndjson", "*.jsonlines")


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield the documents of a file, or of a folder: of those of its files that are not called dev or test."""
    files = by_split(matching(folder, PATTERNS, problems), folder, words=False)
    for path in choose_split(folder, files, None):
        yield from read_jsonl(path, problems=problems, gold="required")
