"""The table of `hf-cner errors`: counts per type."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from ..viewer.errors import COLUMNS, Counts, sums


def count_table(per_type: Counts) -> Table:
    """One row for each type, and one for all."""
    table = Table("type")
    for name in COLUMNS:
        table.add_column({"type": "wrong type", "boundary": "wrong boundary"}.get(name, name), justify="right")
    for name, row in per_type.items():
        table.add_row(Text(name), *(str(row[column]) for column in COLUMNS))
    table.add_section()
    table.add_row("all", *map(str, sums(per_type)))
    return table
