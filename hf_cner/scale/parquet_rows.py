"""Shards of Parquet: row groups, read in small batches; other columns are copied unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from ..data.problems import DataError
from ..data.shown import brief, printable
from .rows import CHUNK_CHARACTERS, ENTITIES, ERROR, MOST_ROWS, Chunk, Columns, Form, Found, Row, fault_of
from .source import Shard

BATCH = 256  # rows that are decoded together
SPAN = pa.struct(
    [
        pa.field("start", pa.int32()),
        pa.field("end", pa.int32()),
        pa.field("type", pa.string()),
        pa.field("text", pa.string()),
        pa.field("score", pa.float64()),
    ]
)
ADDED = (pa.field(ENTITIES, pa.list_(SPAN)), pa.field(ERROR, pa.string()))


class ParquetRows(Form[pa.Table]):
    """The row groups of a shard. Each chunk becomes a row group, packed with zstd."""

    def __init__(self, shard: Shard, stream: IO[bytes], columns: Columns) -> None:
        super().__init__(shard, stream, columns)
        self._file = opened_parquet(stream, shard)
        schema = self._file.schema_arrow
        self.signature = str(schema.remove_metadata())
        found = schema.get_all_field_indices(columns.text)
        if len(found) != 1 or not _is_text(schema.field(found[0]).type):
            what = f"the column {columns.text!r} of type {schema.field(found[0]).type}" if found else "the columns "
            raise DataError(
                f"{shard}: found {what}{'' if found else brief(', '.join(schema.names))}; expected one column "
                f"{columns.text!r} of strings; name the one that holds the texts (--text-column)."
            )
        if len(set(schema.names)) < len(schema.names):
            raise DataError(f"{shard}: found a column name twice; expected each once; rename one of the columns.")
        self._kept = [name for name in schema.names if name not in (ENTITIES, ERROR)]
        metadata = {
            k: v for k, v in (schema.metadata or {}).items() if k != b"huggingface"
        }  # the method that lists the columns
        self._schema = pa.schema([*(schema.field(name) for name in self._kept), *ADDED], metadata=metadata)

    def chunks(self) -> Iterator[Chunk[pa.Table]]:
        groups = range(self._file.num_row_groups) if self.shard.groups is None else self.shard.groups
        batches: list[pa.RecordBatch] = []
        rows: list[Row] = []
        size = 0
        try:
            for batch in self._file.iter_batches(BATCH, row_groups=list(groups)):
                batches.append(batch)
                rows += self._rows(batch)
                size += sum(len(row.text) for row in rows[-len(batch) :]) if len(batch) else 0
                if size >= CHUNK_CHARACTERS or len(rows) >= MOST_ROWS:
                    yield self._chunk(batches, rows)
                    batches, rows, size = [], [], 0
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self.shard, error) from error
        if rows:
            yield self._chunk(batches, rows)

    def write(self, target: IO[bytes], annotated: Iterable[tuple[Chunk[pa.Table], list[Found]]]) -> None:
        with pq.ParquetWriter(target, self._schema, compression="zstd") as writer:
            for chunk, results in annotated:
                entities = pa.array([found.entities for found in results], ADDED[0].type)
                errors = pa.array([found.error for found in results], pa.string())
                columns = [*(chunk.content.column(name) for name in self._kept), entities, errors]
                writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def _chunk(self, batches: list[pa.RecordBatch], rows: list[Row]) -> Chunk[pa.Table]:
        replaced = len(rows) if len(self._kept) < len(self._file.schema_arrow.names) else 0
        return Chunk(rows, pa.Table.from_batches(batches), replaced)

    def _rows(self, batch: pa.RecordBatch) -> Iterator[Row]:
        texts = batch.column(self.columns.text)
        names = batch.column(self.columns.id).to_pylist() if self.columns.id in self._kept else [None] * len(batch)
        if pa.types.is_dictionary(texts.type):
            texts = texts.dictionary_decode()
        for data, name in zip(texts.cast(pa.large_binary()).to_pylist(), names, strict=True):
            try:
                text = None if data is None else data.decode()
            except UnicodeDecodeError:
                yield Row("", str(name or ""), "found bytes that are not UTF-8; expected UTF-8 text")
                continue
            fault = fault_of(text, self.columns.text)
            yield Row("" if fault else text or "", "" if name is None else str(name), fault)


def opened_parquet(stream: IO[bytes], shard: Shard) -> pq.ParquetFile:
    """The Parquet file of a stream; DataError if it is not Parquet."""
    try:
        return pq.ParquetFile(stream, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(shard, error) from error


def unreadable(shard: Shard, error: Exception) -> DataError:
    """The error for a broken Parquet file, or another file."""
    return DataError(
        f"{shard}: found what cannot be read as Parquet ({printable(str(error)[:200])}); expected a whole file; fetch "
        "it again."
    )


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner)
