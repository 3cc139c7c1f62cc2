"""Training counts the characters that its vocabulary lacks: written down, said, and refused where many are unknown."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from worker import settings

from hf_cner.cli.outcome import render
from hf_cner.training.run import train


def given(folder: Path, *, min_count: int, **data: Any) -> dict[str, Any]:
    made = settings(folder, num_train_epochs=1)
    made["tokenizer"] = {"min_count": min_count}
    made["data"] |= data
    return made


def test_a_vocabulary_that_knows_the_texts_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quick = given(tmp_path / "out", min_count=1)
    quick["training"]["disable_tqdm"] = False
    results = train(quick)
    found = results["data"]["unknown_characters"]
    assert found["unknown"] == 0 and found["share"] == 0 and found["characters"] > 1000
    error = capsys.readouterr().err
    assert f"training part: 0 of {found['characters']:,} characters are unknown to the vocabulary (0.0%)" in error
    assert "warning" not in error


def test_some_are_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = train(given(tmp_path / "out", min_count=25))
    assert 0.02 < results["data"]["unknown_characters"]["share"] < 0.2
    assert "warning: training part: " in (error := capsys.readouterr().err) and "; the most frequent: '" in error


def test_most_are_refused_before_anything_is_written_unless_it_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\(100\.0%\) are unknown to the vocabulary, more than data\.max_unknown"):
        train(given(tmp_path / "out", min_count=100_000))
    assert not (tmp_path / "out").exists()
    results = train(given(tmp_path / "out", min_count=100_000, max_unknown=1))
    assert results["data"]["unknown_characters"]["share"] == 1
    assert results["metrics"]["dev"]["strict"]["micro"]["f1"] == 0
    written = io.StringIO()
    render(results, Console(file=written, width=400))
    assert "strict F1 is 0, and 100% of the characters are unknown to the model's vocabulary" in written.getvalue()
