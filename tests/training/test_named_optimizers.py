"""Optimisers by name: the right class with the right options, steps as published, and runs that go on exactly."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import Break, arguments, trainer

from hf_cner.training.named_optimizers import NAMES, OPTIMIZERS, make_optimizer, optimizer_name, parse_options


def base_of(optimizer: Any) -> torch.optim.Optimizer:
    found: torch.optim.Optimizer = optimizer.optimizer if hasattr(optimizer, "optimizer") else optimizer
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_run_with_each_of_them_learns_and_has_the_groups_of_its_slots(name: str, tmp_path: Path) -> None:
    if name.startswith("lookahead"):
        pytest.importorskip("pytorch_optimizer")
    options = {"optimizer": name, "slot_learning_rates": {"encoder": 1e-3}, "weight_decay": 0.1, "max_steps": 4}
    run = trainer(tmp_path, arguments_of={**options, "eval_strategy": "no", "save_strategy": "no"})
    before = {key: value.clone() for key, value in run.model.state_dict().items()}
    run.train()
    used = base_of(run.optimizer.optimizer)  # inside accelerate's own wrapper
    assert type(used) is OPTIMIZERS[name.removeprefix("lookahead+")]
    by_name = {id(p): (g["initial_lr"], g["weight_decay"]) for g in used.param_groups for p in g["params"]}
    settings = {key: by_name[id(parameter)] for key, parameter in run.model.named_parameters()}
    assert settings["cner.encoder.characters.weight"] == (1e-3, 0.1)
    assert settings["span_decoder.projection.bias"] == (1e-2, 0.0)
    changed = [key for key, value in run.model.state_dict().items() if not torch.equal(value, before[key])]
    assert "span_decoder.crf.transitions" in changed and "cner.encoder.characters.weight" in changed


def test_betas_and_options_reach_the_optimiser(tmp_path: Path) -> None:
    args = arguments(tmp_path, optimizer="Lookahead + RAdam", adam_beta1=0.8, optim_args="k=3, alpha=0.25, eps=1e-7")
    assert args.optimizer == "lookahead+radam"
    weight = torch.nn.Parameter(torch.zeros(2))
    made: Any = make_optimizer("lookahead+radam", [{"params": [weight]}], args, parse_options(args.optim_args))
    assert (made.k, made.alpha) == (3, 0.25)
    assert made.optimizer.defaults["betas"] == (0.8, 0.999) and made.optimizer.defaults["eps"] == 1e-7


def test_lookahead_goes_a_share_of_the_way_after_every_k_steps(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    args = arguments(tmp_path, learning_rate=0.1)
    made = make_optimizer("lookahead+sgd", [{"params": [weight]}], args, {"k": 2, "alpha": 0.25})
    fast = slow = 1.0
    for step in range(1, 8):
        weight.grad = weight.detach().clone()  # the gradient of w²/2
        made.step()
        fast -= 0.1 * fast
        if step % 2 == 0:
            slow += 0.25 * (fast - slow)
            fast = slow
        assert weight.item() == pytest.approx(fast, abs=1e-12)


def test_adam_without_decay_steps_as_transformers_default_does(tmp_path: Path) -> None:
    ends = []
    for options in ({"optimizer": "adam"}, {}):
        run = trainer(tmp_path, arguments_of={**options, "num_train_epochs": 1, "save_strategy": "no"})
        run.train()
        ends.append(run.model.state_dict())
    assert all(torch.equal(value, ends[1][key]) for key, value in ends[0].items())


@pytest.mark.parametrize("name", ["lookahead+adam", "radam"])
def test_broken_off_and_resumed_ends_as_the_unbroken_run(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pytorch_optimizer")
    options = {
        "optimizer": name, "save_strategy": "steps", "save_steps": 7, "eval_strategy": "no", "num_train_epochs": 2,
        "slot_learning_rates": {"encoder": 2e-3}, "per_device_train_batch_size": 4,
    }  # fmt: skip
    whole = trainer(tmp_path / "whole", arguments_of=options)
    whole.train()
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "broken", arguments_of=options, callbacks=[Break(9)]).train()
    again = trainer(tmp_path / "broken", arguments_of=options)
    again.train(resume_from_checkpoint=True)  # step 7 lies between two of Lookahead's, which come every 5
    assert again.state.global_step == whole.state.global_step
    end = again.model.state_dict()
    assert all(torch.equal(value, end[key]) for key, value in whole.model.state_dict().items())
    one, other = whole.optimizer.state_dict(), again.optimizer.state_dict()
    if name.startswith("lookahead"):
        assert one["lookahead_state"].keys() == other["lookahead_state"].keys() and one["lookahead_state"]
        for key, state in one["lookahead_state"].items():
            assert torch.equal(state["slow_params"], other["lookahead_state"][key]["slow_params"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("radem", r"There is no optimizer 'radem'. Did you mean radam"),
        ("lookahead+adm", r"There is no optimizer 'lookahead\+adm'. Did you mean lookahead\+adam"),
        ("zzz", r"There is no optimizer 'zzz'. Choose from adagrad, .*, or lookahead\+ before one"),
    ],
)
def test_an_unknown_name_shows_the_nearest(name: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        arguments(tmp_path, optimizer=name)


def test_two_optimisers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="optimizer is radam and optim is adafactor; a run has one optimiser"):
        arguments(tmp_path, optimizer="radam", optim="adafactor")


def test_options_that_cannot_be_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"optim_args takes key=value, as in momentum=0.9, .*found 'momentum'"):
        arguments(tmp_path, optimizer="sgd", optim_args="momentum")
    run = trainer(tmp_path, arguments_of={"optimizer": "rmsprop", "optim_args": "beta=0.9"})
    with pytest.raises(ValueError, match="The optimizer rmsprop has no option 'beta'; it has alpha, eps"):
        run.create_optimizer()


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("adam", {"weight_decay": 0.3}, "gives weight_decay, .* set weight_decay, or slot_weight_decays"),
        ("sgd", {"lr": 0.3}, "gives lr, .* set learning_rate, or slot_learning_rates"),
        ("adam", {"betas": 5}, r"The optimizer adam cannot be made with \{'betas': 5\}: "),
        ("adam", {"betas": (0.9,)}, "The optimizer adam cannot be made with"),
        ("adagrad", {"lr_decay": None}, "The optimizer adagrad cannot be made with"),
        ("adamw", {"foreach": True, "fused": True}, "The optimizer adamw cannot be made with"),
        ("lookahead+sgd", {"k": True}, "Lookahead takes a whole k from 1 on"),
        ("lookahead+sgd", {"alpha": "x"}, "alpha above 0 up to 1"),
        ("lookahead+sgd", {"k": 2.5}, "Lookahead takes a whole k from 1 on"),
        ("lookahead+sgd", {"alpha": 0}, "alpha above 0 up to 1"),
    ],
)
def test_values_that_cannot_be_are_one_sentence(name: str, options: Any, sentence: str, tmp_path: Path) -> None:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(2))]}]
    with pytest.raises(ValueError, match=sentence):
        make_optimizer(name, groups, arguments(tmp_path), options)


def test_options_that_exclude_the_fused_kernel_take_its_place(tmp_path: Path) -> None:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(2))]}]
    made = make_optimizer("adamw", groups, arguments(tmp_path), {"foreach": True})
    assert made.defaults["foreach"] and not made.defaults["fused"]


def test_lookahead_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_optimizer", None)
    run = trainer(tmp_path, arguments_of={"optimizer": "lookahead+adam"})
    with pytest.raises(ImportError, match=r"pip install '\.\[optimizers\]'"):
        run.create_optimizer()


def test_names_are_written_in_one_way() -> None:
    assert optimizer_name(" Lookahead+Adam ") == "lookahead+adam"
    assert optimizer_name("RAdam") == "radam"
    assert parse_options("betas=(0.9, 0.99), eps=1e-8") == {"betas": (0.9, 0.99), "eps": 1e-8}
