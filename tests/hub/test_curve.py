"""The picture of the training curve."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from runs import log

from hf_cner.hub.curve import draw_curve, points


def test_points_are_finite() -> None:
    assert points(log(), "loss") == [(1.0, 0.9), (2.0, 0.5)]
    assert points(log(), "eval_strict_f1") == [(1.0, 0.1), (2.0, 0.6), (3.0, 0.5)]


@pytest.mark.parametrize("entries", [log(), log()[:1], log()[1:2]])
def test_drawn_and_the_same_again(tmp_path: Path, entries: list[dict[str, float]]) -> None:
    pytest.importorskip("matplotlib")
    for name in ("a.png", "b.png"):
        assert draw_curve(entries, tmp_path / name) is None
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_no_log_and_no_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no log" in str(draw_curve([{"train_runtime": 1.0}], tmp_path / "a.png"))
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    reason = draw_curve(log(), tmp_path / "a.png")
    assert reason is not None and "matplotlib is not installed" in reason and ".[plots]" in reason
    assert list(tmp_path.iterdir()) == []
