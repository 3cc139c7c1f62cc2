"""Checkpoints that older code wrote load, and give the spans that they gave then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import pipeline

from hf_cner import Predictor

FOLDER = Path(__file__).parents[1] / "fixtures" / "checkpoints"
CHECKPOINTS = sorted(path for path in FOLDER.iterdir() if path.is_dir())
# Emissions are fp32 and at most 30 large; a sum over 100 of them differs between processors by 30 · 100 · 2⁻²⁴.
ROUNDING = 2e-4


def expected(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert sum(len(row["spans"]) for row in rows) > 60
    return rows


@pytest.mark.parametrize("folder", CHECKPOINTS, ids=lambda path: path.name)
def test_the_predictor_gives_the_same_spans_and_scores(folder: Path) -> None:
    rows = expected(folder)
    found = Predictor.from_pretrained(folder, device="cpu")([row["text"] for row in rows])
    for document, row in zip(found, rows, strict=True):
        assert [[s.start, s.end, s.type] for s in document.spans] == [span[:3] for span in row["spans"]]
        assert [s.score for s in document.spans] == pytest.approx([span[3] for span in row["spans"]], abs=ROUNDING)


@pytest.mark.parametrize("folder", CHECKPOINTS, ids=lambda path: path.name)
def test_so_does_the_pipeline(folder: Path) -> None:
    rows = expected(folder)
    found = pipeline("clinical-ner", model=str(folder), device="cpu")([row["text"] for row in rows])
    assert [[[s["start"], s["end"], s["type"]] for s in spans] for spans in found] == [
        [span[:3] for span in row["spans"]] for row in rows
    ]
