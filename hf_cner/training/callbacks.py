"""What happens between the steps of a `CnerTrainer`."""

from __future__ import annotations

import time
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .sampling import LengthBuckets


class EpochOfSampler(TrainerCallback):
    """Tells the sampler which epoch begins, also when a run is resumed, sharded or set to skip batches."""

    def __init__(self) -> None:
        self.sampler: LengthBuckets | None = None

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.sampler is not None:
            self.sampler.set_epoch(int(state.epoch or 0))


class Patience(TrainerCallback):
    """Stops after `patience` evaluations without a new best metric.

    It counts in the log of the run, which every checkpoint holds: a resumed run stops where an unbroken one does
    (transformers' own callback starts to count from 0 unless it is told to restore its state).
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        name = args.metric_for_best_model or "loss"
        name = name if name.startswith("eval_") else f"eval_{name}"
        values = [float(entry[name]) for entry in state.log_history if name in entry]
        if not values:
            raise ValueError(f"early_stopping_patience watches {name}, but the evaluation does not give it.")
        if not args.greater_is_better:
            values = [-value for value in values]
        if len(values) - 1 - values.index(max(values)) >= self.patience:
            control.should_training_stop = True


class Stopwatch(TrainerCallback):
    """Seconds of training in each epoch, evaluation and saving not counted.

    Attributes:
        epochs: seconds of each epoch that began and ended in this process.
    """

    def __init__(self) -> None:
        self.epochs: list[float] = []
        self._begin = 0.0

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._begin = time.perf_counter()

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.epochs.append(time.perf_counter() - self._begin)
