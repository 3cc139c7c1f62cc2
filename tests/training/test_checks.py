"""What is wrong with settings is found before anything is read, built or written, in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_runs import arguments, model, notes
from worker import settings

from hf_cner.settings.resolve import resolve_settings
from hf_cner.settings.training import TrainSettings
from hf_cner.training.checks import check_checkpointing, check_metric, check_settings, checked
from hf_cner.training.run import train, train_on


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("training.num_train_epochs=0", r"training\.num_train_epochs is 0; it must be greater than 0\."),
        ("training.num_train_epochs=-1", r"num_train_epochs is -1; it must be greater than 0\."),
        ("training.learning_rate=1e30", r"training\.learning_rate is 1e\+30; it must be at most 1\."),
        ("training.learning_rate=0", r"learning_rate is 0; it must be greater than 0\."),
        ("training.learning_rate=.nan", r"training\.learning_rate is nan; it must be a finite number\."),
        ("training.learning_rate=.inf", r"training\.learning_rate is inf; it must be a finite number\."),
        ("training.per_device_train_batch_size=0", "per_device_train_batch_size is 0; it must be at least 1"),
        ("training.per_device_eval_batch_size=-2", "per_device_eval_batch_size is -2; it must be at least 1"),
        ("training.gradient_accumulation_steps=0", "gradient_accumulation_steps is 0; it must be at least 1"),
        ("training.weight_decay=-0.1", r"weight_decay is -0\.1; it must be at least 0"),
        ("training.adam_beta1=1", "adam_beta1 is 1; it must be less than 1"),
        ("training.adam_epsilon=0", "adam_epsilon is 0; it must be greater than 0"),
        ("training.max_grad_norm=-1", "max_grad_norm is -1; it must be at least 0"),
        ("training.warmup_steps=-1", "warmup_steps is -1; it must be at least 0"),
        ("training.save_total_limit=0", "save_total_limit is 0; it must be at least 1"),
        ("training.max_steps=0", r"training\.max_steps is 0; it must be at least 1, or -1 to train for num_train"),
        ("training.early_stopping_patience=0", "early_stopping_patience is 0; it must be at least 1"),
        ("training.slot_learning_rates={encoder: abc}", r"slot_learning_rates\.encoder takes a number; found 'abc'"),
        ("training.slot_learning_rates={encoder: 2}", r"slot_learning_rates\.encoder is 2; it must be at most 1"),
        ("training.slot_weight_decays={encoder: -1}", r"slot_weight_decays\.encoder is -1; it must be at least 0"),
        ("training.slot_weight_decays={encoder: .nan}", r"slot_weight_decays\.encoder is nan; it must be a finite"),
        ("model.dropout=1", r"model\.dropout is 1; it must be less than 1\."),
        ("model.context.dropout=-0.1", r"model\.context\.dropout is -0\.1; it must be at least 0\."),
        ("model.context.hiden_size=3", r"no setting model\.context\.hiden_size\. Did you mean model\.context\.hidden"),
        ("model.context.hidden_size=3.5", r"model\.context\.hidden_size takes a whole number; found 3\.5"),
        ("model.attention.num_heads=3", r"There is no setting model\.attention\.num_heads\. There is none here\."),
        ("model.context.kind=odd", r"Unknown context kind 'odd'; choose one of \['bigru', 'bilstm'"),
        ("model.span_decoder={kind: biaffine, thresholds: {a: x}}", r"thresholds\.a takes a number; found 'x'"),
        ("model.encoder.dtype=float32", r"There is no setting model\.encoder\.dtype"),
        ("model.windows.max_length=32", r"overlap is 32; it must be less than model\.windows\.max_length \(32\)"),
        ("data.split.ratios=[8, 0]", r"data\.split\.ratios\.1 is 0; it must be greater than 0"),
        ("data.split.ratios=[8, x]", r"data\.split\.ratios\.1 takes a number; found 'x'"),
        ("data.split.folds=1", r"data\.split\.folds is 1; it must be at least 2"),
        ("data.on_error=skp", r"data\.on_error is 'skp'; choose one of stop, skip"),
        ("seed=-1", r"seed is -1; it must be at least 0"),
        ("vectors.path=2024", r'vectors\.path takes a word; found 2024 \(a bare number; put it in quotes, as "2024"\)'),
        ("output_dir=2024", r"output_dir takes a word; found 2024 \(a bare number"),
        ("data.data_dir=1.5", r"data\.data_dir takes a word; found 1\.5 \(a bare number"),
        ("model.encoder.name_or_path=7", r"model\.encoder\.name_or_path takes a word; found 7 \(a bare number"),
        ("model.queries=2024", r"model\.queries is 2024; give a YAML file, .* \(and put a bare number in quotes\)"),
        ("training.run_name=2024", r"training\.run_name takes a word; found 2024 \(a bare number"),
        ("training.metric_for_best_model=strict_ff1", r"an evaluation does not give it\. Did you mean strict_f1"),
        ("training.metric_for_best_model=accuracy", r"'accuracy', and an evaluation does not give it\. Choose one of"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_one_sentence(assignment: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        check_settings(resolve_settings("bilstm-crf", assignments=[assignment]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("training", "sentence"),
    [
        ({"prediction_loss_only": True}, r"leaves the metrics out, and the best epoch is chosen by strict_f1; leave"),
        (
            {"eval_strategy": "steps", "eval_steps": 5},
            r"eval_strategy is steps and save_strategy epoch, so there would",
        ),
        (
            {"early_stopping_patience": 2, "eval_strategy": "no"},
            "early_stopping_patience is set and eval_strategy is no",
        ),
        ({"num_train_epochs": 0}, r"training\.num_train_epochs is 0"),
        ({"metric_for_best_model": "f1"}, r"metric_for_best_model is 'f1', and an evaluation does not give it"),
        ({"label_smoothing_factor": 0.1}, "label_smoothing_factor would replace the decoder's loss"),
    ],
)
def test_a_run_that_cannot_be_reads_and_writes_nothing(
    training: dict[str, Any], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(tmp_path / "out", **training)
    (tmp_path / "notes.jsonl").unlink()
    with pytest.raises(ValueError, match=sentence):
        train(given)
    assert not list(tmp_path.iterdir())


def test_what_goes_together_is_taken() -> None:
    for training in (
        {"prediction_loss_only": True, "metric_for_best_model": "loss"},
        {"prediction_loss_only": True, "load_best_model_at_end": False},
        {"eval_strategy": "steps", "save_strategy": "steps", "eval_steps": 5, "save_steps": 5},
        {"eval_strategy": "steps", "eval_steps": 5, "load_best_model_at_end": False},
        {"eval_strategy": "no", "save_strategy": "no"},
        {"metric_for_best_model": "eval_relaxed_overlap_f1"},
    ):
        checked({"training": {**training, "use_cpu": True}, "data": {"corpus": "sample"}, "output_dir": "out"})


def test_the_metric_of_nested_mentions_needs_some() -> None:
    with pytest.raises(ValueError, match="no mentions overlap in the documents by which the epoch is chosen"):
        check_metric("nested_recall", notes(3))


def test_a_metric_that_this_dev_part_does_not_give_is_found_before_the_training(tmp_path: Path) -> None:
    given = settings(tmp_path / "out", metric_for_best_model="nested_recall")
    with pytest.raises(ValueError, match="no mentions overlap"):
        train(given)
    assert not (tmp_path / "out").exists()


def test_a_batch_that_is_never_full_is_found_before_the_training(tmp_path: Path) -> None:
    given = settings(tmp_path / "out", dataloader_drop_last=True, per_device_train_batch_size=500)
    with pytest.raises(
        ValueError, match=r"The training part has \d+ windows, a batch 500, .* nothing would be trained"
    ):
        train(given)
    assert not (tmp_path / "out").exists()


def test_arguments_alone_have_their_ranges_too(tmp_path: Path) -> None:
    for name, value in {"num_train_epochs": 0, "learning_rate": 1e30, "max_steps": 0, "adam_beta2": 1.0}.items():
        with pytest.raises(ValueError, match=f"^{name} is"):
            arguments(tmp_path, **{name: value})
    with pytest.raises(ValueError, match=r"gives encoder the value nan; it must be a number from 0 to 1"):
        arguments(tmp_path, slot_learning_rates={"encoder": float("nan")})


def test_a_run_of_an_older_version_goes_on_where_settings_have_come_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(tmp_path / "out", num_train_epochs=1)
    monkeypatch.setattr("hf_cner.training.run._finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        train(given)  # what it writes down has no `lexicon`, no `data.on_error`, …
    monkeypatch.undo()
    complete = TrainSettings.of(given).to_dict()
    assert complete["lexicon"] and "lexicon" not in given
    assert train(complete, resume=True)["epochs"] == 1.0


def test_every_setting_of_a_file_that_a_run_wrote_is_read_again(tmp_path: Path) -> None:
    given = TrainSettings.of(settings(tmp_path / "out", num_train_epochs=1))
    parts = {"train": notes(20, 1)}
    train_on(parts, ["症状", "部位"], given)
    again = resolve_settings(config=tmp_path / "out" / "settings.yaml")
    assert again.to_dict() == given.to_dict()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "lr_scheduler_type",
            "lineer",
            r"lr_scheduler_type is 'lineer', which it does not take\. Did you mean linear\?",
        ),
        ("optim", "adamw_trch", r"training\.optim is 'adamw_trch', which it does not take\. Did you mean adamw_torch"),
        ("save_strategy", "weekly", r"which it does not take\. Choose one of no, steps, epoch, best\."),
    ],
)
def test_a_word_that_is_none_of_an_argument_s_is_found_without_a_trainer(name: str, value: str, sentence: str) -> None:
    given = resolve_settings("bilstm-crf", assignments=[f"training.{name}={value}"])
    with pytest.raises(ValueError, match=sentence):
        check_settings(given)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("lr_scheduler_kwargs", {"odd": 1}, r"cannot be used here \(transformers: .*'odd'\); change or leave out"),
        ("ddp_backend", "odd", r"cannot be used here \(\w+: .*\); change or leave out"),
        ("torch_compile_backend", "/odd.so", r"cannot be used here \(accelerate: '/ODD.SO' is not a valid"),
    ],
)
def test_what_only_a_library_refuses_is_a_sentence_and_leaves_nothing(
    name: str, value: object, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=sentence):
        train_on({"train": notes(20, 1)}, ["症状", "部位"], settings(tmp_path / "out", **{name: value}))
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated:FutureWarning")  # since 5.23
def test_gradient_checkpointing_needs_layers_that_can(tmp_path: Path) -> None:
    check_checkpointing(arguments(tmp_path), model())
    with pytest.raises(ValueError, match="gradient_checkpointing is true, and no layer of this model can be computed"):
        check_checkpointing(arguments(tmp_path, gradient_checkpointing=True), model())


@pytest.mark.parametrize(
    ("training", "sentence"),
    [
        (
            {"warmup_steps": 1e9},
            r"training\.warmup_steps is 1e\+09, and the whole run has \d+ steps",
        ),
        (
            {"eval_strategy": "steps", "eval_steps": 900, "save_strategy": "steps", "save_steps": 900},
            r"training\.eval_steps is 900, .* so nothing would be evaluated; give at most \d+\.",
        ),
        ({"eval_delay": 50}, r"training\.eval_delay is 50, .* so nothing would be evaluated; give at most \d\."),
    ],
)
def test_what_lies_behind_the_end_of_the_run_is_found_before_the_training(
    training: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=sentence):
        train(settings(tmp_path / "out", **training))
    assert not (tmp_path / "out").exists()
