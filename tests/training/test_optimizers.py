from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import model, trainer

from hf_cner.training.optimizers import parameter_groups, slot_path, slot_value


def test_a_parameters_slot_is_the_first_of_its_name() -> None:
    assert slot_path("cner.encoder.model.encoder.layer.0.attention.weight").startswith("encoder.model.encoder")
    assert slot_path("base_model.model.cner.context.lstm.weight_ih_l0") == "context.lstm.weight_ih_l0"
    for wrapper in ("modules_to_save.default", "original_module"):  # of PEFT
        wrapped = f"base_model.model.span_decoder.{wrapper}.crf.transitions"
        assert slot_path(wrapped) == "span_decoder.crf.transitions"
    assert slot_path("other.weight") == ""


def test_the_longest_key_wins_and_decoder_is_span_decoder() -> None:
    rates = {"decoder": 0.2, "span_decoder.crf": 0.3, "encoder": 0.1}
    assert slot_value("span_decoder.projection.weight", rates, 1.0) == 0.2
    assert slot_value("span_decoder.crf.transitions", rates, 1.0) == 0.3
    assert slot_value("span_decoder.crfx.transitions", rates, 1.0) == 0.2
    assert slot_value("context.weight", rates, 1.0) == 1.0


def test_every_parameter_is_in_one_group_with_its_slots_values() -> None:
    network = model()
    network.cner.encoder.requires_grad_(False)
    decayed = {name for name, _ in network.named_parameters() if "weight" in name}
    groups = parameter_groups(
        network,
        decayed=decayed,
        learning_rate=1.0,
        weight_decay=0.5,
        slot_learning_rates={"context": 2.0, "encoder": 3.0},
        slot_weight_decays={"context": 0.25},
    )
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    seen = {names[id(p)]: (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    assert set(seen) == {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    for name, (rate, decay) in seen.items():
        context = name.startswith("cner.context")
        assert rate == (2.0 if context else 1.0)
        assert decay == (0.0 if name not in decayed else 0.25 if context else 0.5), name


def test_a_part_that_no_parameter_falls_under_is_refused() -> None:
    with pytest.raises(ValueError, match=r"No parameter of the model falls under 'span_decoder.krf'"):
        parameter_groups(
            model(), decayed=(), learning_rate=1.0, weight_decay=0.0, slot_learning_rates={"span_decoder.krf": 1.0}
        )


def test_a_slot_that_the_model_does_not_have_may_be_named() -> None:
    options: dict[str, Any] = {"decayed": (), "learning_rate": 1.0, "weight_decay": 0.0}
    without = [group["lr"] for group in parameter_groups(model(), **options)]
    named = parameter_groups(model(), **options, slot_learning_rates={"attention": 7.0})
    assert [group["lr"] for group in named] == without


def test_the_trainer_builds_its_optimiser_from_them(tmp_path: Path) -> None:
    options = {"slot_learning_rates": {"encoder": 1e-4, "decoder": 5e-2}, "weight_decay": 0.1}
    run = trainer(tmp_path, arguments_of=options)
    optimizer = run.create_optimizer()
    names = {id(parameter): name for name, parameter in run.model.named_parameters()}
    settings = {names[id(p)]: (g["lr"], g["weight_decay"]) for g in optimizer.param_groups for p in g["params"]}
    assert settings["cner.encoder.characters.weight"] == (1e-4, 0.1)
    assert settings["span_decoder.projection.weight"] == (5e-2, 0.1)
    assert settings["span_decoder.projection.bias"] == (5e-2, 0.0)
    assert settings["span_decoder.crf.transitions"] == (5e-2, 0.0)
    assert {rate for name, (rate, _) in settings.items() if ".context." in name} == {1e-2}


def test_transitions_are_not_decayed_without_slots_either(tmp_path: Path) -> None:
    run = trainer(tmp_path, arguments_of={"weight_decay": 0.1})
    run.create_optimizer()
    undecayed = [p for group in run.optimizer.param_groups if group["weight_decay"] == 0 for p in group["params"]]
    crf = run.model.span_decoder.crf
    assert all(any(p is q for q in undecayed) for p in crf.parameters())
    assert not any(run.model.span_decoder.projection.weight is q for q in undecayed)


def test_another_optimiser_gets_the_same_groups(tmp_path: Path) -> None:
    run = trainer(
        tmp_path,
        arguments_of={"slot_learning_rates": {"context": 1e-3}},
        optimizer_cls_and_kwargs=(torch.optim.RAdam, {"lr": 1e-2}),
    )
    assert isinstance(run.create_optimizer(), torch.optim.RAdam)
    assert {group["lr"] for group in run.optimizer.param_groups} == {1e-2, 1e-3}


def test_an_optimiser_with_groups_of_its_own_is_refused(tmp_path: Path) -> None:
    run = trainer(
        tmp_path,
        arguments_of={"slot_learning_rates": {"context": 1e-3}},
        optimizer_cls_and_kwargs=(torch.optim.SGD, {"params": []}),
    )
    with pytest.raises(ValueError, match="makes its own parameter groups"):
        run.create_optimizer()
