"""Ranges of what the training arguments are given, for training and pretraining alike."""

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
    """The fields of the training arguments that are numbers, each with what it may be."""

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
    """The training arguments that give each slot a number of its own."""

    model_config = ConfigDict(extra="ignore")

    slot_learning_rates: dict[str, Rate] = Field(default={})
    slot_weight_decays: dict[str, Rate] = Field(default={})


def check_ranges(arguments: Mapping[str, object], *, prefix: str = "") -> None:
    """Raise ValueError, in one sentence, at the first number that is out of its range.

    Args:
        arguments: fields of training arguments by name; those that are no plain numbers are not looked at.
        prefix: of the names in the sentence, as `training.`
    """
    numbers = {name: value for name, value in arguments.items() if isinstance(value, (int, float))}
    try:
        TrainingRanges.model_validate(numbers)
    except ValidationError as error:
        if any(fault["type"] in ("int_type", "float_type") for fault in error.errors(include_url=False)):
            return  # of another kind: the sentence for that comes where it is read
        raise ValueError(sentence_of(error, TrainingRanges, prefix=prefix)) from None
    steps = numbers.get("max_steps", -1)
    if isinstance(steps, int) and steps != -1 and steps < 1:
        raise ValueError(
            f"{prefix}max_steps is {steps}; it must be at least 1, or -1 where num_train_epochs says how long to train."
        )


def check_slot_rates(arguments: Mapping[str, object], *, prefix: str = "") -> None:
    """Raise ValueError, in one sentence, where a slot is given no number, or one that is out of its range."""
    try:
        SlotRates.model_validate({name: value for name, value in arguments.items() if isinstance(value, dict)})
    except ValidationError as error:
        raise ValueError(sentence_of(error, SlotRates, prefix=prefix)) from None
