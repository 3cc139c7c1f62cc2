"""Arguments of a pretraining's Trainer: defaults, changed by the section `training` of the settings."""

from __future__ import annotations

from typing import Any

import torch
from transformers import TrainingArguments

from ..runs.checks import taken_by_libraries
from ..runs.precision import only_a_cpu_has_bf16
from ..runs.sampling import check_strategy
from ..runs.sharding import refuse_sharding
from ..settings.fields import arguments_section, check_values
from ..settings.pretraining import PretrainingSettings
from ..settings.ranges import check_ranges
from .objectives import objective_of

TRAINING = {
    "num_train_epochs": 10,
    "per_device_train_batch_size": 32,
    "per_device_eval_batch_size": 64,
    "weight_decay": 0.01,
    "warmup_steps": 0.1,
    "eval_strategy": "epoch",
    "save_strategy": "epoch",
    "save_total_limit": 2,
    "logging_strategy": "epoch",
    "train_sampling_strategy": "group_by_length",
    "report_to": "none",
}
OWN = {"remove_unused_columns": False, "load_best_model_at_end": False, "prediction_loss_only": True}


def training_arguments(
    settings: PretrainingSettings, *, output_dir: str | None = None, has_held_out: bool = True
) -> TrainingArguments:
    """The section `training` as arguments of a Trainer; in bf16 on a GPU that has it, unless set otherwise."""
    given: dict[str, Any] = dict(settings.training)
    check_values(given, arguments_section(TrainingArguments), "training.")
    check_ranges(given, prefix="training.")
    refuse_sharding(fsdp=given.get("fsdp"), deepspeed=None)
    objective, scratch = objective_of(settings), not settings.encoder.name_or_path
    accelerated = torch.cuda.is_available() and not given.get("use_cpu")
    impossible = {
        "dataloader_persistent_workers": "workers that persist are not told the epoch, and would hide the same "
        "characters in every epoch",
        "remove_unused_columns": "the collator needs columns that no model takes",
        "load_best_model_at_end": "the last weights are the result",
        "prediction_loss_only": "during training only the loss is evaluated",
        "label_smoothing_factor": "the encoder's own heads make the loss",
        **objective.NOT_TAKEN,
    }
    for name, reason in impossible.items():
        if name in given and bool(given[name]) != OWN.get(name, False):
            raise ValueError(f"training.{name} cannot be set: {reason}.")
    options = {
        **TRAINING,
        "learning_rate": objective.LEARNING_RATES[0 if scratch else 1],
        "bf16": accelerated and not given.get("fp16") and torch.cuda.is_bf16_supported(including_emulation=False),
        "use_cpu": bool(given.get("bf16") or given.get("bf16_full_eval")) and only_a_cpu_has_bf16(),
        "dataloader_pin_memory": accelerated,
        "seed": settings.seed,
        **given,
    }
    check_strategy(options["train_sampling_strategy"])
    if not has_held_out:
        options["eval_strategy"] = "no"
    with taken_by_libraries():
        return TrainingArguments(**{**options, **OWN, "output_dir": output_dir or str(settings.output_dir)})
