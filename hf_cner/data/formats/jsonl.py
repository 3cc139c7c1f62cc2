"""The package's own exchange format: one JSON object per line, which holds every document whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike

from ..documents import Document, read_jsonl, write_jsonl
from ..problems import Problems
from .written import Written

NAME = "jsonl"
DESCRIPTION = "JSON lines: text and entities (start, end, type), nested or not; nothing is lost."


def read(path: str | PathLike[str], *, problems: Problems | None = None) -> Iterator[Document]:
    """Documents of a file with their gold, read as they are asked for."""
    return read_jsonl(path, problems=problems, gold="required")


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
