"""Jobs: the local engine, what it does with faults and dead workers, and ids that stand in two shards."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from shards import MODEL, content, rows_of_sample, write_rows

from hf_cner.data.problems import DataError
from hf_cner.scale import local
from hf_cner.scale.engines import ENGINES, Progress, engine_of, refuse_duplicates, run_job
from hf_cner.scale.plan import Plan, Task, make_plan
from hf_cner.scale.report import Event, Outcome, ShardReport
from hf_cner.scale.source import Shard
from hf_cner.scale.worker import Settings, outcome_of

SETTINGS = Settings(str(MODEL), {"device": "cpu"})


@pytest.mark.slow
def test_one_worker_and_two_give_the_same_bytes(tmp_path: Path) -> None:
    write_rows(rows_of_sample(120), tmp_path / "in" / "a.jsonl")
    write_rows(rows_of_sample(60), tmp_path / "in" / "b.parquet")
    (tmp_path / "in" / "c.parquet").write_bytes(b"PAR1 and no more of it")
    for workers in (1, 2):
        plan = make_plan(str(tmp_path / "in"), str(tmp_path / str(workers)), shard_rows=30)
        *_, progress = run_job(plan, SETTINGS, engine=local.run, workers=workers)
        assert progress.rows == progress.new_rows == 180 and progress.shards == 6 and not progress.left
        assert len(progress.faults) == 1 and "cannot be read as Parquet" in progress.faults[0]
    assert content(tmp_path / "1") == content(tmp_path / "2")


@pytest.mark.slow
def test_a_shard_at_which_workers_die_is_given_up_with_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")  # opening it waits for ever
    source = write_rows(rows_of_sample(10), tmp_path / "a.jsonl")
    tasks = [Task(Shard(str(tmp_path / "pipe.jsonl")), str(tmp_path / "x.jsonl"), 1)]
    tasks.append(Task(Shard(str(source)), str(tmp_path / "y.jsonl"), 1))
    events = []
    for event in _killing(local.run(tasks, SETTINGS, 1)):
        events.append(event)
    ((number, outcome),) = [event for event in events if isinstance(event[1], Outcome) and event[1].fault]
    assert number == 0 and isinstance(outcome, Outcome)
    assert f"found that {local.MOST_TRIES} workers died at it (signal 9, as the system ends one when" in outcome.fault
    assert "give fewer --workers, a smaller --batch-tokens" in outcome.fault
    assert (tmp_path / "y.jsonl").is_file()


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_ends_the_job_and_its_workers(tmp_path: Path) -> None:
    plan = make_plan(str(write_rows(rows_of_sample(30), tmp_path / "a.jsonl")), str(tmp_path / "out"), shard_rows=10)
    with pytest.raises(DataError, match="There is no folder"):
        list(run_job(plan, Settings(str(tmp_path / "none")), engine=local.run, workers=1))
    assert not [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_a_job_goes_on_behind_a_bad_shard_and_ends_at_what_concerns_all() -> None:
    tasks = [Task(Shard(f"{number}.jsonl"), f"{number}", 10) for number in range(3)]
    said: list[Event] = [
        (0, 5),
        (0, Outcome(ShardReport(5, 1, 0, 9))),
        (1, Outcome(fault="broken")),
        (2, Outcome(ShardReport(7, 0, 2, 3, done_before=True))),
    ]

    def engine(tasks: Sequence[Task], settings: Settings, workers: int) -> Generator[Event, None, None]:
        yield from said

    *_, progress = run_job(Plan(tasks, []), SETTINGS, engine=engine, workers=1)
    assert (progress.rows, progress.errors, progress.replaced, progress.entities) == (12, 1, 2, 12)
    assert (progress.shards, progress.before, progress.new_rows, progress.faults) == (2, 1, 5, ["broken"])
    assert progress.seconds_left() == 0 and progress.rate() > 0
    said[1] = (1, Outcome(fault="the disk is full", fatal=True))
    with pytest.raises(DataError, match="the disk is full"):
        list(run_job(Plan(tasks, []), SETTINGS, engine=engine, workers=1))
    assert Progress(10, left=10).seconds_left() is None


def test_rows_count_once_whether_an_engine_tells_of_parts_or_not() -> None:
    task, report = Task(Shard("a.jsonl"), "a", 10), Outcome(ShardReport(7, 0, 0, 3))
    whole, parts, restarted = Progress(10), Progress(10), Progress(10)
    whole.take(task, report)  # as Ray does
    for said in (3, 4, report):
        parts.take(task, said)
    for said in (3, 3, 4, report):  # a worker died after three rows
        restarted.take(task, said)
    assert whole.new_rows == parts.new_rows == restarted.new_rows == 7
    assert whole.rate() > 0


def test_what_an_error_is_called() -> None:
    task = Task(Shard("a.jsonl"), "b", 1)
    memory = outcome_of(MemoryError(), task)
    assert memory.fatal and "a.jsonl: found too little memory" in memory.fault and "--workers" in memory.fault
    assert outcome_of(DataError("one sentence."), task) == Outcome(fault="one sentence.")
    assert outcome_of(ValueError("no model"), None).fatal
    assert outcome_of(PermissionError(13, "Permission denied"), task).fatal


def test_engines_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="Found the engine 'spark'; expected one of local, ray"):
        engine_of("spark")
    monkeypatch.setitem(ENGINES, "ray", "no_such_module")
    with pytest.raises(DataError, match=r"Found no package for the engine 'ray' .*; pip install '\.\[ray\]'"):
        engine_of("ray")


def test_an_id_that_stands_in_two_shards(tmp_path: Path) -> None:
    rows = rows_of_sample(40_000)
    rows[39_999]["id"] = "n5"
    source = write_rows(rows, tmp_path / "a.jsonl")
    plan = make_plan(str(source), str(tmp_path / "out"), shard_rows=5000)
    assert len(plan.tasks) > 4
    with pytest.raises(DataError, match=r"a\.jsonl \(bytes .*\): found the id 'n5' a second time"):
        refuse_duplicates(plan, SETTINGS)
    counted: list[int] = []
    refuse_duplicates(Plan(plan.tasks[:-1], []), SETTINGS, counted.append)
    assert sum(counted) >= 30_000


def _killing(events: Iterator[Event]) -> Iterator[Event]:
    """The events of an engine, while whatever waits at the pipe is killed."""
    ended = threading.Event()

    def kill() -> None:
        while not ended.is_set():
            for child in psutil.Process().children():
                if any("spawn_main" in part for part in child.cmdline()) and child.status() == psutil.STATUS_SLEEPING:
                    os.kill(child.pid, signal.SIGKILL)
            time.sleep(1)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    for event in events:
        if isinstance(event[1], Outcome) and event[1].fault:
            ended.set()
        yield event
    ended.set()
    thread.join()
