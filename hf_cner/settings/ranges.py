"""Ranges of the training arguments, for training and pretraining."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError

from .section import Count, Rate, Section, Seed
from .sentences import sentence_of

Learning = Annotated[float, Field(gt=0, le=1)]
Decay = Annotated[float, Field(ge=0, le=1)]
Moment = Annotated[float, Field(ge=0, lt=1)]
Above0 = Annotated[float, Field(gt=0)]
From0 = Annotated[float, Field(ge=0)]
Whole = Annotated[int, Field(ge=0)]


class TrainingRanges(Section):
    """The fields of the training arguments that are numbers, each with its range."""

    model_config = ConfigDict(extra="ignore")

    num_train_epochs: Above0 | None = None
    per_device_train_batch_size: Count | None = None
    per_device_eval_batch_size: Count | None = None
    gradient_accumulation_steps: Count | None = None
    eval_accumulation_steps: Count | None = None
    learning_rate: Learning | None = None
    weight_decay: Decay | None = None
    adam_beta1: Moment | None = None
    adam_beta2: Moment | None = None
    adam_epsilon: Above0 | None = None
    max_grad_norm: From0 | None = None
    warmup_steps: From0 | None = None
    eval_delay: From0 | None = None
    eval_steps: Above0 | None = None
    save_steps: Above0 | None = None
    logging_steps: Above0 | None = None
    save_total_limit: Count | None = None
    seed: Seed | None = None
    data_seed: Seed | None = None
    dataloader_num_workers: Whole | None = None
    dataloader_prefetch_factor: Count | None = None
    neftune_noise_alpha: Above0 | None = None
    early_stopping_patience: Count | None = None
    eval_batch_tokens: Count | None = None
    label_smoothing_factor: Rate | None = None


class SlotRates(Section):
    """The training arguments with a number for each slot."""

    model_config = ConfigDict(extra="ignore")

    slot_learning_rates: dict[str, Rate] = Field(default={})
    slot_weight_decays: dict[str, Rate] = Field(default={})


def check_ranges(arguments: Mapping[str, object], *, prefix: str = "") -> None:
    """Raise ValueError, in one sentence, for the first number out of its range.

    Args:
        arguments: fields of training arguments by name; values other than numbers are ignored.
        prefix: of the names in the sentence, as `training.`
    """
    numbers = {name: value for name, value in arguments.items() if isinstance(value, (int, float))}
    try:
        TrainingRanges.model_validate(numbers)
    except ValidationError as error:
        if any(fault["type"] in ("int_type", "float_type") for fault in error.errors(include_url=False)):
            return  # of another kind, which is reported when it is read
        raise ValueError(sentence_of(error, TrainingRanges, prefix=prefix)) from None
    steps = numbers.get("max_steps", -1)
    if isinstance(steps, int) and steps != -1 and steps < 1:
        raise ValueError(f"{prefix}max_steps is {steps}; it must be at least 1, or -1 to train for num_train_epochs.")


def check_slot_rates(arguments: Mapping[str, object], *, prefix: str = "") -> None:
    """Raise ValueError, in one sentence, if the value for a slot is no number, or out of its range."""
    try:
        SlotRates.model_validate({name: value for name, value in arguments.items() if isinstance(value, dict)})
    except ValidationError as error:
        raise ValueError(sentence_of(error, SlotRates, prefix=prefix)) from None
