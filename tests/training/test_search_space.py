"""What a search varies: the default space of every kind of model, names and ranges that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hf_cner.settings.preset import preset_names
from hf_cner.settings.resolve import resolve_settings
from hf_cner.settings.varied import Range, read_varied
from hf_cner.training.search_space import default_space, names_in, read_values, space_of, suggest, with_values

optuna = pytest.importorskip("optuna", reason="Optuna is not installed: pip install '.[search]'")
RATE = "training.slot_learning_rates"


def test_by_default_the_slots_behind_the_encoder_are_varied() -> None:
    settings = resolve_settings("bilstm-mha-crf", assignments=["model.context.num_layers=2"])
    space = default_space(settings)
    rates = {f"{RATE}.{slot}" for slot in ("context", "attention", "span_decoder")}
    assert rates <= set(space) and f"{RATE}.encoder" not in space
    assert space["model.context.hidden_size"] == [64, 128, 256]
    assert {"model.dropout", "model.context.dropout"} <= set(space)
    single = default_space(resolve_settings("bilstm-crf"))
    assert "model.context.dropout" not in single, "there is none in a single layer"
    assert f"{RATE}.attention" not in single, "there is no attention"


def test_the_encoder_is_varied_when_asked_and_gently_when_it_is_pretrained() -> None:
    own = default_space(resolve_settings("lattice-lstm-crf"), encoder=True)
    assert own[f"{RATE}.encoder"]["high"] == 1e-2 and "model.encoder.dropout" in own
    pretrained = default_space(resolve_settings("bert-bilstm-crf"), encoder=True)
    assert pretrained[f"{RATE}.encoder"]["high"] == 1e-4 and "model.encoder.dropout" not in pretrained


@pytest.mark.parametrize("name", preset_names())
def test_every_presets_default_space_is_valid(name: str) -> None:
    settings = resolve_settings(name, assignments=["training.freeze_encoder=false"])  # P5's preset freezes it
    read_values(default_space(settings, encoder=True), settings)


def test_a_frozen_encoder_has_no_rate_to_vary() -> None:
    settings = resolve_settings("mcbert-bilstm-cnn-mha-crf")
    with pytest.raises(
        ValueError, match=r"rates\.encoder cannot be varied: the encoder is frozen, .* training.freeze_encoder=false"
    ):
        read_values(default_space(settings, encoder=True), settings)
    read_values(default_space(settings), settings)


def test_whole_ends_of_a_fraction_are_no_whole_numbers() -> None:
    settings = resolve_settings("bilstm-mha-crf", assignments=["training.weight_decay=0.1"])
    fractions = ["training.weight_decay", "training.max_grad_norm", f"{RATE}.context"]
    whole = ["model.context.hidden_size", "training.num_train_epochs"]
    found = read_values(
        {name: {"low": 0, "high": 1} for name in fractions} | {name: {"low": 1, "high": 2} for name in whole}, settings
    )
    assert all(isinstance(values, Range) for values in found.values())
    assert {name for name, values in found.items() if isinstance(values, Range) and values.whole()} == set(whole)
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    assert 0 < float(str(suggest(trial, found)["training.weight_decay"])) < 1
    with pytest.raises(ValueError, match=r"model\.dropout is 1\.0; it must be less than 1"):
        read_values({"model.dropout": {"low": 0, "high": 1}}, settings)


def test_the_rate_of_a_slot_and_of_a_part_of_it_are_two() -> None:
    settings = resolve_settings("bilstm-crf")
    space = {f"{RATE}.span_decoder": [0.1], f"{RATE}.span_decoder.crf": [0.2]}
    read_values(space, settings)
    rates: Any = with_values(settings, {name: values[0] for name, values in space.items()}).training[
        "slot_learning_rates"
    ]
    assert {name: rates[name] for name in ("span_decoder", "span_decoder.crf")} == {
        "span_decoder": 0.1,
        "span_decoder.crf": 0.2,
    }


def test_a_file_takes_the_default_spaces_place_and_more_is_added(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("model.dropout: [0.1, 0.3]\nmodel: {context: {hidden_size: {low: 8, high: 32}}}\n", "utf-8")
    settings = resolve_settings("bilstm-crf")
    space = space_of(settings, path=path, more={"training": {"weight_decay": {"low": 0.0, "high": 0.1}}})
    expected = {
        "model.dropout": [0.1, 0.3],
        "model.context.hidden_size": {"low": 8, "high": 32},
        "training.weight_decay": {"low": 0.0, "high": 0.1},
    }
    assert space == expected
    read_values(space, settings)
    fixed = names_in({"model": {"dropout": 0.3}})
    assert "model.dropout" not in space_of(settings, fixed=fixed)
    with pytest.raises(ValueError, match=r"model\.dropout is given a value \(--set\) and varied as well"):
        space_of(settings, path=path, fixed=fixed)
    with pytest.raises(ValueError, match="leave out --encoder, or --space"):
        space_of(settings, path=path, encoder=True)
    path.write_text("{}\n", "utf-8")
    with pytest.raises(ValueError, match=r"space\.yaml names nothing to vary"):
        space_of(settings, path=path)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "model.context.hiden_size",
            r"There is no model\.context\.hiden_size to vary in the context kind 'bilstm'\. Did",
        ),
        ("model.context.filters", r"no model\.context\.filters .* It has activation, dropout, hidden_size, num_layers"),
        ("model.attention.num_heads", r"model\.attention\.num_heads cannot be varied: the model has no attention"),
        ("model.dropuot", r"Did you mean model\.dropout"),
        ("model.windows", r"There is no model\.windows to vary in model"),
        ("training.learning_rat", r"Did you mean training\.learning_rate"),
        ("training.slot_learning_rates.contxt", r"Did you mean training\.slot_learning_rates\.context"),
        ("training.bf16", r"training\.bf16 cannot be varied: device and precision are those of the whole search"),
        ("data.split.seed", r"data\.split\.seed cannot be varied; give model\.dropout, an option of a slot"),
    ],
)
def test_names_that_cannot_be_varied_are_one_sentence(name: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_values({name: [1, 2]}, resolve_settings("bilstm-crf"))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (0.3, "must be given a list of choices, or {low: …, high: …}"),
        ({"low": 0.1}, "must be given a list of choices"),
        ({"low": 0.1, "high": 0.2, "lgo": True}, "must be given a list of choices"),
        ([], "must be numbers or words, at least one"),
        ([[1, 2], [3]], "must be numbers or words"),
        ({"low": "a", "high": 2}, "must be given in numbers"),
        ({"low": 0.1, "high": float("inf")}, "must be given in numbers"),
        ({"low": float("nan"), "high": 0.1}, "must be given in numbers"),
        ({"low": 0.5, "high": 0.1}, "must go up, and with log begin above 0"),
        ({"low": 0.0, "high": 0.1, "log": True}, "must go up, and with log begin above 0"),
        ({"low": 0.1, "high": 0.5, "log": True, "step": 0.1}, "there is none with log"),
    ],
)
def test_ranges_that_cannot_be_are_one_sentence(values: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_values({"model.dropout": values}, resolve_settings("bilstm-crf"))
    with pytest.raises(ValueError, match="the search space is empty"):
        read_values({}, resolve_settings("bilstm-crf"))


@pytest.mark.parametrize(
    ("name", "choice", "sentence"),
    [
        ("training.learning_rate", "abc", r"training\.learning_rate takes a number; found 'abc'"),
        ("training.per_device_train_batch_size", 2.5, "takes a whole number; found 2.5"),
        (f"{RATE}.context", "abc", r"learning_rates\.context takes a number; found 'abc'"),
        ("model.dropout", "abc", r"model\.dropout takes a number; found 'abc'"),
        ("model.context.hidden_size", "abc", r"hidden_size takes a whole number; found 'abc'"),
    ],
)
def test_choices_are_of_the_kind_of_their_setting(name: str, choice: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_values({name: [choice]}, resolve_settings("bilstm-crf"))
    read_values(
        {"training.optimizer": ["adam", "radam"], "model.span_decoder.scheme": ["BIO"]}, resolve_settings("bilstm-crf")
    )


def test_ranges_are_of_the_kind_of_their_setting() -> None:
    with pytest.raises(ValueError, match=r"takes a whole number; found 2\.5"):
        read_values({"training.per_device_train_batch_size": {"low": 2.5, "high": 8}}, resolve_settings("bilstm-crf"))
    with pytest.raises(ValueError, match="takes words, of which there is no range"):
        read_values({"training.optimizer": {"low": 0, "high": 1}}, resolve_settings("bilstm-crf"))


def test_values_lie_in_their_ranges_and_do_not_change_when_asked_again() -> None:
    space = {
        "model.dropout": {"low": 0.1, "high": 0.3, "step": 0.1},
        "model.context.hidden_size": {"low": 8, "high": 24, "step": 8},
        f"{RATE}.context": {"low": 1e-4, "high": 1e-2, "log": True},
        "training.optimizer": ["adam", "radam"],
    }
    varied = {name: read_varied(name, values) for name, values in space.items()}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    seen: dict[str, set[Any]] = {name: set() for name in space}
    for _ in range(40):
        trial = study.ask()
        values = suggest(trial, varied)
        assert suggest(trial, varied) == values
        for name, value in values.items():
            seen[name].add(value)
    assert {round(value, 6) for value in seen["model.dropout"]} == {0.1, 0.2, 0.3}
    assert seen["model.context.hidden_size"] == {8, 16, 24} and seen["training.optimizer"] == {"adam", "radam"}
    rates = sorted(seen[f"{RATE}.context"])
    assert 1e-4 <= rates[0] < 3e-4 and 3e-3 < rates[-1] <= 1e-2


def test_values_are_put_where_they_belong() -> None:
    settings = resolve_settings("bilstm-crf", assignments=["training.slot_learning_rates.encoder=0.5"])
    changed = with_values(settings, {"model.context.hidden_size": 7, f"{RATE}.context": 0.1})
    assert changed.model.context.to_dict() == {"kind": "bilstm", "hidden_size": 7}
    assert changed.training["slot_learning_rates"] == {"encoder": 0.5, "context": 0.1}
    assert settings.model.context.options == {"hidden_size": 128} and changed.model.dropout == 0.5
