"""Shards of JSON lines."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import IO

from ..data.bounded import BROKEN, LONGEST_LINE, BoundedReader, LongLine
from ..data.json_text import kind_of, parse_json
from ..data.problems import DataError
from ..data.shown import printable
from .rows import ENTITIES, ERROR, Chunk, Form, Found, Row, fault_of, gathered
from .source import Shard, buffered

_encoded = json.JSONEncoder(ensure_ascii=False).encode  # made once: twice as fast as `json.dumps`
Objects = list[dict[str, object]]


class JsonRows(Form[Objects]):
    """One object per line; blank lines are no rows. A line that is no object becomes a row without further keys."""

    def chunks(self) -> Iterator[Chunk[Objects]]:
        for rows, contents in gathered(self._rows()):
            yield Chunk(rows, contents, sum(ENTITIES in content or ERROR in content for content in contents))

    def write(self, target: IO[bytes], annotated: Iterable[tuple[Chunk[Objects], list[Found]]]) -> None:
        for chunk, results in annotated:
            written = []
            for content, found in zip(chunk.content, results, strict=True):
                kept = {key: value for key, value in content.items() if key not in (ENTITIES, ERROR)}
                written.append(_encoded({**kept, ENTITIES: found.entities, ERROR: found.error}) + "\n")
            target.write("".join(written).encode())

    def _rows(self) -> Iterator[tuple[Row, dict[str, object]]]:
        nothing: dict[str, object] = {self.columns.id: None, self.columns.text: None}
        for line in lines(self.stream, self.shard):
            if isinstance(line, LongLine):
                yield Row("", fault=f"found a line of {line:,} bytes; expected at most {LONGEST_LINE:,}"), nothing
                continue
            if not line.strip():
                continue
            try:
                value = parse_json(line.decode("utf-8"))
            except ValueError as error:  # errors of JSON and of the encoding
                why = "bytes that are not UTF-8" if isinstance(error, UnicodeDecodeError) else printable(str(error))
                yield Row("", fault=f"found {why}; expected one whole JSON object"), nothing
                continue
            if not isinstance(value, dict):
                yield Row("", fault=f"found a JSON {kind_of(value)}; expected an object"), nothing
                continue
            text, name = value.get(self.columns.text), value.get(self.columns.id)
            fault = fault_of(text, self.columns.text)
            yield Row("" if fault else str(text), "" if name is None else str(name), fault), value


def lines(stream: IO[bytes], shard: Shard) -> Iterator[bytes | LongLine]:
    """The lines of a shard, packed with gzip or not, without a byte order mark.

    Raises:
        DataError: packed data that are broken, or too large when unpacked.
    """
    try:
        for number, line in enumerate(BoundedReader(buffered(stream, shard), shard.path).lines()):
            yield line.removeprefix(codecs.BOM_UTF8) if number == 0 and isinstance(line, bytes) else line
    except BROKEN as error:
        raise DataError(
            f"{shard}: found broken gzip data ({printable(str(error))}); expected a whole file; fetch it again."
        ) from error
