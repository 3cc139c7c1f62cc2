"""A corpus of invented notes, and requests that a test can afford."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from small_runs import notes

from hf_cner.data.documents import write_jsonl
from hf_cner.reproduction.plan import Request
from hf_cner.reproduction.tables import read_table

TINY = (
    "training.num_train_epochs=1",
    "training.use_cpu=true",
    "training.disable_tqdm=true",
    "model.windows.max_length=32",
    "model.windows.overlap=8",
)
TINY_PRETRAINING = (
    "encoder.config.hidden_size=16",
    "encoder.config.num_hidden_layers=1",
    "encoder.config.num_attention_heads=2",
    "encoder.config.intermediate_size=16",
    "training.max_steps=2",
    "training.use_cpu=true",
    "training.disable_tqdm=true",
)


def corpus(folder: Path, count: int = 24) -> Path:
    """A file of notes; only the first time it is written."""
    path = folder / "notes.jsonl"
    if not path.exists():
        write_jsonl(notes(count, 1), path)
    return path


def request(folder: Path, table: str = "p4-table2", **options: Any) -> Request:
    given: dict[str, Any] = {
        "corpus": "jsonl",
        "data_dir": str(corpus(folder)),
        "seeds": 1,
        "assignments": TINY,
        "pretraining": TINY_PRETRAINING,
    }
    return Request(read_table(table), folder / "out", **{**given, **options})
