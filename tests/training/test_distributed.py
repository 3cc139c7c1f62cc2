"""Two processes under torchrun, on the CPU: the same metrics as one, and the same training at an equal global batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from closeness import assert_close
from small_runs import trainer

WORKER = str(Path(__file__).with_name("worker.py"))

pytestmark = pytest.mark.slow


def launch(processes: int, folder: Path, *options: str) -> list[dict[str, Any]]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"] if processes > 1 else []
    command = [sys.executable, *torchrun, WORKER, options[0], str(folder), *options[1:]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("found-*.json"))]
    assert [each["world_size"] for each in found] == [processes] * processes
    return found


def test_evaluation_is_the_same_for_one_and_two_processes(tmp_path: Path) -> None:
    run = trainer(tmp_path / "model", arguments_of={"num_train_epochs": 6})
    run.train()
    run.save_model(str(tmp_path / "model"))
    (one,) = launch(1, tmp_path / "one", "evaluate", str(tmp_path / "model"))
    first, second = launch(2, tmp_path / "two", "evaluate", str(tmp_path / "model"))
    assert first == second
    assert any(one["spans"]) and first["spans"] == one["spans"]
    for name, value in one["metrics"].items():
        if "loss" in name:  # a sum in another order, gathered in float32
            assert first["metrics"][name] == pytest.approx(value, rel=1e-6)
        else:
            assert first["metrics"][name] == value


def test_training_agrees_at_an_equal_global_batch(tmp_path: Path) -> None:
    """In float64: gradients are summed in another order, and Adam divides by their small squares.

    The number of windows is no multiple of the batch, so that fillers stand in at the end of every epoch.
    """
    windows = len(trainer(tmp_path).train_dataset)
    assert windows % 8 not in (0, 4)
    (one,) = launch(1, tmp_path / "one", "fit", "8", "2")
    first, second = launch(2, tmp_path / "two", "fit", "4", "2")
    assert first["metrics"] == second["metrics"]
    assert first["metrics"]["eval_loss"] == pytest.approx(one["metrics"]["eval_loss"], rel=1e-6)
    weights = [torch.load(tmp_path / name / "weights.pt") for name in ("one", "two")]
    for name in weights[0]:
        assert_close(weights[0][name], weights[1][name], terms=1_000_000, msg=name)
