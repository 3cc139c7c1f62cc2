"""What `hf-cner errors` shows: the counts per type in the terminal, and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO

from rich.table import Table
from rich.text import Text

from ..data.documents import Document
from ..metrics.errors import KINDS
from ..viewer.errors import error_rows
from ..viewer.page import write_page

Counts = Mapping[str, Mapping[str, int]]
COLUMNS = ("gold", "predicted", "correct", *KINDS)


def _sums(per_type: Counts) -> list[int]:
    return [sum(row[column] for row in per_type.values()) for column in COLUMNS]


def count_table(per_type: Counts) -> Table:
    """One row for each type, and one for all."""
    table = Table("type")
    for name in COLUMNS:
        table.add_column({"type": "wrong type", "boundary": "wrong boundary"}.get(name, name), justify="right")
    for name, row in per_type.items():
        table.add_row(Text(name), *(str(row[column]) for column in COLUMNS))
    table.add_section()
    table.add_row("all", *map(str, _sums(per_type)))
    return table


def page_of_errors(
    stream: IO[str],
    gold: Sequence[Document],
    predicted: Sequence[Document],
    per_type: Counts,
    *,
    title: str,
    remarks: Sequence[str],
) -> None:
    """Write the page of `hf-cner errors`."""
    rows: list[list[str | int]] = [[name, *(row[column] for column in COLUMNS)] for name, row in per_type.items()]
    about = {"columns": list(COLUMNS), "rows": rows, "sums": _sums(per_type), "remarks": list(remarks)}
    write_page(
        stream, error_rows(gold, predicted), title=title, mode="errors", types=list(per_type), about={"table": about}
    )
