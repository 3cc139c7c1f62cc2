from __future__ import annotations

from pathlib import Path

import pytest
from small_runs import arguments, trainer
from transformers import PrinterCallback, ProgressCallback, TrainerCallback, TrainerControl, TrainerState

from hf_cner.training.callbacks import EpochOfSampler, Patience, remove_progress_of_transformers
from hf_cner.training.sampling import LengthBuckets


def stops(values: list[float], patience: int, tmp_path: object, **options: object) -> bool:
    state = TrainerState(log_history=[{"eval_strict_f1": value, "eval_loss": -value} for value in values])
    control = TrainerControl()
    Patience(patience).on_evaluate(arguments(str(tmp_path), **options), state, control)
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
    with pytest.raises(ValueError, match="early_stopping_patience watches eval_accuracy"):
        stops([0.1], 1, tmp_path, metric_for_best_model="accuracy")


def test_the_sampler_hears_of_the_epoch_also_in_its_middle(tmp_path: object) -> None:
    callback = EpochOfSampler()
    callback.on_epoch_begin(arguments(str(tmp_path)), TrainerState(epoch=1), TrainerControl())  # no sampler: nothing
    callback.sampler = LengthBuckets([1, 2], 1, seed=0)
    for state, epoch in ((None, 0), (0.0, 0), (1.0, 1), (2.25, 2)):
        callback.on_epoch_begin(arguments(str(tmp_path)), TrainerState(epoch=state), TrainerControl())
        assert callback.sampler.epoch == epoch


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
