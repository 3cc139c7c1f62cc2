from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import arguments
from transformers import HfArgumentParser, TrainingArguments

from hf_cner import CnerTrainingArguments


def test_defaults_are_those_of_entity_recognition(tmp_path: Path) -> None:
    args = CnerTrainingArguments(str(tmp_path), use_cpu=True)
    assert (args.eval_strategy, args.save_strategy, args.metric_for_best_model) == ("epoch", "epoch", "strict_f1")
    assert args.load_best_model_at_end and args.greater_is_better
    assert args.train_sampling_strategy == "group_by_length"
    assert args.report_to == []


@pytest.mark.parametrize("option", ["eval_strategy", "save_strategy"])
def test_without_evaluation_or_saving_there_is_no_best_checkpoint(option: str, tmp_path: Path) -> None:
    assert not arguments(tmp_path, **{option: "no"}).load_best_model_at_end


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train_sampling_strategy": "group_by_lenght"}, "'group_by_lenght'; choose one of group_by_length, random"),
        ({"label_smoothing_factor": 0.1}, "label_smoothing_factor would replace the decoder's loss"),
        ({"batch_eval_metrics": True}, "batch_eval_metrics is not possible"),
        ({"eval_batch_tokens": 0}, "eval_batch_tokens is 0"),
        ({"early_stopping_patience": 0}, "early_stopping_patience is 0"),
        ({"slot_learning_rates": {"crf": 1.0}}, "names the slot 'crf'; choose from"),
        ({"slot_weight_decays": {"encoder": -1}}, "gives encoder the value -1"),
        ({"slot_weight_decays": {"encoder": "much"}}, "gives encoder the value 'much'"),
        ({"slot_learning_rates": [1e-3]}, "must be a dict from slot to number"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        arguments(tmp_path, **options)


def test_the_command_line_takes_slots_as_json(tmp_path: Path) -> None:
    line = ["--output_dir", str(tmp_path), "--use_cpu", "--slot_learning_rates", '{"encoder": 1e-5, "decoder": 0.01}']
    (args,) = HfArgumentParser(CnerTrainingArguments).parse_args_into_dataclasses(line)
    assert args.slot_learning_rates == {"encoder": 1e-5, "decoder": 0.01}


def test_bf16_is_used_where_an_accelerator_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: not including_emulation)
    monkeypatch.setattr(TrainingArguments, "__post_init__", lambda self: None)  # it would set up the pretended device
    chosen = [
        CnerTrainingArguments(str(tmp_path), **options).bf16
        for options in ({}, {"auto_bf16": False}, {"use_cpu": True}, {"fp16": True}, {"bf16": True, "use_cpu": True})
    ]
    assert chosen == [True, False, False, False, True]


def test_bf16_on_a_machine_without_accelerator_means_its_cpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("hf_cner.runs.precision.is_torch_bf16_gpu_available", lambda: False)
    monkeypatch.setattr(TrainingArguments, "__post_init__", lambda self: None)
    for option in ("bf16", "bf16_full_eval"):
        assert CnerTrainingArguments(str(tmp_path), **{option: True}).use_cpu
    assert not CnerTrainingArguments(str(tmp_path)).use_cpu
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert not CnerTrainingArguments(str(tmp_path), bf16=True, auto_bf16=False).use_cpu  # transformers refuses it


def test_devices_without_float64_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert CnerTrainingArguments(output_dir=str(tmp_path)).device.type == "cpu"
