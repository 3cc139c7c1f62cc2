"""A line a minute with rate and time left, where standard error is a log."""

from __future__ import annotations

import io
import sys

import pytest

from hf_cner.cli.progress import documents_bar
from hf_cner.data import progress
from hf_cner.data.documents import Document
from hf_cner.runs.bars import bar_of


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress.time, "monotonic", made)
    return made


def test_a_line_a_minute(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    lines = progress.LogLines("training", 1_200, unit="steps", initial=200)
    for clock.now in (30.0, 59.9, 60.0, 61.0, 119.0, 120.0):
        lines.update(50)
    lines.close()
    assert capsys.readouterr().err.splitlines() == [
        "training: 350 of 1,200 steps, 2.5 steps/s, 0:05:40 left",
        "training: 500 of 1,200 steps, 2.5 steps/s, 0:04:40 left",
    ]


def test_what_is_not_known_is_said(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    lines = progress.LogLines("predicting", None, unit="documents")
    clock.now = 90.0
    lines.update(9_000)
    assert capsys.readouterr().err == "predicting: 9,000 documents, 100 documents/s, time left unknown\n"


def test_documents_and_steps_are_counted_in_lines(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    bar = bar_of("training", 4, unit="steps")
    with documents_bar("predicting", 4) as counted:
        for _ in counted([Document("头痛")] * 2):
            clock.now += 40.0
    bar.update(2)
    bar.write("epoch 1: dev loss 0.5")
    bar.close()
    assert capsys.readouterr().err.splitlines() == [
        "training: 2 of 4 steps, 0.025 steps/s, 0:01:20 left",
        "epoch 1: dev loss 0.5",
    ]


def test_a_terminal_and_a_notebook_have_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress.needs_lines()
    monkeypatch.setitem(sys.modules, "ipykernel", progress)
    assert not progress.needs_lines()
    monkeypatch.delitem(sys.modules, "ipykernel")
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert not progress.needs_lines()
    bar = bar_of("training", 2, unit="steps")
    bar.update()
    bar.write("epoch 1")
    bar.close()
    shown = terminal.getvalue()
    assert "training:" in shown and "step" in shown and "epoch 1\n" in shown
