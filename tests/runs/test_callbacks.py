from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_runs import arguments, model, trainer
from transformers import PrinterCallback, ProgressCallback, TrainerCallback, TrainerControl, TrainerState

from hf_cner.runs.callbacks import (
    EpochOfSampler,
    FiniteWeights,
    Patience,
    Stopwatch,
    remove_progress_of_transformers,
)
from hf_cner.runs.sampling import LengthBuckets


def stops(values: list[float], patience: int, tmp_path: object, **options: object) -> bool:
    state = TrainerState(log_history=[{"eval_strict_f1": value, "eval_loss": -value} for value in values])
    control = TrainerControl()
    Patience(patience).on_evaluate(arguments(str(tmp_path), **options), state, control, metrics=state.log_history[-1])
    return control.should_training_stop


def test_it_stops_after_as_many_evaluations_without_a_new_best(tmp_path: object) -> None:
    assert not stops([0.1], 1, tmp_path)
    assert stops([0.5, 0.4], 1, tmp_path)
    assert not stops([0.5, 0.4, 0.6], 2, tmp_path)
    assert not stops([0.5, 0.4], 2, tmp_path)
    assert stops([0.5, 0.4, 0.5], 2, tmp_path)  # as good is not better
    assert stops([0.5, 0.4], 1, tmp_path, metric_for_best_model="loss")
    assert not stops([0.4, 0.5], 1, tmp_path, metric_for_best_model="eval_loss")


def test_a_metric_that_is_not_there_is_named(tmp_path: object) -> None:
    patience, control = Patience(1), TrainerControl()
    args = arguments(str(tmp_path), metric_for_best_model="accuracy")
    patience.on_epoch_begin(args, TrainerState(), control)  # nothing was evaluated yet
    with pytest.raises(ValueError, match="early_stopping_patience watches eval_accuracy"):
        patience.on_epoch_begin(args, TrainerState(log_history=[{"eval_strict_f1": 0.1}]), control)


def test_other_parts_may_be_evaluated_beside_the_watched_one(tmp_path: object) -> None:
    args = arguments(str(tmp_path), metric_for_best_model="dev_strict_f1")
    log, control, patience = [], TrainerControl(), Patience(1)
    for value in (0.5, 0.4):
        for part in ("test", "dev"):
            assert not control.should_training_stop
            log.append({f"eval_{part}_strict_f1": value})
            patience.on_evaluate(args, TrainerState(log_history=log), control, metrics=log[-1])
    assert control.should_training_stop


def test_the_sampler_hears_of_the_epoch_also_in_its_middle(tmp_path: object) -> None:
    callback = EpochOfSampler()
    callback.on_epoch_begin(arguments(str(tmp_path)), TrainerState(epoch=1), TrainerControl())  # no sampler: nothing
    callback.sampler = LengthBuckets([1, 2], 1, seed=0)
    for state, epoch in ((None, 0), (0.0, 0), (1.0, 1), (2.25, 2)):
        callback.on_epoch_begin(arguments(str(tmp_path)), TrainerState(epoch=state), TrainerControl())
        assert callback.sampler.epoch == epoch


class Poison(TrainerCallback):
    """Makes the gradient of the transitions NaN from some step on, as an overflow does."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_pre_optimizer_step(self, args: object, state: TrainerState, control: object, **kwargs: Any) -> None:
        if state.global_step >= self.step:
            kwargs["model"].span_decoder.crf.transitions.grad.fill_(float("nan"))


@pytest.mark.parametrize("when", ["eval", "save", "logging", "none"])
def test_a_training_that_diverges_ends_before_anything_is_made_of_it(tmp_path: Path, when: str) -> None:
    every = {f"{what}_strategy": "epoch" if what == when else "no" for what in ("eval", "save", "logging")}
    given = trainer(tmp_path, callbacks=[Poison(12)], arguments_of={**every, "max_grad_norm": 0.0})
    steps = len(given.get_train_dataloader())
    assert steps < 12 < 2 * steps  # it happens in the second epoch
    message = rf"diverged: by step {2 * steps} \(epoch 2\) NaN or infinity .* lower learning_rate \(now 0\.01\)"
    with pytest.raises(FloatingPointError, match=message):
        given.train()
    saved = [path.name for path in tmp_path.glob("checkpoint-*")]
    assert saved == ([f"checkpoint-{steps}"] if when == "save" else [])
    assert all(entry["epoch"] == 1 or "train_runtime" in entry for entry in given.state.log_history)


def test_frozen_weights_are_not_asked_and_finite_ones_are_left_alone(tmp_path: Path) -> None:
    ours = model()
    control, state = TrainerControl(should_log=True), TrainerState(global_step=3, epoch=0.5)
    check = FiniteWeights().on_step_end
    check(arguments(tmp_path), state, control, model=ours)
    ours.cner.encoder.characters.weight.data[3, 2] = float("inf")
    check(arguments(tmp_path), state, TrainerControl(), model=ours)  # nothing is made of it at this step
    with pytest.raises(
        FloatingPointError, match=r"by step 3 \(epoch 0\.5\) .* 1 of \d+ trained tensors, as cner\.encoder\.char"
    ):
        check(arguments(tmp_path), state, control, model=ours)
    ours.cner.encoder.requires_grad_(False)
    check(arguments(tmp_path), state, control, model=ours)
    ours.requires_grad_(False)
    check(arguments(tmp_path), state, control, model=ours)


class TableOfNotebooks(TrainerCallback):
    """Stands for the callback that transformers takes in a notebook; it is no kind of ProgressCallback."""


def test_transformers_shows_nothing_beside_our_lines_in_a_notebook_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for in_notebook in (False, True):
        if in_notebook:
            monkeypatch.setattr("transformers.trainer.DEFAULT_PROGRESS_CALLBACK", TableOfNotebooks)
        for quiet in (False, True):
            given = trainer(tmp_path, arguments_of={"disable_tqdm": quiet})
            shows = PrinterCallback if quiet else TableOfNotebooks if in_notebook else ProgressCallback
            assert given.pop_callback(shows) is not None  # transformers put it there
            given.add_callback(shows)
            remove_progress_of_transformers(given)
            kinds = (PrinterCallback, ProgressCallback, TableOfNotebooks)
            assert not any(isinstance(callback, kinds) for callback in given.callback_handler.callbacks)


def test_an_epoch_that_was_gone_on_with_is_not_timed(tmp_path: Path) -> None:
    watch, args = Stopwatch(), arguments(tmp_path)
    for begins in (1.25, 2.0, 3.0):
        watch.on_epoch_begin(args, TrainerState(epoch=begins), TrainerControl())
        watch.on_epoch_end(args, TrainerState(), TrainerControl())
    assert len(watch.epochs) == 2
