"""Tables written: CSV, TSV, Excel, Parquet, Arrow, whole or not at all.

CSV and TSV begin with a byte order mark, by which Excel recognises UTF-8. A spreadsheet would run a cell that begins
with `=`, `+`, `-`, `@`, TAB or a carriage return as a formula: by default it gets an apostrophe in front. Cells of
Excel's own files, Parquet and Arrow have types, and need none.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .endings import COLUMNS, EXCEL
from .problems import DataError
from .reading.names import is_packed, suffix_of
from .table_files import MOST_ROWS
from .writing import atomic_write, whole_file

if TYPE_CHECKING:
    import pyarrow

Row = Sequence[object]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 32_767  # characters in a cell of Excel
# Excel's files write characters that XML cannot hold, or would change, as _x000D_; text of this form is escaped too.
_NO_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def write_table(path: Path, names: Sequence[str], rows: Iterable[Row], *, guard: bool = True) -> None:
    """Write a table in the form that the file's name says.

    Args:
        names: of the columns.
        guard: cells of CSV and TSV cannot become formulas.

    Raises:
        DataError: more rows or a longer cell than a sheet of Excel holds.
    """
    suffix = suffix_of(path.name)
    if is_packed(path.name) and suffix in (*EXCEL, *COLUMNS):
        raise DataError(f"{path}: found a name that ends in .gz; expected {suffix} alone, which is packed already.")
    if suffix not in (*EXCEL, *COLUMNS):
        with atomic_write(path) as stream:
            write_delimited(stream, names, rows, mark="\t" if suffix == ".tsv" else ",", guard=guard)
        return
    with whole_file(path) as temporary:
        if suffix in EXCEL:
            _write_sheet(temporary, path, names, rows)
        else:
            _write_columns(temporary, suffix, names, rows)


def write_delimited(
    stream: IO[str], names: Sequence[str], rows: Iterable[Row], *, mark: str = ",", guard: bool = True, bom: bool = True
) -> None:
    """Write CSV or TSV to an open text stream."""
    stream.write("\ufeff" * bom + _line(names, mark, guard))
    for row in rows:
        stream.write(_line(row, mark, guard))


def unescaped(cell: object) -> object:
    """A cell of Excel with the characters that its files write as `_x000D_`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), cell) if isinstance(cell, str) else cell


def _line(row: Row, mark: str, guard: bool) -> str:
    """A row that ends in a line feed; Python's writer quotes a carriage return only if rows end with one."""
    buffer = io.StringIO()
    cells = [
        f"'{cell}" if guard and isinstance(cell, str) and cell.startswith(_FORMULA) else cell
        for cell in map(_flat, row)
    ]
    csv.writer(buffer, delimiter=mark, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def _write_sheet(temporary: Path, path: Path, names: Sequence[str], rows: Iterable[Row]) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    try:
        for number, row in enumerate(_chained(names, rows), 1):
            if number > MOST_ROWS:
                raise DataError(
                    f"{path}: found more than the {MOST_ROWS:,} rows that a sheet holds; expected fewer; write .csv or "
                    ".parquet."
                )
            cells = [_exact(_flat(cell)) for cell in row]
            for place, value in enumerate(cells):
                if isinstance(value, str):
                    cell = WriteOnlyCell(sheet, value=_cell_text(value, path, number))
                    cell.data_type = "s"  # a text, even if it begins like a formula
                    cells[place] = cell
            sheet.append(cells)
    except BaseException:
        sheet.close()
        raise
    book.save(temporary)


def _cell_text(value: str, path: Path, number: int) -> str:
    text = _NO_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", value)
    if len(text) > _LONGEST_CELL:
        raise DataError(
            f"{path}: found {len(text):,} characters for a cell of row {number}; expected at most {_LONGEST_CELL:,} in "
            "Excel; write .csv or .parquet."
        )
    return text


def _exact(cell: object) -> object:
    """A whole number with more digits than Excel keeps, as a text: 15, and an identity card has 18."""
    return str(cell) if isinstance(cell, int) and abs(cell) >= 10**15 else cell


def _flat(cell: object) -> object:
    """A cell that a sheet or a line can hold: lists and objects as JSON."""
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, list | dict) else cell


def _write_columns(temporary: Path, suffix: str, names: Sequence[str], rows: Iterable[Row]) -> None:
    import pyarrow
    from pyarrow import feather, ipc, parquet

    cells = list(zip(*rows, strict=True)) or [()] * len(names)
    table = pyarrow.table({name: _array(column) for name, column in zip(names, cells, strict=True)})
    if suffix == ".parquet":
        parquet.write_table(table, temporary)
    elif suffix == ".feather":
        feather.write_feather(table, str(temporary))
    else:
        with ipc.new_file(str(temporary), table.schema) as stream:
            stream.write_table(table)


def _array(column: Sequence[object]) -> pyarrow.Array:
    """A column of one type, numbers with and without a fraction together; of several types, as texts."""
    import pyarrow

    kinds = {type(cell) for cell in column if cell is not None}
    if not kinds:
        return pyarrow.array(column, type=pyarrow.string())
    if len(kinds) == 1 or kinds == {int, float}:
        with suppress(pyarrow.ArrowException, OverflowError, TypeError, ValueError):
            array = pyarrow.array(column, type=None if len(kinds) == 1 else pyarrow.float64())
            _check_parquet(array)
            return array
    return pyarrow.array([None if cell is None else str(_flat(cell)) for cell in column], type=pyarrow.string())


def _check_parquet(array: pyarrow.Array) -> None:
    """Raise ArrowNotImplementedError for a type that Parquet cannot hold, as objects without a key."""
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"": array[:0]}), pyarrow.BufferOutputStream())


def _chained(names: Sequence[str], rows: Iterable[Row]) -> Iterator[Row]:
    yield names
    yield from rows
