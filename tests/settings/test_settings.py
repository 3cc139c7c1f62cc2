"""Settings: what wins over what, and what is refused."""

from __future__ import annotations

import enum
import typing
from pathlib import Path

import pytest

from hf_cner.settings.denied import DENIED
from hf_cner.settings.merging import merge
from hf_cner.settings.preset import load_preset, preset_names
from hf_cner.settings.pretraining import complete
from hf_cner.settings.reading import parse_assignments
from hf_cner.settings.resolve import resolve_settings
from hf_cner.settings.section import STRATEGIES
from hf_cner.settings.training import TrainSettings
from hf_cner.training.arguments import CnerTrainingArguments
from hf_cner.training.checks import check_settings


def test_later_sources_win(tmp_path: Path) -> None:
    config = tmp_path / "own.yaml"
    config.write_text("model: {dropout: 0.2}\ntraining: {learning_rate: 0.5, num_train_epochs: 7}\n", encoding="utf-8")
    preset = load_preset("bilstm-crf")
    assert preset["model"]["dropout"] == 0.5 and preset["training"]["num_train_epochs"] == 30
    settings = resolve_settings(
        "bilstm-crf",
        config=config,
        options={"training": {"num_train_epochs": 8}, "seed": 3},
        assignments=["training.num_train_epochs=9", "data.split.folds=5"],
    ).to_dict()
    assert settings["preset"] == "bilstm-crf"
    assert settings["model"]["dropout"] == 0.2  # the file's
    assert settings["model"]["context"] == {"kind": "bilstm", "hidden_size": 128}  # the preset's
    assert settings["training"]["learning_rate"] == 0.5
    assert settings["training"]["num_train_epochs"] == 9  # the assignment's
    assert settings["seed"] == 3
    assert settings["data"]["split"] == {"ratios": [8, 2], "folds": 5, "join_dev": False, "seed": 42}
    assert settings["model"]["windows"]["sentence_ends"] == "。"  # the default


def test_preset_of_a_configuration_file_is_used(tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text("preset: idcnn-crf\nseed: 7\n", encoding="utf-8")
    settings = resolve_settings(config=config).to_dict()
    assert (
        settings["preset"] == "idcnn-crf" and settings["model"]["context"]["kind"] == "idcnn" and settings["seed"] == 7
    )
    assert resolve_settings("cnn-crf", config=config).preset == "cnn-crf"


def test_slot_of_another_kind_replaces_the_whole_slot() -> None:
    settings = resolve_settings("bilstm-crf", assignments=["model.context.kind=idcnn"]).to_dict()
    assert settings["model"]["context"] == {"kind": "idcnn"}
    settings = resolve_settings("bilstm-crf", assignments=["model.context.hidden_size=64"]).to_dict()
    assert settings["model"]["context"] == {"kind": "bilstm", "hidden_size": 64}


def test_assignments_on_one_section_add_up() -> None:
    assert parse_assignments(["model.context.kind=bigru", "model.context.hidden_size=64", "seed=1"]) == {
        "model": {"context": {"kind": "bigru", "hidden_size": 64}},
        "seed": 1,
    }


def test_values_are_yaml() -> None:
    found = parse_assignments(
        ["a.rate=1e-5", "a.flag=true", "a.none=null", "a.list=[7, 2, 1]", "a.path=/x/y=z", "a.ends=。；"]
    )
    assert found["a"] == {"rate": 1e-5, "flag": True, "none": None, "list": [7, 2, 1], "path": "/x/y=z", "ends": "。；"}


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("mdel.dropout=0.1", r"There is no setting mdel\. Did you mean model"),
        ("model.contxt.kind=none", r"There is no setting model\.contxt\. Did you mean model\.context"),
        ("data.split.ratoi=[1]", r"There is no setting data\.split\.ratoi\. Did you mean data\.split\.ratios"),
        (
            "training.learning_rat=1",
            r"There is no setting training\.learning_rat\. Did you mean training\.learning_rate",
        ),
        ("vectors.qqq=1", r"There is no setting vectors\.qqq\. Valid here: vectors\.path, vectors\.bigram_path"),
        ("model=3", r"The setting model is a section of keys"),
        ("training=3", r"The setting training is a section of keys \(fields of CnerTrainingArguments\); found 3"),
        ("training.learning_rate=abc", r"training\.learning_rate takes a number; found 'abc'"),
        ("training.num_train_epochs=null", r"training\.num_train_epochs takes a number; found None"),
        ("training.per_device_train_batch_size=2.5", r"per_device_train_batch_size takes a whole number; found 2\.5"),
        ("training.bf16=1", r"training\.bf16 takes true or false; found 1"),
        ("training.slot_learning_rates=[1]", r"slot_learning_rates takes a word or keys; found \[1\]"),
        ("model.dropout=abc", r"model\.dropout takes a number; found 'abc'"),
        ("model.windows.max_length=null", r"model\.windows\.max_length takes a whole number; found None"),
        ("data.split.ratios=7", r"data\.split\.ratios takes a list; found 7"),
        ("training.run_name=no", r"run_name takes a word; found False \(a bare no, .* put it in quotes\)"),
        ("seed=true", r"seed takes a whole number; found True"),
        ("model.dropout", r"--set takes key=value"),
        ("=3", r"--set takes key=value"),
        ("model.context=[", r"cannot be read"),
    ],
)
def test_bad_assignments_are_named(assignment: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check_settings(resolve_settings(assignments=[assignment]))


@pytest.mark.parametrize(
    "assignment",
    [
        "training.fsdp=true", "training.fsdp=[full_shard]", "training.max_grad_norm=null", "training.run_name='2024'",
        "training.eval_strategy=steps", "training.logging_steps=5", "training.learning_rate=1",
        "training.report_to=[tensorboard]", "training.slot_learning_rates={encoder: 1e-5}", "training.eval_steps=null",
        "training.lr_scheduler_kwargs={num_cycles: 2}", "seed=null", "data.split.seed=null", "lexicon.max_length=null",
        "data.split.ratios=null", "data.split.folds=5", "model.dropout=0", "vectors.path=a.txt",
    ],
)  # fmt: skip
def test_values_that_may_be_are_taken(assignment: str) -> None:
    check_settings(resolve_settings(assignments=[assignment]))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: [", "is not a YAML file of settings"),
        (b"- 1\n- 2\n", "holds a list"),
        (b"\xc4\xe3\xba\xc3: 1\n", "is not a text file in UTF-8"),
        (b"model: {dropuot: 1}\n", r"There is no setting model\.dropuot\. Did you mean model\.dropout"),
    ],
)
def test_bad_configuration_files_are_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        resolve_settings(config=path)


def test_missing_configuration_file() -> None:
    with pytest.raises(ValueError, match=r"There is no configuration file nowhere\.yaml"):
        resolve_settings(config="nowhere.yaml")


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_has_valid_keys(name: str) -> None:
    settings = resolve_settings(name)
    check_settings(settings)
    assert settings.preset == name


def test_merging_changes_neither_side() -> None:
    base, layer = TrainSettings().to_dict(), {"model": {"windows": {"overlap": 1}}}
    merged = merge(base, layer)
    merged["model"]["windows"]["overlap"] = 2
    assert base == TrainSettings().to_dict() and layer == {"model": {"windows": {"overlap": 1}}}


def test_the_word_no_is_taken_where_it_is_a_valid_word() -> None:
    for name in STRATEGIES:
        for text in ("no", "'no'", "off", "false"):
            if text != "'no'":
                assert parse_assignments([f"training.{name}={text}"]) == {"training": {name: False}}
            assert resolve_settings(assignments=[f"training.{name}={text}"]).training == {name: "no"}
    assert complete({"output_dir": "x", "training": {"eval_strategy": False}}).training["eval_strategy"] == "no"


def test_every_argument_with_the_word_no_is_known() -> None:
    """Words that YAML takes for true or false, in the enumerations of transformers' arguments."""
    hints = typing.get_type_hints(CnerTrainingArguments)
    found = {
        name
        for name, hint in hints.items()
        for kind in (hint, *typing.get_args(hint))
        if name not in DENIED and isinstance(kind, type) and issubclass(kind, enum.Enum)
        and {"no", "off", "yes", "on"} & {member.value for member in kind}
    }  # fmt: skip
    assert found == set(STRATEGIES)
