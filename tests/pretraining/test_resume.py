"""A run that is killed and resumed ends as an unbroken one does, bit for bit: its order, pairs and masking too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WORKER = str(Path(__file__).with_name("killed_run.py"))


def work(folder: Path, *options: str) -> int:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, WORKER, str(folder), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def outcome(folder: Path) -> tuple[bytes, dict[str, Any], list[Any]]:
    log = json.loads((folder / "training_log.json").read_text(encoding="utf-8"))
    losses = [(entry["step"], entry["eval_loss"]) for entry in log if "eval_loss" in entry]
    metrics = json.loads((folder / "results.json").read_text(encoding="utf-8"))["metrics"]
    return (folder / "model.safetensors").read_bytes(), metrics, losses


@pytest.mark.slow
def test_killed_and_resumed(tmp_path: Path) -> None:
    assert work(tmp_path / "whole" / "run") == 0
    for number, step in enumerate((2, 7, 17)):  # before the first checkpoint, in the first epoch, in the second
        folder = tmp_path / str(number) / "run"
        assert work(folder, f"kill_at={step}") == -signal.SIGKILL
        assert not (folder / "results.json").exists()
        assert work(folder, "resume") == 0
        assert outcome(folder) == outcome(tmp_path / "whole" / "run")
        seconds = json.loads((folder / "results.json").read_text())["seconds"]
        assert (seconds is None) == (number > 0)
        assert not list(folder.glob("checkpoint-*"))
