"""Shards of invented notes, and a small model, for the tests of annotation at scale."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hf_cner import read_corpus

MODEL = Path(__file__).parents[1] / "fixtures" / "checkpoints" / "tagging-bilstm-crf"
ENDINGS = (".parquet", ".jsonl", ".csv")


def rows_of_sample(number: int) -> list[dict[str, object]]:
    """Rows with an id, another column, and a short text of their own."""
    texts = [line for document in read_corpus("sample") for line in document.text.split("。") if line.strip()]
    return [{"id": f"n{i}", "ward": i % 7, "text": f"{texts[i % len(texts)]}{i}。"} for i in range(number)]


def write_rows(rows: Sequence[dict[str, object]], path: Path, *, group: int = 10) -> Path:
    """Rows as a file of the form that its name says; without a text the cell is empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path, row_group_size=group)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


def read_rows(path: Path) -> list[dict[str, object]]:
    """The rows of such a file, with entities as they were found."""
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as stream:
        rows: list[dict[str, object]] = list(csv.DictReader(stream))
    for row in rows:
        row["entities"] = json.loads(str(row["entities"])) if row["entities"] else None
        row["error"] = row["error"] or None
    return rows


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name there."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
