"""The forms of shards, by the ending of their names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

from ..data.endings import DELIMITED, JSON_LINES
from ..data.problems import DataError
from ..data.reading.names import suffix_of, without_gz
from ..data.shown import printable
from .csv_rows import CsvRows
from .json_rows import JsonRows
from .parquet_rows import ParquetRows
from .rows import Columns, Form
from .source import Shard, opened

FORMS: dict[str, type[Form[Any]]] = {
    ".parquet": ParquetRows,
    **dict.fromkeys(JSON_LINES, JsonRows),
    **dict.fromkeys(DELIMITED, CsvRows),
}


def form_of(path: str) -> type[Form[Any]] | None:
    """The form of a file by its name, with gzip or without; None for an unknown name. Parquet is never packed."""
    name = PurePosixPath(path).name
    form = FORMS.get(suffix_of(name))
    return None if form is ParquetRows and without_gz(name) != name else form


@contextmanager
def opened_form(shard: Shard, columns: Columns) -> Iterator[Form[Any]]:
    """A shard, open to be read.

    Raises:
        DataError: an unknown ending, or a file that cannot be read or lacks the columns.
    """
    form = form_of(shard.path)
    if form is None:
        raise DataError(
            f"{printable(shard.path)}: found an unknown ending; expected one of {', '.join(FORMS)}; save "
            "the texts as one of these."
        )
    with opened(shard.path) as stream:
        yield form(shard, stream, columns)
