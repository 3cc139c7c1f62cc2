"""What happens between the steps of a `CnerTrainer`."""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from torch import nn
from tqdm.auto import tqdm  # type: ignore[import-untyped]
from transformers import (
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers import trainer as transformers_trainer

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
        if _watched(args) in kwargs["metrics"] and self.is_out(args, state):  # there may be other parts to evaluate
            control.should_training_stop = True

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        name, seen = _watched(args), {key for entry in state.log_history for key in entry}
        if name not in seen and any(key.startswith("eval_") for key in seen):
            raise ValueError(f"early_stopping_patience watches {name}, but the evaluation does not give it.")

    def is_out(self, args: TrainingArguments, state: TrainerState) -> bool:
        """Whether so many evaluations went by; also of a run that was cut off between that and its end."""
        name, sign = _watched(args), 1 if args.greater_is_better else -1
        values = [sign * float(entry[name]) for entry in state.log_history if name in entry]
        return bool(values) and len(values) - 1 - values.index(max(values)) >= self.patience


def _watched(args: TrainingArguments) -> str:
    name = args.metric_for_best_model or "loss"
    return name if name.startswith("eval_") else f"eval_{name}"


class FiniteWeights(TrainerCallback):
    """Ends a training whose weights are no longer numbers, before anything is logged, evaluated or saved of them.

    transformers logs a loss of 0 then, and goes on. The weights are asked, not the loss: in half precision an infinite
    gradient is skipped, and is no fault.
    """

    def _check(self, args: TrainingArguments, state: TrainerState, model: nn.Module) -> None:
        """
        Raises:
            FloatingPointError: a trained weight is NaN or infinite; it says where, and what to change.
        """
        trained = {name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad}
        if not trained or bool(torch.stack([weight.isfinite().all() for weight in trained.values()]).all()):
            return
        broken = [name for name, weight in trained.items() if not weight.isfinite().all()]
        raise FloatingPointError(
            f"Training diverged: by step {state.global_step} (epoch {state.epoch or 0:.3g}) NaN or infinity stands in "
            f"{len(broken)} of {len(trained)} trained tensors, as {broken[0]}. Try a lower learning_rate (now "
            f"{args.learning_rate:g}), warmup_steps, or a smaller max_grad_norm (now {args.max_grad_norm})."
        )

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if control.should_log or control.should_evaluate or control.should_save:
            self._check(args, state, kwargs["model"])

    on_epoch_end = on_step_end

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._check(args, state, kwargs["model"])


class Stopwatch(TrainerCallback):
    """Seconds of training in each epoch, without the evaluation and saving at its end (those inside it count).

    Attributes:
        epochs: seconds of each epoch that began and ended in this process; a resumed epoch has none.
    """

    def __init__(self) -> None:
        self.epochs: list[float] = []
        self._begin: float | None = None

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._begin = time.perf_counter() if float(state.epoch or 0).is_integer() else None

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self._begin is not None:
            self.epochs.append(time.perf_counter() - self._begin)


class ProgressLines(TrainerCallback):
    """A progress bar over all the steps of a run, and one line for each evaluation.

    It takes the place of transformers' bar, which prints every number of every metric.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._loss = ""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if state.is_world_process_zero:
            self._bar = tqdm(total=state.max_steps, initial=state.global_step, unit="step", desc="training")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if logs and "loss" in logs:
            self._loss = f"training loss {float(logs['loss']):.4f}, "

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if self._bar is None or not metrics:
            return
        shown = {"loss": "eval_loss", "P": "eval_strict_precision", "R": "eval_strict_recall", "F1": "eval_strict_f1"}
        numbers = [f"{name} {metrics[key]:.4f}" for name, key in shown.items() if key in metrics]
        best = " (best)" if state.best_metric is None or _is_best(args, state, metrics) else ""
        self._bar.write(f"epoch {state.epoch or 0:g}: {self._loss}dev {', '.join(numbers)}{best}", file=sys.stderr)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the bar's line; also of a run that breaks off, before its error is printed."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def remove_progress_of_transformers(trainer: Trainer) -> None:
    """Take away transformers' own bar, table or printed lines; in a notebook its bar is another callback."""
    for callback in (transformers_trainer.DEFAULT_PROGRESS_CALLBACK, ProgressCallback, PrinterCallback):
        trainer.remove_callback(callback)


def _is_best(args: TrainingArguments, state: TrainerState, metrics: dict[str, Any]) -> bool:
    name = args.metric_for_best_model or "loss"
    value = metrics.get(name if name.startswith("eval_") else f"eval_{name}")
    if value is None or state.best_metric is None:
        return False
    return value > state.best_metric if args.greater_is_better else value < state.best_metric
