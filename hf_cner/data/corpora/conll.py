"""CoNLL files of anybody: a character and its tag per line; a file, or a folder of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..documents import Document
from ..formats import conll
from ..formats.tags import Spelling
from ..problems import Problems
from ..reading.locate import by_split, choose_split, matching

NAME = "conll"
ENTITY_TYPES: tuple[str, ...] = ()  # they stand in the data
DESCRIPTION = "CoNLL files: a character and its tag per line; scheme and spelling are found out from the tags."
LICENCE = "Not known to the package: that of the files themselves."
CITATION = ""
LAYOUT = "*.conll or *.bio, a character and its tag per line, a blank line between sentences"

PATTERNS = (
    "*.conll",
    "*.bio",
    "*.bioes",
    "*.iob",
    "*.train",
    "*.dev",
    "*.test",
    "*train*.txt",
    "*dev*.txt",
    "*valid*.txt",
    "*test*.txt",
)


def read(folder: Path, *, problems: Problems, spelling: Spelling = Spelling()) -> Iterator[Document]:  # noqa: B008
    """Yield the sentences of a file, or of a folder: of those of its files that are not called dev or test.

    Args:
        spelling: what is known of the files' tags, columns and separators; the rest is found out.
    """
    files = by_split(matching(folder, PATTERNS, problems), folder, words=False)
    for path in choose_split(folder, files, None):
        yield from conll.read(path, problems=problems, **spelling._asdict())
