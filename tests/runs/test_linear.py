from __future__ import annotations

import pytest
import torch
from closeness import assert_close
from torch import nn
from transformers import TrainerControl, TrainerState, TrainingArguments

from hf_cner.runs import linear
from hf_cner.runs.linear import FasterLinears, FastLinear, give_back, onednn_is_faster, take_faster

needs_onednn = pytest.mark.skipif(
    not (torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")),
    reason="this build of torch has no such operator",
)


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor where oneDNN is faster."""
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: True)


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(300, 400), nn.GELU(), nn.Linear(400, 300, bias=False), nn.Linear(300, 3))


def run(layers: nn.Module, vectors: torch.Tensor) -> list[torch.Tensor]:
    """Output and every gradient, of the input first."""
    vectors = vectors.clone().requires_grad_()
    layers.zero_grad()
    output = layers(vectors)
    output.pow(2).sum().backward()
    return [output, vectors.grad, *(parameter.grad for parameter in layers.parameters())]  # type: ignore[list-item]


@needs_onednn
@pytest.mark.parametrize("shape", [(7, 300), (3, 5, 300), (1, 300), (2, 1, 300), (2, 0, 300), (0, 300), (300,)])
def test_both_products_are_the_same_in_fp32(shape: tuple[int, ...], chosen: None) -> None:
    layers = model()
    vectors = torch.randn(shape)
    expected = run(model().double(), vectors.double())
    assert take_faster(layers) == 2, "the small layer stays as it is"
    assert [type(layer) for layer in layers] == [FastLinear, nn.GELU, FastLinear, nn.Linear]
    for found, wanted in zip(run(layers, vectors), expected, strict=True):
        assert found.dtype == torch.float32
        assert_close(found, wanted, terms=400)


@needs_onednn
def test_views_with_rows_and_columns_exchanged(chosen: None) -> None:
    plain, fast = nn.Linear(300, 400), nn.Linear(300, 400)
    fast.load_state_dict(plain.state_dict())
    take_faster(fast)
    vectors = torch.randn(300, 6).t()
    assert_close(fast(vectors), plain(vectors), terms=300)
    (gradient,) = torch.autograd.grad(fast(vectors.requires_grad_()).sum(), vectors)  # of one number, expanded
    (expected,) = torch.autograd.grad(plain(vectors).sum(), vectors)
    assert_close(gradient, expected, terms=400)


@needs_onednn
def test_what_is_frozen_gets_no_gradient(chosen: None) -> None:
    layers = model()
    layers[0].requires_grad_(False)
    take_faster(layers)
    layers(torch.randn(4, 300)).sum().backward()
    assert layers[0].weight.grad is None and layers[2].weight.grad is not None


@needs_onednn
def test_other_dtypes_are_as_they_were(chosen: None) -> None:
    layers = model()
    take_faster(layers)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layers(torch.randn(4, 300)).dtype == torch.bfloat16
    assert layers.double()(torch.randn(4, 300, dtype=torch.float64)).dtype == torch.float64
    assert take_faster(model().double()) == 0


def test_the_layers_are_taken_for_the_training_alone(chosen: None, tmp_path: object) -> None:
    layers, faster = model(), FasterLinears()
    names = list(layers.state_dict())
    cases: list[tuple[dict[str, bool], type]] = [({}, FastLinear), ({"bf16": True}, nn.Linear)]
    for options, expected in cases:
        args = TrainingArguments(str(tmp_path), use_cpu=True, bf16=options.get("bf16", False))
        state, control = TrainerState(), TrainerControl()
        faster.on_train_begin(args, state, control, model=layers)
        assert type(layers[0]) is expected and list(layers.state_dict()) == names
        faster.on_train_end(args, state, control, model=layers)
        assert type(layers[0]) is nn.Linear
    give_back(layers)


def test_a_bf16_that_does_not_pay_is_warned_of(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    args = TrainingArguments(str(tmp_path), use_cpu=True, bf16=True)
    monkeypatch.setattr(linear.logger, "propagate", True)
    for speed, warned in ((0.25, True), (3.0, False)):
        monkeypatch.setattr(linear, "speed_of_bf16", lambda: speed)  # noqa: B023
        caplog.clear()
        FasterLinears().on_train_begin(args, TrainerState(), TrainerControl(), model=model())
        assert ("computes a product in bf16 0.25 times as fast as in fp32" in caplog.text) == warned


def test_where_the_operator_is_wrong_or_absent_the_plain_product_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        return rows @ weight.t() * 2

    def absent(*tensors: torch.Tensor | None) -> torch.Tensor:
        raise RuntimeError("not implemented")

    for broken in (wrong, absent):
        monkeypatch.setattr(linear, "_times", broken)
        monkeypatch.setattr(linear, "CLEARLY", 0.0)
        assert not onednn_is_faster.__wrapped__()
    monkeypatch.undo()
    monkeypatch.setattr(linear, "_least_seconds", lambda call: 1.0)  # as fast: not clearly faster
    assert not onednn_is_faster.__wrapped__()
    monkeypatch.setattr(linear, "CLEARLY", 1.0)
    assert onednn_is_faster.__wrapped__() == hasattr(torch.ops.mkldnn, "_linear_pointwise")
