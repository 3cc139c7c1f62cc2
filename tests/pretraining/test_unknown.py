"""Pretraining counts the characters that its vocabulary lacks, and refuses texts that it cannot read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_encoders import SIZES, notes, written

from hf_cner.pretraining.run import pretrain
from hf_cner.settings.pretraining import complete


def settings(folder: Path, *, min_count: int, **data: Any) -> dict[str, Any]:
    written(folder / "notes.txt", notes(60))
    return {
        "encoder": {"config": {"model_type": "bert", **SIZES}, "min_count": min_count},
        "data": {"files": [folder / "notes.txt"], **data},
        "max_length": 64,
        "training": {"num_train_epochs": 1, "use_cpu": True, "disable_tqdm": True},
        "output_dir": folder / "out",
    }


def test_the_share_is_said_and_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = pretrain(settings(tmp_path, min_count=1))["data"]["unknown_characters"]
    assert found["unknown"] == 0 < found["characters"]
    assert "characters are unknown to the vocabulary (0.0%)" in capsys.readouterr().err


def test_a_vocabulary_that_lacks_most_of_the_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"are unknown to the vocabulary, more than data\.max_unknown allows \(20%\)"):
        pretrain(settings(tmp_path, min_count=100))
    assert not (tmp_path / "out").exists()
    found = pretrain(settings(tmp_path, min_count=100, max_unknown=1))["data"]["unknown_characters"]
    assert found["share"] > 0.2


def test_the_default_allows_a_fifth(tmp_path: Path) -> None:
    assert complete(settings(tmp_path, min_count=1)).data.max_unknown == 0.2
