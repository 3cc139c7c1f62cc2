"""Callbacks between the steps of a training or pretraining."""

from __future__ import annotations

import time

import torch
from transformers import PrinterCallback, ProgressCallback, Trainer, TrainerCallback, TrainerState, TrainingArguments
from transformers import trainer as transformers_trainer

from .bars import Bar, bar_of
from .events import Moment, event
from .sampling import LengthBuckets


class EpochOfSampler(TrainerCallback):
    """Tells the sampler which epoch begins, also in a run that is resumed, distributed or skips batches."""

    def __init__(self) -> None:
        self.sampler: LengthBuckets | None = None

    @event
    def on_epoch_begin(self, now: Moment) -> None:
        if self.sampler is not None:
            self.sampler.set_epoch(int(now.state.epoch or 0))


class Patience(TrainerCallback):
    """Stops after `patience` evaluations without a new best metric.

    It counts in the log of the run, which every checkpoint holds. transformers' `EarlyStoppingCallback` keeps a
    counter. The counter is 0 again in a run that is resumed without its state, a checkpoint does not show whether
    training had stopped there, and a missing metric is only a warning.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience

    @event
    def on_evaluate(self, now: Moment) -> None:
        if _watched(now.args) in now.metrics and self.is_out(now.args, now.state):  # other parts may be evaluated
            now.control.should_training_stop = True

    @event
    def on_epoch_begin(self, now: Moment) -> None:
        name, seen = _watched(now.args), {key for entry in now.state.log_history for key in entry}
        if name not in seen and any(key.startswith("eval_") for key in seen):
            raise ValueError(f"early_stopping_patience watches {name}, but the evaluation does not give it.")

    def is_out(self, args: TrainingArguments, state: TrainerState) -> bool:
        """Whether `patience` evaluations passed without a new best metric, also before an interruption."""
        name, sign = _watched(args), 1 if args.greater_is_better else -1
        values = [sign * float(entry[name]) for entry in state.log_history if name in entry]
        return bool(values) and len(values) - 1 - values.index(max(values)) >= self.patience


def _watched(args: TrainingArguments) -> str:
    name = args.metric_for_best_model or "loss"
    return name if name.startswith("eval_") else f"eval_{name}"


class FiniteWeights(TrainerCallback):
    """Ends a training with NaN or infinite weights before they are logged, evaluated or saved.

    transformers would log a loss of 0 and continue. The weights are checked, not the loss: in half precision a step
        with an infinite gradient is skipped, which is no fault.
    """

    @event
    def on_step_end(self, now: Moment) -> None:
        if now.control.should_log or now.control.should_evaluate or now.control.should_save:
            check_weights(now)

    on_epoch_end = on_step_end

    @event
    def on_train_end(self, now: Moment) -> None:
        check_weights(now)


def check_weights(now: Moment) -> None:
    """
    Raises:
        FloatingPointError: a trained weight is NaN or infinite; the message says where, and what to change.
    """
    assert now.model is not None, "transformers passes it with every event"
    trained = {name: weight.detach() for name, weight in now.model.named_parameters() if weight.requires_grad}
    if not trained or bool(torch.stack([weight.isfinite().all() for weight in trained.values()]).all()):
        return
    broken = [name for name, weight in trained.items() if not weight.isfinite().all()]
    raise FloatingPointError(
        f"Training diverged: by step {now.state.global_step} (epoch {now.state.epoch or 0:.3g}) NaN or infinity stands "
        f"in {len(broken)} of {len(trained)} trained tensors, as {broken[0]}. Try a lower learning_rate (now "
        f"{now.args.learning_rate:g}), warmup_steps, or a smaller max_grad_norm (now {now.args.max_grad_norm})."
    )


class Stopwatch(TrainerCallback):
    """Seconds of training in each epoch, without the evaluation and saving at its end.

    Attributes:
        epochs: seconds of each epoch that began and ended in this process; a resumed epoch has none.
    """

    def __init__(self) -> None:
        self.epochs: list[float] = []
        self._begin: float | None = None

    @event
    def on_epoch_begin(self, now: Moment) -> None:
        self._begin = time.perf_counter() if float(now.state.epoch or 0).is_integer() else None

    @event
    def on_epoch_end(self, now: Moment) -> None:
        if self._begin is not None:
            self.epochs.append(time.perf_counter() - self._begin)


class ProgressLines(TrainerCallback):
    """A progress bar over all the steps of a run, or lines in a log; a line for each evaluation, on standard error.

    It takes the place of transformers' bar, which prints every number of every metric.
    """

    epochs_as = "g"
    """The format of the epoch's number."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._loss = ""

    @event
    def on_train_begin(self, now: Moment) -> None:
        if now.state.is_world_process_zero:
            self._bar = bar_of("training", now.state.max_steps, unit="steps", initial=now.state.global_step)

    @event
    def on_step_end(self, now: Moment) -> None:
        if self._bar is not None:
            self._bar.update(now.state.global_step - self._bar.n)

    @event
    def on_log(self, now: Moment) -> None:
        if "loss" in now.logs:
            self._loss = f"training loss {float(now.logs['loss']):.4f}, "

    @event
    def on_evaluate(self, now: Moment) -> None:
        if self._bar is not None and now.metrics:
            epoch = format(now.state.epoch or 0, self.epochs_as)
            self._bar.write(f"epoch {epoch}: {self._loss}{self.line(now)}")

    def line(self, now: Moment) -> str:
        """The line for an evaluation."""
        shown = {"loss": "eval_loss", "P": "eval_strict_precision", "R": "eval_strict_recall", "F1": "eval_strict_f1"}
        numbers = [f"{name} {now.metrics[key]:.4f}" for name, key in shown.items() if key in now.metrics]
        return f"dev {', '.join(numbers)}{' (best)' if now.state.best_metric is None or _is_best(now) else ''}"

    @event
    def on_train_end(self, now: Moment) -> None:
        self.close()

    def close(self) -> None:
        """End the bar's line, also when a run fails, before its error is printed."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def remove_progress_of_transformers(trainer: Trainer) -> None:
    """Remove transformers' own bar, table or printed lines; in a notebook its bar is another callback."""
    for callback in (transformers_trainer.DEFAULT_PROGRESS_CALLBACK, ProgressCallback, PrinterCallback):
        trainer.remove_callback(callback)


def _is_best(now: Moment) -> bool:
    value, best = now.metrics.get(_watched(now.args)), now.state.best_metric
    if value is None or best is None:
        return False
    return value > best if now.args.greater_is_better else value < best
