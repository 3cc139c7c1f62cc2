"""Reading tables: CSV, TSV, Excel, Parquet, Arrow; rows of cells, of which the first names the columns.

Each is read with its library: `csv`, openpyxl, pyarrow. Merged cells, a password, another encoding and a row of another
length are reported, each in one sentence.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .bounded import LARGEST_FILE, LONGEST_LINE
from .endings import COLUMNS, DELIMITED, EXCEL
from .files import decode, missing, read_bytes
from .problems import DataError, Problems
from .reading.kinds import no_table
from .reading.names import suffix_of
from .shown import brief

if TYPE_CHECKING:
    import pyarrow

MOST_ROWS = 1_048_576  # of a sheet of Excel
_PARTS_OF_GB18030 = ("gb2312", "gbk")  # names in older programs for data that may hold 𬌗
_TITLES = 5  # first rows, in which a title may stand
_HEAD = 65_536  # bytes from which the kind of a file is known
_AS_IT_IS = "give it the ending of what it is, or save it as CSV"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_SEPARATOR = re.compile(r'"?sep=([^\r\n"])"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')


class Table(NamedTuple):
    """The names of the columns, and the rows with their numbers from 1."""

    names: list[str]
    rows: Iterator[tuple[int, Sequence[object]]]


def open_table(path: Path, problems: Problems, *, encoding: str | None = None, sheet: str | None = None) -> Table:
    """A table, whose rows are read lazily.

    Args:
        encoding: of CSV and TSV; by default UTF-8, or UTF-16 with its mark.
        sheet: of Excel, by its name; by default the only sheet that is not empty.

    Raises:
        DataError: a file of another kind or an unreadable one, or a first line that names no columns.
    """
    suffix = suffix_of(path.name)
    problems.opened.add(str(path))
    if suffix in (*EXCEL, *COLUMNS):
        if not path.is_file():
            raise DataError(missing(path, "file"))
        rows = _whole(path, _sheet(path, sheet, problems) if suffix in EXCEL else _columns(path, suffix))
    else:
        rows = _delimited(path, encoding, "\t" if suffix == ".tsv" else "", problems)
    _, head = next(rows, (1, ()))
    names = [str(name).strip() if name is not None else f"column {place}" for place, name in enumerate(head, 1)]
    if not any(cell for cell in head):
        raise DataError(f"{path}: found an empty table; expected a first line that names the columns; add it.")
    if twice := next((name for place, name in enumerate(names) if name in names[:place]), None):
        raise DataError(f"{path}: found two columns {twice!r}; expected a name for each; rename one.")
    return Table(names, _even(rows, names, path, problems))


def _even(
    rows: Iterator[tuple[int, Sequence[object]]], names: list[str], path: Path, problems: Problems
) -> Iterator[tuple[int, Sequence[object]]]:
    """The rows with a cell for each column; empty rows are ignored."""
    for number, cells in rows:
        if all(cell is None or cell == "" for cell in cells):
            continue
        if len(cells) > len(names) and any(cell not in (None, "") for cell in cells[len(names) :]):
            found = f"a row of {len(cells):,} cells"
            advice = "correct the row, or the first one; is a quotation mark missing?"
            if number <= _TITLES and not any(names[1:]):
                advice = "is what stands above it a title? Then remove that"
            problems.report(path, number, found, f"{len(names):,}, as the first row has", advice)
            continue
        if len(cells) < len(names) and suffix_of(path.name) in DELIMITED:
            found = f"a row of {len(cells):,} cells"
            problems.report(path, number, found, f"{len(names):,}, as the first row has", "correct the row")
            continue
        yield number, [*cells, *[None] * (len(names) - len(cells))][: len(names)]


def _delimited(
    path: Path, encoding: str | None, mark: str, problems: Problems
) -> Iterator[tuple[int, Sequence[object]]]:
    text = _text(path, encoding, problems)
    told = told_separator(text)
    text, mark, before = (text[told.end() :], told[1], 1) if told else (text, mark, 0)
    mark = mark or separator_of(text.partition("\n")[0])
    with _long_fields():
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        while True:
            begin = reader.line_num + 1 + before
            try:
                yield begin, next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                found = f"a row that cannot be read ({error})"
                advice = "correct the quotation marks; nothing from there on was read"
                problems.report(path, begin, found, "cells between commas, in quotation marks where needed", advice)
                return


def told_separator(text: str) -> re.Match[str] | None:
    """Excel's own first line, `sep=;`, which names the separator."""
    return _SEPARATOR.match(text)


def separator_of(first: str) -> str:
    """The separator of a table, by its line of names."""
    return max(",;\t|", key=lambda one: (first.count(one), one == ","))


def _text(path: Path, encoding: str | None, problems: Problems) -> str:
    data = read_bytes(path, problems, most=LARGEST_FILE)
    if other := no_table(data[:_HEAD]):
        raise DataError(f"{path}: found {other}; expected a table of cells between commas or TABs; {_AS_IT_IS}.")
    if encoding is None and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        advice = "say which encoding it is in with --encoding, as --encoding gb18030"
        return decode(data.removeprefix(codecs.BOM_UTF8), path, problems, advice=advice) or ""
    encoding = encoding or "utf-16"
    try:
        if codecs.lookup(encoding).name in _PARTS_OF_GB18030:
            encoding = "gb18030"
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise DataError(f"There is no encoding {encoding!r}; give one as utf-8, gb18030 or utf-16.") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = f"the byte 0x{data[error.start]:02x}, which is not {encoding}"
        problems.report(path, line, found, f"text in {encoding}", "name another encoding with --encoding")
        return ""


@contextmanager
def _long_fields() -> Iterator[None]:
    """Allow cells as long as a document while the block runs."""
    before = csv.field_size_limit(LONGEST_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _sheet(path: Path, sheet: str | None, problems: Problems) -> Iterator[tuple[int, Sequence[object]]]:
    from openpyxl import load_workbook

    _refuse_old_or_large(path)
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        # Without sheets that hold a chart alone.
        sheets: dict[str, Any] = {one.title: one for one in book.worksheets}
        for one in sheets.values():
            one.reset_dimensions()  # what a program wrote there may be the size of its template
        names = list(sheets)
        if sheet is not None and sheet not in names:
            raise DataError(f"{path}: found the sheets {', '.join(names)}; expected {sheet!r}; name one of these.")
        asked = [sheet] if sheet is not None else names
        with_rows = [name for name in asked if next(sheets[name].iter_rows(values_only=True), None)]
        if len(with_rows) > 1:
            raise DataError(
                f"{path}: found the sheets {', '.join(with_rows)}; expected one; name it with --reading sheet=NAME."
            )
        if not with_rows:
            return
        chosen = sheets[with_rows[0]]
        _refuse_merged(path, chosen._worksheet_path)
        number = 0
        for number, cells in enumerate(chosen.iter_rows(values_only=True), 1):
            yield number, _trimmed(cells)
        if number >= MOST_ROWS:
            found = f"a full sheet ({MOST_ROWS:,} rows), which may have been cut off when it was made"
            problems.note(f"{path}, rows", f"{path}: {found}.")
    finally:
        book.close()


def _trimmed(cells: Sequence[object]) -> Sequence[object]:
    end = len(cells)
    while end and cells[end - 1] is None:
        end -= 1
    return cells[:end]


def _refuse_old_or_large(path: Path) -> None:
    with path.open("rb") as stream:
        if stream.read(4) == _OLD_EXCEL:
            raise DataError(
                f"{path}: found a file with a password, or one of Excel before 2007; expected .xlsx without a "
                "password; save it so."
            )
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        if (other := no_table(head)) and not head.startswith(b"PK"):
            raise DataError(f"{path}: found {other}; expected a workbook of Excel; {_AS_IT_IS}.")
    with zipfile.ZipFile(path) as archive:
        size = sum(item.file_size for item in archive.infolist())
    if size > LARGEST_FILE:
        raise DataError(f"{path}: found {size:,} bytes in it; expected at most {LARGEST_FILE:,}; save it as CSV.")


def _refuse_merged(path: Path, name: str) -> None:
    """Refuse merged cells: of a range only the first cell has content, so a row would lose its text or its number."""
    with zipfile.ZipFile(path) as archive:
        match = _MERGED.search(archive.read(name)) if name in archive.namelist() else None
    if match is not None:
        raise DataError(
            f"{path}: found merged cells ({match[1].decode()}); expected a content for each cell; unmerge them, and "
            "fill in what each stands for."
        )


def _columns(path: Path, suffix: str) -> Iterator[tuple[int, Sequence[object]]]:
    from pyarrow import feather, parquet

    if suffix == ".parquet":
        source = parquet.ParquetFile(path)
        names, batches = source.schema_arrow.names, source.iter_batches()
    else:
        whole = feather.read_table(path) if suffix == ".feather" else _arrow(path)
        names, batches = whole.schema.names, iter(whole.to_batches())
    yield 0, names
    number = 0
    for batch in batches:
        batch.validate(full=True)  # damaged data may point outside of the memory
        for row in batch.to_pylist():
            number += 1
            yield number, [row[name] for name in names]


def _whole(path: Path, rows: Iterator[tuple[int, Sequence[object]]]) -> Iterator[tuple[int, Sequence[object]]]:
    """The rows; any error of a library about a damaged file becomes one sentence."""
    try:
        yield from rows
    except DataError:
        raise
    except Exception as error:
        kind = "sheets of Excel" if suffix_of(path.name) in EXCEL else f"table of {suffix_of(path.name)[1:]}"
        said = brief(str(error).split("\n")[0])
        raise DataError(f"{path}: found no {kind} ({said}); expected a whole one; write or save it again.") from error


def _arrow(path: Path) -> pyarrow.Table:
    """A file or a stream of Arrow, as `datasets` and others write them."""
    from pyarrow import ArrowInvalid, ipc

    try:
        return ipc.open_file(str(path)).read_all()
    except ArrowInvalid:
        with path.open("rb") as stream:
            return ipc.open_stream(stream).read_all()
