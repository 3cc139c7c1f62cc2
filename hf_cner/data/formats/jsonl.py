"""Our own format: one JSON object per document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..documents import Document, read_jsonl, write_jsonl
from ..problems import Problems


def read(path: Path, *, problems: Problems) -> Iterator[Document]:
    """Documents of a file."""
    yield from read_jsonl(path, problems=problems)


def write(documents: Iterable[Document], path: Path) -> None:
    """Documents to a file."""
    write_jsonl(documents, path)
