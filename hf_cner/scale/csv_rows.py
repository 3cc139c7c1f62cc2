"""Shards of CSV with a line of column names, by which the separator is known; under the name .tsv it is a TAB."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO

from ..data.bounded import LONGEST_LINE, LongLine
from ..data.problems import DataError
from ..data.reading.names import suffix_of
from ..data.shown import brief, printable
from ..data.table_files import separator_of, told_separator
from .json_rows import lines
from .rows import ENTITIES, ERROR, Chunk, Columns, Form, Found, Row, fault_of, gathered
from .source import Shard

Cells = list[list[str]]
_UNDECODED = re.compile("[\udc80-\udcff]")  # in place of a byte that is not UTF-8


class CsvRows(Form[Cells]):
    """A row with more or fewer cells than columns has an error; entities are written as JSON."""

    def __init__(self, shard: Shard, stream: IO[bytes], columns: Columns) -> None:
        super().__init__(shard, stream, columns)
        csv.field_size_limit(LONGEST_LINE)
        text = self._text()
        first = next(text, "")
        if told := told_separator(first):
            first = next(text, "")
        self._separator = told[1] if told else "\t" if suffix_of(shard.path) == ".tsv" else separator_of(first)
        self._reader = csv.reader(chain([first] if first else [], text), delimiter=self._separator)
        self._header = next(self._reader, [])
        if self._header.count(columns.text) != 1:
            raise DataError(
                f"{shard}: found {self._header.count(columns.text)} columns {columns.text!r} among "
                f"{brief(', '.join(self._header))}; expected one that holds the texts; name it (--text-column), or "
                "save the table as CSV in UTF-8."
            )
        self._kept = [place for place, name in enumerate(self._header) if name not in (ENTITIES, ERROR)]

    def chunks(self) -> Iterator[Chunk[Cells]]:
        replaced = len(self._kept) < len(self._header)
        for rows, contents in gathered(self._rows()):
            yield Chunk(rows, contents, len(rows) if replaced else 0)

    def write(self, target: IO[bytes], annotated: Iterable[tuple[Chunk[Cells], list[Found]]]) -> None:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, delimiter=self._separator, lineterminator="\r\n")
        writer.writerow([*(self._header[place] for place in self._kept), ENTITIES, ERROR])
        for chunk, results in annotated:
            for cells, found in zip(chunk.content, results, strict=True):
                entities = "" if found.entities is None else json.dumps(found.entities, ensure_ascii=False)
                writer.writerow([*(cells[place] for place in self._kept), entities, found.error or ""])
            _flush(buffer, target)
        _flush(buffer, target)

    def _rows(self) -> Iterator[tuple[Row, list[str]]]:
        text_at = self._header.index(self.columns.text)
        id_at = self._header.index(self.columns.id) if self.columns.id in self._header else None
        width = len(self._header)
        while True:
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row("", fault=f"found {printable(str(error))}; expected a row of CSV"), [""] * width
                continue
            if not cells:  # a blank line
                continue
            fault = fault_of(cells[text_at] if len(cells) > text_at else None, self.columns.text)
            if len(cells) != width:
                fault = f"found {len(cells)} cells; expected {width}"
                cells = (cells + [""] * width)[:width]
            elif any(map(_UNDECODED.search, cells)):
                fault = "found bytes that are not UTF-8; expected UTF-8 text"
            yield Row("" if fault else cells[text_at], "" if id_at is None else cells[id_at], fault), cells

    def _text(self) -> Iterator[str]:
        for line in lines(self.stream, self.shard):
            if isinstance(line, LongLine):
                raise DataError(
                    f"{self.shard}: found a line of {line:,} bytes; expected at most {LONGEST_LINE:,}; split the text."
                )
            yield line.decode("utf-8", "surrogateescape")


def _flush(buffer: io.StringIO, target: IO[bytes]) -> None:
    """Cells with bytes that are not UTF-8 get question marks in their place; their row has an error."""
    target.write(buffer.getvalue().encode("utf-8", "replace"))
    buffer.seek(0)
    buffer.truncate()
