"""Drivers and workers that are killed at random moments change no byte of the output."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

KILLS = 10


@pytest.fixture(scope="module")
def kills() -> ModuleType:
    """The benchmark that does the same a hundred times."""
    path = Path(__file__).parents[2] / "benchmarks" / "kill_annotate.py"
    spec = importlib.util.spec_from_file_location("kill_annotate", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_killed_at_random_moments_the_output_is_that_of_an_unbroken_run(kills: ModuleType, tmp_path: Path) -> None:
    notes, unbroken, killed = (tmp_path / name for name in ("notes.jsonl", "unbroken", "killed"))
    kills.write_notes(notes, 6000)
    common = ["--model", str(kills.MODEL), "--shard-rows", "100", "--workers", "2"]
    subprocess.run([*kills.COMMAND, str(notes), str(unbroken), *common], check=True)
    found = kills.kill_until_done([str(notes), str(killed), *common], killed, kills=KILLS, longest=1)
    assert sum(found.values()) > 0
    assert kills.contents(unbroken) == kills.contents(killed)
