"""FSDP and DeepSpeed are refused in a sentence, from settings, from Python and from `accelerate launch`."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner import CnerTrainingArguments
from hf_cner.pretraining.arguments import training_arguments
from hf_cner.settings.pretraining import PretrainingSettings

SENTENCE = "Training with {} would cut the model into pieces, .* leave it out: torchrun"


@pytest.mark.parametrize("option", [{"fsdp": True}, {"fsdp": "full_shard"}, {"deepspeed": {"train_batch_size": 4}}])
def test_an_argument_is_refused(option: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=SENTENCE.format(next(iter(option)))):
        CnerTrainingArguments(output_dir=str(tmp_path), **option)  # type: ignore[arg-type]


def test_pretraining_refuses_it_too(tmp_path: Path) -> None:
    settings = PretrainingSettings.of(
        {"objective": "bilm", "output_dir": str(tmp_path), "data": {"files": ["a.txt"]}, "training": {"fsdp": True}}
    )
    with pytest.raises(ValueError, match=SENTENCE.format("fsdp")):
        training_arguments(settings)


@pytest.mark.parametrize("engine", ["FSDP", "DeepSpeed"])
def test_the_launcher_is_refused(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ACCELERATE_USE_{engine.upper()}", "true")
    with pytest.raises(ValueError, match=SENTENCE.format(engine)):
        CnerTrainingArguments(output_dir=str(tmp_path))
    monkeypatch.setenv(f"ACCELERATE_USE_{engine.upper()}", "false")
    CnerTrainingArguments(output_dir=str(tmp_path))
