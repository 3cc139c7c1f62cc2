"""What a form of files owes to the contract: chunks of rows, and the same rows written with what was found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Generic, TypeVar

from ..data.bounded import LONGEST_LINE
from .source import Shard

READ_AHEAD = 200_000  # characters of a chunk: those that `Predictor.predict` works off together
MOST_ROWS = 4096
ENTITIES, ERROR = "entities", "error"  # the columns that are added

Content = TypeVar("Content")


@dataclass(frozen=True)
class Columns:
    """The names of the columns that hold the text, and what names a row."""

    text: str = "text"
    id: str = "id"


@dataclass(frozen=True, slots=True)
class Row:
    """A row as far as annotation looks at it: its text or what is wrong with it, and its id, empty without one."""

    text: str
    id: str = ""
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a row gets: its entities, as `data.documents.to_row` writes them; or an error, and then no entities."""

    entities: list[dict[str, Any]] | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk(Generic[Content]):
    """Rows that are annotated together, and what their form keeps of them.

    `replaced` counts the rows that had entities or an error already.
    """

    rows: list[Row]
    content: Content
    replaced: int = 0


class Form(ABC, Generic[Content]):
    """A shard that is open, in one form of files.

    Attributes:
        signature: what belongs to the content and does not stand in the shard's own bytes.
    """

    signature = ""

    def __init__(self, shard: Shard, stream: IO[bytes], columns: Columns) -> None:
        self.shard, self.stream, self.columns = shard, stream, columns

    @abstractmethod
    def chunks(self) -> Iterator[Chunk[Content]]:
        """All rows in order, in chunks that bound the memory and depend on nothing but the shard.

        Raises:
            DataError: the file cannot be read, or lacks the columns.
        """

    @abstractmethod
    def write(self, target: IO[bytes], annotated: Iterable[tuple[Chunk[Content], list[Found]]]) -> None:
        """Write the chunks in the same form, with the columns `entities` and `error`."""


def fault_of(text: object, column: str) -> str | None:
    """What is wrong with a text; None where nothing is."""
    if not isinstance(text, str):
        return f"found {'nothing' if text is None else type(text).__name__} as {column!r}; expected a string"
    if len(text) > LONGEST_LINE:
        return f"found a text of {len(text):,} characters; expected at most {LONGEST_LINE:,}"
    return None


def gathered(rows: Iterable[tuple[Row, Content]]) -> Iterator[tuple[list[Row], list[Content]]]:
    """Rows and their contents in chunks of `READ_AHEAD` characters or `MOST_ROWS` rows."""
    chunk: list[Row] = []
    contents: list[Content] = []
    size = 0
    for row, content in rows:
        chunk.append(row)
        contents.append(content)
        size += len(row.text)
        if size >= READ_AHEAD or len(chunk) >= MOST_ROWS:
            yield chunk, contents
            chunk, contents, size = [], [], 0
    if chunk:
        yield chunk, contents
