"""`benchmarks/gpu.py` in small on the CPU: what waits for a lent GPU must not fail for a slip."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch


@pytest.fixture(scope="module")
def gpu() -> Iterator[ModuleType]:
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    import gpu

    yield gpu
    sys.path.remove(folder)


def test_every_part_in_small(gpu: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_CNER_CRF", "auto")  # put back what the script sets
    report = gpu.measure(torch.device("cpu"), small=True, limit=1000.0, parts=list(gpu.PARTS))
    json.dumps(report)
    assert not [part for part in gpu.PARTS if "error" in report[part]], report
    found = report["crf"]["2 × 8 × 5"]
    assert found["same paths"] and found["operations"]["ours"]["loss"] < found["operations"]["pytorch-crf"]["loss"]
    assert report["bf16"]["bilstm"]["documents with the same spans"] <= 1.0
    assert report["training"]["bilstm"]["fp32, characters/s"] > 0
    assert set(report["tests"]) == {"absent", "took, s"}


def test_an_error_costs_no_other_part(gpu: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_CNER_CRF", "auto")

    def fail(device: torch.device, small: bool) -> dict[str, object]:
        raise RuntimeError("out of memory")

    monkeypatch.setitem(gpu.PARTS, "crf", fail)
    parts = ["crf", "varlen"]
    report = gpu.measure(torch.device("cpu"), small=True, limit=1000.0, parts=parts)
    assert report["crf"]["error"] == "RuntimeError: out of memory" and "error" not in report["varlen"]
    report = gpu.measure(torch.device("cpu"), small=True, limit=-1.0, parts=parts)
    assert report["varlen"] == {"skipped": "-1 s were over"}
