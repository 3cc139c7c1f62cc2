"""The base of all forms of shards: chunks of rows, and the same rows written with entities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Generic, TypeVar

from ..data.bounded import LONGEST_LINE
from .source import Shard

CHUNK_CHARACTERS = 200_000  # of a chunk, whose texts are predicted together
MOST_ROWS = 4096
ENTITIES, ERROR = "entities", "error"  # the columns that are added

Content = TypeVar("Content")


@dataclass(frozen=True)
class Columns:
    """The names of the columns with the text and the id."""

    text: str = "text"
    id: str = "id"


@dataclass(frozen=True, slots=True)
class Row:
    """A row for annotation: its text or its fault, and its id, or an empty text."""

    text: str
    id: str = ""
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a row: its entities, as `data.documents.entities_of` writes them; or an error and no entities."""

    entities: list[dict[str, object]] | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk(Generic[Content]):
    """Rows that are annotated together, and the content that their form keeps.

    `replaced` counts the rows that had entities or an error before.
    """

    rows: list[Row]
    content: Content
    replaced: int = 0


class Form(ABC, Generic[Content]):
    """An open shard, in one form of files.

    Attributes:
        signature: part of the content that is not in the shard's own bytes.
    """

    signature = ""

    def __init__(self, shard: Shard, stream: IO[bytes], columns: Columns) -> None:
        self.shard, self.stream, self.columns = shard, stream, columns

    @abstractmethod
    def chunks(self) -> Iterator[Chunk[Content]]:
        """All rows in order, in chunks that bound the memory and depend only on the shard.

        Raises:
            DataError: the file cannot be read, or lacks the columns.
        """

    @abstractmethod
    def write(self, target: IO[bytes], annotated: Iterable[tuple[Chunk[Content], list[Found]]]) -> None:
        """Write the chunks in the same form, with the columns `entities` and `error`."""


def fault_of(text: object, column: str) -> str | None:
    """The fault of a text; None if it has none."""
    if not isinstance(text, str):
        return f"found {'nothing' if text is None else type(text).__name__} as {column!r}; expected a string"
    if len(text) > LONGEST_LINE:
        return f"found a text of {len(text):,} characters; expected at most {LONGEST_LINE:,}"
    return None


def gathered(rows: Iterable[tuple[Row, Content]]) -> Iterator[tuple[list[Row], list[Content]]]:
    """Rows and their contents in chunks of `CHUNK_CHARACTERS` characters or `MOST_ROWS` rows."""
    chunk: list[Row] = []
    contents: list[Content] = []
    size = 0
    for row, content in rows:
        chunk.append(row)
        contents.append(content)
        size += len(row.text)
        if size >= CHUNK_CHARACTERS or len(chunk) >= MOST_ROWS:
            yield chunk, contents
            chunk, contents, size = [], [], 0
    if chunk:
        yield chunk, contents
