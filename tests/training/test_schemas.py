"""The JSON schemas: every preset is valid, and what is refused when it is read is refused by the schema."""

from __future__ import annotations

from typing import Any

import pytest

from hf_cner.settings.preset import load_preset, preset_names
from hf_cner.settings.pretraining import PretrainingSettings
from hf_cner.settings.resolve import resolve_settings
from hf_cner.settings.training import TrainSettings
from hf_cner.training.checks import check_settings
from hf_cner.training.schemas import schema_of
from hf_cner.training.search_space import default_space

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed: pip install jsonschema")


@pytest.fixture(scope="module")
def validators() -> dict[str, Any]:
    made = {}
    for command in ("train", "pretrain", "search"):
        schema = schema_of(command)
        jsonschema.Draft202012Validator.check_schema(schema)
        made[command] = jsonschema.Draft202012Validator(schema)
    return made


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid_and_comes_back_as_it_was(name: str, validators: dict[str, Any]) -> None:
    settings = resolve_settings(name)
    check_settings(settings)
    validators["train"].validate(load_preset(name))
    validators["train"].validate(settings.to_dict())
    assert TrainSettings.of(settings.to_dict()) == settings
    assert TrainSettings.of(settings.given()) == settings and settings.given() == settings.to_dict()
    validators["search"].validate(default_space(settings, encoder=True))


@pytest.mark.parametrize(
    "settings",
    [
        {"model": {"dropuot": 1}},
        {"model": {"dropout": 1.5}},
        {"model": {"context": {"kind": "odd"}}},
        {"model": {"context": {"kind": "bilstm", "filters": 8}}},
        {"model": {"context": {"hiden_size": 8}}},
        {"vectors": {"path": 2024}},
        {"data": {"split": {"ratios": [8, 0]}}},
        {"training": {"learning_rate": 1e30}},
        {"training": {"num_train_epochs": 0}},
        {"training": {"learning_rat": 0.1}},
        {"training": {"push_to_hub": True}},
        {"training": {"hub_token": "x"}},
        {"training": {"slot_learning_rates": {"encoder": 3}}},
    ],
)
def test_an_editor_sees_what_is_wrong(settings: dict[str, Any], validators: dict[str, Any]) -> None:
    assert not validators["train"].is_valid(settings)
    with pytest.raises(ValueError):
        check_settings(resolve_settings("bilstm-crf", options=settings))


def test_a_file_may_change_a_slot_without_naming_its_kind(validators: dict[str, Any]) -> None:
    validators["train"].validate({"model": {"context": {"hidden_size": 8}, "interaction": None}, "training": None})


def test_pretraining_and_spaces_have_schemas(validators: dict[str, Any]) -> None:
    validators["pretrain"].validate(PretrainingSettings(output_dir="x").to_dict())
    assert not validators["pretrain"].is_valid({"objective": "nsp"})
    assert not validators["pretrain"].is_valid({"training": {"optimizer": "adam"}})  # of a tagger's training
    for space in ({"model.dropout": [0.1]}, {"model": {"context": {"hidden_size": {"low": 8, "high": 16}}}}):
        validators["search"].validate(space)
    for space in (
        {"model.dropout": 3},
        {"model.dropout": {"low": 0.1}},
        {"model": {"dropout": {"low": "a", "high": 1}}},
    ):
        assert not validators["search"].is_valid(space)
