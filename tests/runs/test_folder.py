"""The folder of a run: nothing of anybody else is touched, and the old run stays until the new one is whole."""

from __future__ import annotations

import copy
import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from worker import settings

import hf_cner.training.run
from hf_cner import Predictor
from hf_cner.data.kept import LIST, LOCK
from hf_cner.data.locks import Held
from hf_cner.data.problems import DataError
from hf_cner.runs.checkpoints import whole_or_removed
from hf_cner.runs.folder import RESULTS, SETTINGS, SPLIT, RunFolder
from hf_cner.training.run import train

WORKER = str(Path(__file__).parents[1] / "training" / "worker.py")
RUN_SETTINGS = {"model": {}, "output_dir": "x"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def begun(folder: Path, *, checkpoint: bool = True, finished: bool = False) -> RunFolder:
    """A run that has come so far, made without training."""
    run = RunFolder(folder)
    with run.held(resume=False, overwrite=False):
        run.begin(RUN_SETTINGS, {"train": ["a"]}, inputs={})
        if checkpoint:
            (folder / "checkpoint-5").mkdir()
            (folder / "checkpoint-5" / "trainer_state.json").write_text("{}")
        if finished:
            saved = folder / "saving.tmp"
            saved.mkdir()
            (saved / "config.json").write_text('{"old": 1}')
            (saved / "model.safetensors").write_text("old")
            run.adopt(saved)
            run.write_json(RESULTS, {"old": 1})
            run.drop_checkpoints()
    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("finished") / "out"
    given = settings(folder, num_train_epochs=1)
    train(given)
    return folder, given


@pytest.mark.parametrize("flags", [{}, {"resume": True}, {"overwrite": True}])
@pytest.mark.parametrize("name", ["config.json", "layers.py", "model.safetensors", "README.md", "deep/notes", ".git/x"])
def test_a_folder_with_somebody_elses_file_is_refused(tmp_path: Path, flags: dict[str, bool], name: str) -> None:
    (tmp_path / "enc" / name).parent.mkdir(parents=True)
    (tmp_path / "enc" / name).write_text("mine")
    run = RunFolder(tmp_path / "enc")
    with (
        pytest.raises(DataError, match=rf"enc: found {name}, which was not written here; expected a new or empty"),
        run.held(**{"resume": False, "overwrite": False, **flags}),
    ):
        raise AssertionError("nothing begins")
    assert content(tmp_path) == {f"enc/{name}": b"mine"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("notes.txt", "was not written here"),
        ("model.safetensors", "was changed since it was written"),
        ("checkpoint-mine/x", "was not written here"),
        ("checkpoint-7/notes.txt", "was not written here"),
        ("README.md", "was not written here"),
        (".git/config", "was not written here"),
    ],
)
def test_in_the_folder_of_a_run_too(tmp_path: Path, name: str, said: str) -> None:
    begun(tmp_path / "out", finished=True)
    (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "out" / name).write_text("mine")
    before = content(tmp_path)
    with (
        pytest.raises(DataError, match=f"found {name}, which {said}"),
        RunFolder(tmp_path / "out").held(resume=False, overwrite=True),
    ):
        raise AssertionError("nothing begins")
    assert content(tmp_path) == before


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db"])
def test_what_a_desktop_writes_is_nobodys(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    assert begun(tmp_path, checkpoint=False).read_settings() == RUN_SETTINGS


def test_only_checkpoints_are_dropped(tmp_path: Path) -> None:
    run = begun(tmp_path / "out")
    for name in ("checkpoint-mine", "checkpoint-6", "checkpoint-7x", "checkpoint-"):
        (tmp_path / "out" / name).mkdir()
        (tmp_path / "out" / name / "notes.txt").write_text("mine")
    (tmp_path / "out" / "checkpoint-8").symlink_to(tmp_path / "out" / "checkpoint-mine")
    run.drop_checkpoints()
    left = {path.name for path in (tmp_path / "out").glob("checkpoint-*")}
    assert left == {"checkpoint-mine", "checkpoint-6", "checkpoint-7x", "checkpoint-", "checkpoint-8"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError, OSError])
def test_a_failed_start_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    run = RunFolder(tmp_path / "far" / "out")
    with pytest.raises(error, match="stop"), run.held(resume=False, overwrite=False):
        run.begin(RUN_SETTINGS, {}, inputs={})
        raise error("stop")
    assert not run.path.exists()
    (tmp_path / "out").mkdir()  # of an older version
    (tmp_path / "out" / SETTINGS).write_text("model: {}\noutput_dir: out\n")
    (tmp_path / "out" / SPLIT).write_text("{}")
    for flags in ({"resume": False}, {"resume": True}):
        with RunFolder(tmp_path / "out").held(overwrite=False, **flags):
            RunFolder(tmp_path / "out").begin({**RUN_SETTINGS, "seed": 2}, {}, inputs={})
    assert not (tmp_path / "out" / LOCK).exists()


def test_the_second_of_two_runs_is_refused(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "out").held(resume=False, overwrite=False):
        for flags in ({"resume": True, "overwrite": False}, {"resume": False, "overwrite": True}):
            said = rf"out is being written by this process \({os.getpid()}\); wait until it has ended"
            with pytest.raises(Held, match=said), RunFolder(tmp_path / "out").held(**flags):
                raise AssertionError("nothing begins")
    (tmp_path / "dead").mkdir()
    (tmp_path / "dead" / LOCK).write_text("hf-cner 999999\n")  # a dead process blocks nobody
    begun(tmp_path / "dead")


@pytest.mark.parametrize("given", ["out", "out/config.json", "link", "deep/../out"])
def test_an_output_is_never_an_input(tmp_path: Path, given: str) -> None:
    begun(tmp_path / "out", finished=True)
    (tmp_path / "deep").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out" / "model.safetensors")
    with (
        pytest.raises(DataError, match=r"out: found a folder that (is also|holds .*, which is) read"),
        RunFolder(tmp_path / "out").held(
            resume=False, overwrite=True, inputs=("bert-base-chinese", None, "", str(tmp_path / given))
        ),
    ):
        raise AssertionError("nothing begins")


def test_the_old_run_stays_until_the_new_one_is_whole(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, given = finished
    before = content(folder)
    bad = copy.deepcopy(given)
    bad["training"]["metric_for_best_model"] = "nonsense"
    with pytest.raises((KeyError, ValueError), match="nonsense"):
        train(bad, overwrite=True)
    assert content(folder) == before
    assert {path.name for path in folder.parent.iterdir()} == {"out", "notes.jsonl"}


def test_an_overwriting_run_that_was_cut_off_is_resumed(
    finished: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, given = finished
    before = content(folder)
    other = copy.deepcopy(given)
    other["seed"] = 11
    monkeypatch.setattr(hf_cner.training.run, "_report", lambda *_: exec("raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        train(other, overwrite=True)
    monkeypatch.undo()
    assert content(folder) == before and list((folder.parent / ".out.new").glob("checkpoint-*"))
    with pytest.raises(ValueError, match="holds a finished run"):
        train(other)
    third = copy.deepcopy(given)
    third["seed"] = 12
    with pytest.raises(ValueError, match=r"began with other settings \(seed\)"):
        train(third, resume=True)
    assert train(other, resume=True)["seed"] == 11
    assert {path.name for path in folder.parent.iterdir()} == {"out", "notes.jsonl"}
    assert json.loads((folder / RESULTS).read_text())["settings"]["output_dir"] == str(folder)
    assert list(Predictor.from_pretrained(folder).predict(["患者发热。"]))


def test_who_overwrites_does_not_resume(tmp_path: Path) -> None:
    begun(tmp_path / "out", finished=True)
    for number in range(2):
        run = RunFolder(tmp_path / "out")
        with pytest.raises(KeyboardInterrupt), run.held(resume=True, overwrite=True):
            assert not (run.work / "checkpoint-5").exists()
            run.begin({**RUN_SETTINGS, "seed": number}, {}, inputs={})
            (run.work / "checkpoint-5").mkdir()
            (run.work / "checkpoint-5" / "trainer_state.json").write_text("{}")
            raise KeyboardInterrupt
    assert not RunFolder(tmp_path / "out").finished() and (tmp_path / "out" / RESULTS).exists()


def test_a_run_of_an_older_version_is_known(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, given = finished
    (folder / LIST).unlink()
    assert train({**given, "seed": 3}, overwrite=True)["seed"] == 3
    (folder / LIST).unlink()
    (folder / "mine.py").write_text("x = 1")
    with pytest.raises(DataError, match=r"found mine\.py, which was not written here"):
        train({**given, "seed": 4}, overwrite=True)
    (folder / "mine.py").unlink()


def test_a_file_that_came_while_the_new_run_was_trained_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = begun(tmp_path / "out", finished=True)
    run = RunFolder(tmp_path / "out")
    with run.held(resume=False, overwrite=True):
        run.begin(RUN_SETTINGS, {}, inputs={})
        (old.path / "notes.txt").write_text("mine")
        run.write_json(RESULTS, {"new": 1})
    assert (tmp_path / "out.before-1" / "notes.txt").read_text() == "mine"
    assert run.read_results() == {"new": 1} and "out.before-1: the old run is kept" in capsys.readouterr().err


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    begun(tmp_path / "real", finished=True)
    (tmp_path / "link").symlink_to("real")
    run = RunFolder(tmp_path / "link")
    with run.held(resume=False, overwrite=True):
        run.begin(RUN_SETTINGS, {}, inputs={})
        run.write_json(RESULTS, {"new": 1})
    assert (tmp_path / "link").is_symlink() and json.loads((tmp_path / "real" / RESULTS).read_text()) == {"new": 1}
    assert {path.name for path in tmp_path.iterdir()} == {"link", "real"}


def test_where_names_cannot_be_exchanged_the_first_step_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hf_cner.data.kept._exchanged", lambda *_: False)
    begun(tmp_path / "out", finished=True)
    run = RunFolder(tmp_path / "out")
    with run.held(resume=False, overwrite=True):
        run.begin(RUN_SETTINGS, {}, inputs={})
        run.write_json(RESULTS, {"new": 1})
    assert run.read_results() == {"new": 1} and {path.name for path in tmp_path.iterdir()} == {"out"}
    os.rename(tmp_path / "out", tmp_path / ".out.old")  # killed between the two
    with pytest.raises(ValueError, match="holds a finished run"), run.held(resume=False, overwrite=False):
        raise AssertionError("nothing begins")


def test_a_folder_that_cannot_be_replaced_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(tmp_path / "out", finished=True)
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    with (
        pytest.raises(ValueError, match=r"cannot be replaced \(it is a mount point\)"),
        RunFolder(tmp_path / "out").held(resume=False, overwrite=True),
    ):
        raise AssertionError("nothing begins")
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


@pytest.mark.parametrize(
    "text",
    [
        "[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0",
        "basic_ios::clear: iostream error",
        "Error while serializing: I/O error: File too large (os error 27)",
    ],
)
def test_a_full_disk_while_saving_is_a_sentence(tmp_path: Path, text: str) -> None:
    with (
        pytest.raises(OSError, match=r"The disk has no room for .*checkpoint-3, which was removed again") as caught,
        whole_or_removed(tmp_path / "checkpoint-3"),
    ):
        (tmp_path / "checkpoint-3").mkdir()
        raise RuntimeError(text)
    assert caught.value.errno == errno.ENOSPC and not (tmp_path / "checkpoint-3").exists()
    assert str(caught.value).endswith("free some space, and begin again.")  # there is nothing to continue


def test_a_run_that_finds_nothing_to_continue_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    with RunFolder(folder).held(resume=True, overwrite=False):
        assert capsys.readouterr().err == f"{folder}: found nothing to continue; the run begins at step 0.\n"
    begun(folder)
    for flags in ({"resume": True, "overwrite": False}, {"resume": False, "overwrite": True}):
        with RunFolder(folder).held(**flags):
            assert capsys.readouterr().err == ""


def worker(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen([sys.executable, WORKER, "run", str(folder), *options], env=environment)


def wait_for_lock(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until a run begins its work: what comes before, as the imports, touches nothing."""
    lock = folder / LOCK
    while process.poll() is None and not (lock.exists() and lock.read_text() == f"hf-cner {process.pid}\n"):
        time.sleep(0.01)


def time_at_work(process: subprocess.Popen[bytes], folder: Path) -> float:
    wait_for_lock(process, folder)
    begin = time.monotonic()
    assert process.wait() == 0
    return time.monotonic() - begin


@pytest.mark.slow
def test_killed_at_any_moment_the_old_or_the_new_model_is_whole(tmp_path: Path) -> None:
    folder, chance = tmp_path / "out", random.Random(3)
    seconds = time_at_work(worker(folder), folder)
    whole = {name: data for name, data in content(folder).items() if name != LOCK}
    for number in range(10):
        process = worker(folder, *(["resume=yes"] if number % 3 == 2 else ["overwrite=yes", f"seed={number}"]))
        wait_for_lock(process, folder)
        time.sleep(seconds * chance.uniform(0.0, 1.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = {name: data for name, data in content(folder).items() if name != LOCK}
        if found != whole:  # then it is a new one, and whole
            listed = json.loads((folder / LIST).read_text())["files"]
            assert set(listed) <= set(found) and (folder / RESULTS).is_file()
            whole = found
        assert list(Predictor.from_pretrained(folder).predict(["患者发热。"]))
    assert worker(folder, "overwrite=yes").wait() == 0
    assert {path.name for path in tmp_path.iterdir()} == {"out", "notes.jsonl"}
