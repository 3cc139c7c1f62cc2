from __future__ import annotations

import pytest
import torch
from closeness import assert_close
from torch import nn
from transformers import TrainerControl, TrainerState, TrainingArguments

from hf_cner.modeling.linear_paths import TorchLinears
from hf_cner.runs import linear
from hf_cner.runs.linear import FasterLinears, TrainedOneDnn, faster_path, onednn_is_faster

needs_onednn = pytest.mark.skipif(
    not (torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")),
    reason="this build of torch has no such operator",
)


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor where oneDNN is faster."""
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: True)


@pytest.fixture
def products(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the weights by which oneDNN multiplied."""
    seen: list[tuple[int, ...]] = []
    times = linear._times

    def counted(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        seen.append(tuple(weight.shape))
        return times(rows, weight, bias)

    monkeypatch.setattr(linear, "_times", counted)
    return seen


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(300, 400), nn.GELU(), nn.Linear(400, 300, bias=False), nn.Linear(300, 3))


def run(layers: nn.Module, vectors: torch.Tensor, path: linear.LinearPath | None = None) -> list[torch.Tensor]:
    """Output and every gradient, of the input first."""
    vectors = vectors.clone().requires_grad_()
    layers.zero_grad()
    with (path or TorchLinears()).active():
        output = layers(vectors)
        output.pow(2).sum().backward()
    return [output, vectors.grad, *(parameter.grad for parameter in layers.parameters())]  # type: ignore[list-item]


@needs_onednn
@pytest.mark.parametrize("shape", [(7, 300), (3, 5, 300), (1, 300), (2, 1, 300), (2, 0, 300), (0, 300), (300,)])
def test_both_products_are_the_same_in_fp32(shape: tuple[int, ...], products: list[tuple[int, ...]]) -> None:
    vectors = torch.randn(shape)
    expected = run(model().double(), vectors.double())
    for found, wanted in zip(run(model(), vectors, TrainedOneDnn()), expected, strict=True):
        assert found.dtype == torch.float32
        assert_close(found, wanted, terms=400)
    used = len(shape) > 1 and 0 not in shape
    assert ((400, 300) in products and (300, 400) in products) == used
    assert (3, 300) not in products, "the small layer stays as it is"


@needs_onednn
def test_views_with_rows_and_columns_exchanged(products: list[tuple[int, ...]]) -> None:
    layer = nn.Linear(300, 400)
    vectors = torch.randn(300, 6).t().requires_grad_()
    with TrainedOneDnn().active():
        found = layer(vectors)
        (gradient,) = torch.autograd.grad(found.sum(), vectors)  # of one number, expanded
    assert_close(found, layer(vectors), terms=300)
    (expected,) = torch.autograd.grad(layer(vectors).sum(), vectors)
    assert_close(gradient, expected, terms=400)
    assert products


@needs_onednn
def test_what_is_frozen_gets_no_gradient() -> None:
    layers = model()
    layers[0].requires_grad_(False)
    with TrainedOneDnn().active():
        layers(torch.randn(4, 300)).sum().backward()
    assert layers[0].weight.grad is None and layers[2].weight.grad is not None


@needs_onednn
def test_other_dtypes_are_as_they_were(chosen: None, products: list[tuple[int, ...]]) -> None:
    layers = model()
    with TrainedOneDnn().active():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert layers(torch.randn(4, 300)).dtype == torch.bfloat16
        assert layers.double()(torch.randn(4, 300, dtype=torch.float64)).dtype == torch.float64
    assert not products
    assert faster_path(layers).name == "torch"


def test_the_products_are_chosen_when_a_training_begins(chosen: None, tmp_path: object) -> None:
    for bf16, expected in ((False, "onednn"), (True, "torch")):
        args = TrainingArguments(str(tmp_path), use_cpu=True, bf16=bf16)
        faster = FasterLinears()
        assert faster.path.name == "torch"
        faster.on_train_begin(args, TrainerState(), TrainerControl(), model=model())
        assert faster.path.name == expected
    assert faster_path(nn.Linear(3, 300)).name == "torch"


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


@pytest.mark.parametrize("fault", ["wrong", "absent"])
def test_where_the_operator_is_wrong_or_absent_the_plain_product_stays(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        if fault == "absent":
            raise RuntimeError("not implemented")
        return rows @ weight.t() * 2

    monkeypatch.setattr(linear, "_times", broken)
    monkeypatch.setattr(linear, "CLEARLY", 0.0)
    assert TrainedOneDnn().lacking() is not None
    assert not onednn_is_faster.__wrapped__()


@needs_onednn
def test_what_is_not_clearly_faster_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "_least_seconds", lambda call: 1.0)
    assert not onednn_is_faster.__wrapped__()
    monkeypatch.setattr(linear, "CLEARLY", 1.0)
    assert onednn_is_faster.__wrapped__()
