"""Linear layers at inference: every exact way gives what float64 gives, and nothing of a model is changed by it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import torch
from closeness import assert_close
from torch import nn
from torch.nn import functional

from hf_cner.modeling import linear_paths
from hf_cner.modeling.linear_paths import EXACT, OneDnnLinears, Routed, choose_exact, fastest_exact, large_linears

HERE = [name for name, path in EXACT.items() if not path().lacking()]


def layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(80, 1024), nn.GELU(), nn.Linear(1024, 64, bias=False), nn.Linear(64, 5)).eval()


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize("shape", [(3, 7, 80), (1, 1, 80), (9, 80), (80,), (0, 7, 80)])
def test_an_exact_way_gives_what_float64_gives(name: str, shape: tuple[int, ...]) -> None:
    model, inputs = layers(), torch.randn(shape)
    exact = layers().double()(inputs.double())
    with torch.inference_mode(), choose_exact(model, name).path.active():
        assert_close(model(inputs), exact, terms=1024)
        turned = inputs.transpose(0, 1) if inputs.dim() > 2 else inputs
        assert_close(model(turned), exact.transpose(0, 1) if inputs.dim() > 2 else exact, terms=1024)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_dtypes_gradients_and_autocast_are_left_to_torch(dtype: torch.dtype) -> None:
    model, inputs = layers().to(dtype), torch.randn(3, 80, dtype=dtype)
    with torch.inference_mode(), OneDnnLinears().active():
        assert torch.equal(model(inputs), layers().to(dtype)(inputs))
    model = layers()
    with OneDnnLinears().active():
        model(torch.randn(3, 80)).sum().backward()
    assert model[0].weight.grad is not None
    with torch.inference_mode(), OneDnnLinears().active(), torch.autocast("cpu", torch.bfloat16):
        assert model(torch.randn(3, 80)).dtype == torch.bfloat16


def test_a_way_lasts_for_its_block_and_thread_and_leaves_hooks_alone() -> None:
    calls: list[str] = []

    def counted(x: torch.Tensor, weight: torch.Tensor, bias: Any = None) -> torch.Tensor:
        calls.append("linear")
        return functional.linear(x, weight, bias)

    model, inputs = layers(), torch.randn(2, 80)
    model[0].register_forward_hook(lambda *_: calls.append("hook"))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with Routed(counted):
        model(inputs)
        assert calls == ["linear", "hook", "linear", "linear"]
        other = threading.Thread(target=model, args=(inputs,))
        other.start()
        other.join()
    model(inputs)
    assert calls.count("linear") == 3 and calls.count("hook") == 3
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    assert "forward" not in vars(model[0])


def test_a_torch_without_the_operator_or_with_a_wrong_one_is_computed_as_torch_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linear_paths, "_measured", {})
    monkeypatch.setattr(OneDnnLinears, "linear", staticmethod(lambda *args: torch.ops.mkldnn.no_such(*args)))
    choice = fastest_exact(layers())
    assert choice.path.name == "torch" and "does not have oneDNN's linear layer as it was" in choice.why
    with pytest.raises(ValueError, match="cannot be computed by onednn: this version of torch"):
        choose_exact(layers(), "onednn")
    monkeypatch.setattr(linear_paths, "_measured", {})
    rounded = lambda x, w, b=None: functional.linear(x.bfloat16(), w.bfloat16(), b if b is None else b.bfloat16())  # noqa: E731
    monkeypatch.setattr(OneDnnLinears, "linear", staticmethod(lambda *args: rounded(*args).float()))
    assert "are not those of exact float32" in fastest_exact(layers()).why


def test_the_choice_is_measured_once_and_in_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[object] = []
    monkeypatch.setattr(linear_paths, "_measured", {})
    times_faster = linear_paths._times_faster
    monkeypatch.setattr(linear_paths, "_times_faster", lambda *args: measured.append(args) or times_faster(*args))
    begin = time.process_time()
    choices = [fastest_exact(layers()) for _ in range(3)]
    assert time.process_time() - begin < 2  # 0.25 s where nobody else computes
    assert len(measured) <= 1 and choices[0] == choices[2]
    for ratio, name in ((linear_paths._ENOUGH + 0.01, "onednn"), (linear_paths._ENOUGH - 0.01, "torch")):
        monkeypatch.setattr(linear_paths, "_measured", {})
        monkeypatch.setattr(linear_paths, "_times_faster", lambda *_, ratio=ratio: ratio)
        if "onednn" in HERE:
            assert fastest_exact(layers()).path.name == name


def test_small_layers_and_the_decoders_do_not_count() -> None:
    model = nn.ModuleDict({"encoder": nn.Linear(64, 64), "span_decoder": nn.Linear(64, 64), "head": nn.Linear(64, 5)})
    assert list(large_linears(model)) == ["encoder"]
    assert "no float32 layers on a CPU" in fastest_exact(nn.Linear(8, 8)).why
    with pytest.raises(ValueError, match="by 'mkl'; choose one of torch, onednn"):
        choose_exact(model, "mkl")
