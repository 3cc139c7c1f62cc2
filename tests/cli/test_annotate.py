"""`hf-cner annotate`: what it says, what it refuses, and that the same command goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from hf_cner.cli import shards
from hf_cner.scale import engines, local
from hf_cner.scale.plan import Task
from hf_cner.scale.report import Event
from hf_cner.scale.worker import Settings, Worker

MODEL = Path(__file__).parents[1] / "fixtures" / "checkpoints" / "tagging-bilstm-crf"


def in_process(tasks: Sequence[Task], settings: Settings, workers: int) -> Iterator[Event]:
    """The local engine without processes."""
    worker = Worker(settings)
    for number, task in enumerate(tasks):
        yield number, worker.annotate(task)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Thirty notes, one of them without a text; the engine has no processes."""
    monkeypatch.setattr(local, "run", in_process)
    path = tmp_path / "notes.jsonl"
    rows = [f'{{"id": "n{number}", "text": "患者头痛{number}天。"}}\n' for number in range(29)]
    path.write_text("".join([*rows, '{"id": "bad"}\n']), encoding="utf-8")
    return path


def test_it_goes_on_and_says_what_came(
    call: Callable[..., int], notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("annotate", notes, tmp_path / "out", "--model", MODEL, "--shard-rows", 10, "--workers", 1)
    assert call(*command) == 0
    assert "30 rows in 3 shards (0 were done before)" in capsys.readouterr().err
    next((tmp_path / "out").glob("notes-00001*")).unlink()
    assert call(*command) == 0
    said = capsys.readouterr().err
    assert "30 rows in 3 shards (2 were done before)" in said and "1 rows with an error" in said
    assert call(*command, "--no-scores") == 2
    assert re.search(r"another setting of scores \(True, not False\).*choose another folder", capsys.readouterr().err)


def test_what_is_refused_before_any_model_is_loaded(
    call: Callable[..., int], notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: object) -> str:
        assert call("annotate", *arguments) == 2
        assert not (tmp_path / "out").exists()
        return capsys.readouterr().err

    model = ("--model", MODEL)
    assert "Found the engine 'spark'" in said(notes, tmp_path / "out", *model, "--engine", "spark")
    assert "There is no folder" in said(notes, tmp_path / "out", "--model", "./none")
    assert "found no such file or folder" in said(tmp_path / "none", tmp_path / "out", *model)
    assert "found an output inside the input" in said(tmp_path, tmp_path / "out", *model)
    assert "workers" in said(notes, tmp_path / "out", *model, "--workers", 0)


def test_an_id_in_two_shards_and_a_shard_that_fails(
    call: Callable[..., int], notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with notes.open("a", encoding="utf-8") as stream:
        stream.write('{"id": "n1", "text": "咳嗽"}\n')
    command = ("annotate", notes, tmp_path / "out", "--model", MODEL, "--shard-rows", 10)
    assert call(*command) == 2
    assert "found the id 'n1' a second time" in capsys.readouterr().err
    (tmp_path / "in").mkdir()
    notes.rename(tmp_path / "in" / "notes.jsonl")
    (tmp_path / "in" / "b.csv").write_text("a,b\n", encoding="utf-8")
    assert call("annotate", tmp_path / "in", tmp_path / "o", "--model", MODEL, "--allow-duplicate-ids") == 2
    said = capsys.readouterr().err
    assert "31 rows in 1 shards" in said and "found 0 columns 'text'" in said and "the other shards are done" in said


def test_a_line_a_minute_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 30.0, 61.0, 61.0, 90.0])
    progress = engines.Progress(100, left=50, rows=7, errors=1, shards=2, before=1, new_bytes=50, new_rows=600)
    monkeypatch.setattr("hf_cner.data.progress.time.monotonic", lambda: next(clock, 90.0))
    monkeypatch.setattr(progress, "rate", lambda: 12.3)
    monkeypatch.setattr(progress, "seconds_left", lambda: 75.4)
    with shards.job_bar(4) as show:
        for _ in range(3):
            show(progress)
    assert capsys.readouterr().err.splitlines() == [
        "2 of 4 shards (1 before), 7 rows, 1 with an error, 12 rows/s, 0:01:15 left"
    ]
