"""A run that is killed and resumed ends as an unbroken one does, bit for bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import Break, trainer

WORKER = str(Path(__file__).with_name("worker.py"))


def work(folder: Path, *options: str) -> int:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, WORKER, "run", str(folder), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def outcome(folder: Path) -> tuple[bytes, dict[str, Any], list[Any]]:
    results = json.loads((folder / "results.json").read_text())
    log = json.loads((folder / "training_log.json").read_text())
    scores = [(entry["step"], entry["eval_loss"], entry["eval_strict_f1"]) for entry in log if "eval_loss" in entry]
    return (folder / "model.safetensors").read_bytes(), results["metrics"], scores


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("unbroken")
    for save in ("epoch", "steps"):
        assert work(folder / save, f"save={save}") == 0
    return {save: folder / save for save in ("epoch", "steps")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("save", "how"),
    [
        ("epoch", "kill_at=3"),  # before the first checkpoint
        ("epoch", "kill_at=21"),
        ("steps", "kill_at=13"),  # resumed in the middle of an epoch
        ("steps", "kill_saving=15"),  # the newest checkpoint is cut off
    ],
)
def test_killed_and_resumed(save: str, how: str, unbroken: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert work(folder, f"save={save}", how) == -signal.SIGKILL
    assert not (folder / "results.json").exists()
    assert work(folder, f"save={save}", "resume=yes") == 0
    assert outcome(folder) == outcome(unbroken[save])
    results = json.loads((folder / "results.json").read_text())
    assert (results["seconds"]["total"] is None) == (how != "kill_at=3")  # the killed process took its time with it
    assert not list(folder.glob("checkpoint-*")) and not (folder / "saving.tmp").exists()


@pytest.mark.parametrize("strategy", ["group_by_length", "random"])
def test_broken_off_and_resumed_in_the_middle_of_an_epoch(strategy: str, tmp_path: Path) -> None:
    options = {
        "save_strategy": "steps", "save_steps": 5, "eval_strategy": "steps", "eval_steps": 5, "num_train_epochs": 3,
        "train_sampling_strategy": strategy, "gradient_accumulation_steps": 2, "early_stopping_patience": 2,
        "per_device_train_batch_size": 4,
    }  # fmt: skip
    whole = trainer(tmp_path / "whole", arguments_of=options)
    whole.train()
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "broken", arguments_of=options, callbacks=[Break(8)]).train()
    again = trainer(tmp_path / "broken", arguments_of=options)
    torch.rand(17)  # what the process drew before must not matter
    again.train(resume_from_checkpoint=True)
    assert again.state.global_step == whole.state.global_step
    assert again.state.best_metric == whole.state.best_metric
    end = again.model.state_dict()
    assert all(torch.equal(tensor, end[name]) for name, tensor in whole.model.state_dict().items())


def test_patience_goes_on_where_it_was(tmp_path: Path) -> None:
    options = {"num_train_epochs": 30, "early_stopping_patience": 3, "learning_rate": 3e-2, "save_total_limit": None}
    whole = trainer(tmp_path / "run", arguments_of=options)
    whole.train()
    last = whole.state.global_step
    steps = len(whole.get_train_dataloader())
    assert last < 30 * steps
    again = trainer(tmp_path / "run", arguments_of=options)
    again.train(resume_from_checkpoint=str(tmp_path / "run" / f"checkpoint-{last - steps}"))
    assert again.state.global_step == last


def test_what_cannot_be_resumed_is_said(tmp_path: Path) -> None:
    run = trainer(tmp_path, arguments_of={"num_train_epochs": 1})
    with pytest.raises(ValueError, match="There is no complete checkpoint in"):
        run.train(resume_from_checkpoint=True)
    run.train()
    (checkpoint,) = tmp_path.glob("checkpoint-*")
    (checkpoint / "optimizer.pt").unlink()
    with pytest.raises(ValueError, match=r"cannot be resumed from .*: it has no optimizer.pt"):
        run.train(resume_from_checkpoint=str(checkpoint))
