from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest
from safetensors import SafetensorError
from small_runs import trainer

from hf_cner import CnerTrainer
from hf_cner.runs.checkpoints import incompleteness, last_complete_checkpoint, whole_or_removed


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    trainer(folder, arguments_of={"num_train_epochs": 2}).train()
    return folder


@pytest.fixture
def run(saved: Path, tmp_path: Path) -> Path:
    shutil.copytree(saved, tmp_path / "run")
    return tmp_path / "run"


def numbered(run: Path) -> tuple[Path, Path]:
    first, last = sorted(run.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    return first, last


def test_whole_checkpoints_are_whole_and_the_newest_is_taken(run: Path) -> None:
    first, last = numbered(run)
    assert incompleteness(first) is None and incompleteness(last) is None
    assert last_complete_checkpoint(run) == str(last)
    (run / "checkpoint-99999").mkdir()
    (run / "checkpoint-tmp").mkdir()
    assert last_complete_checkpoint(run) == str(last)


@pytest.mark.parametrize(
    "name", ["trainer_state.json", "optimizer.pt", "scheduler.pt", "rng_state.pth", "model.safetensors"]
)
@pytest.mark.parametrize("damage", ["missing", "half", "one byte less", "empty"])
def test_a_checkpoint_that_was_cut_off_is_passed_over(run: Path, name: str, damage: str) -> None:
    first, last = numbered(run)
    whole = (last / name).read_bytes()
    if damage == "missing":
        (last / name).unlink()
    else:
        kept = {"half": len(whole) // 2, "one byte less": len(whole) - 1, "empty": 0}[damage]
        if (name, damage) == ("trainer_state.json", "one byte less"):
            kept -= 1  # the last byte is a line end
        (last / name).write_bytes(whole[:kept])
    problem = incompleteness(last)
    assert problem is not None and name in problem
    assert ("is cut off" in problem) == (damage != "missing")
    assert last_complete_checkpoint(run) == str(first)


def test_a_shard_that_is_missing_is_named(run: Path) -> None:
    _, last = numbered(run)
    (last / "model.safetensors").rename(last / "model-00001-of-00001.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00001.safetensors"}}
    (last / "model.safetensors.index.json").write_text(json.dumps(index))
    assert incompleteness(last) is None
    (last / "model-00001-of-00001.safetensors").unlink()
    assert incompleteness(last) == "it has no model-00001-of-00001.safetensors"
    (last / "model.safetensors.index.json").write_text(json.dumps(index)[:-3])
    assert incompleteness(last) == "model.safetensors.index.json is cut off"


def test_what_is_no_checkpoint_is_said_so(tmp_path: Path) -> None:
    assert last_complete_checkpoint(tmp_path / "nowhere") is None
    assert incompleteness(tmp_path / "nowhere") == "it is no folder"
    (tmp_path / "trainer_state.json").write_text("[]")
    assert incompleteness(tmp_path) == "trainer_state.json does not hold the state of a Trainer"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail at inline_container.cc:820] . PytorchStreamWriter failed writing file data/3"),
    ],
)
def test_a_full_disk_is_one_sentence_and_leaves_no_half_checkpoint(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = trainer(tmp_path, arguments_of={"num_train_epochs": 2})
    steps = len(run.get_train_dataloader())
    original = CnerTrainer._save_optimizer_and_scheduler

    def full(self: CnerTrainer, output_dir: str) -> None:
        if self.state.global_step > steps:
            raise error
        original(self, output_dir)

    monkeypatch.setattr(CnerTrainer, "_save_optimizer_and_scheduler", full)
    with pytest.raises(
        OSError, match=rf"no room for .*; free some space, and continue the run from checkpoint-{steps}"
    ):
        run.train()
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == [f"checkpoint-{steps}"]
    assert last_complete_checkpoint(tmp_path) is not None


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir()
    with pytest.raises(KeyError), whole_or_removed(tmp_path / "begun"):
        raise KeyError("x")
    assert not (tmp_path / "begun").exists()
