"""Linear layers of a training run on a CPU, exact in fp32, by whichever of two products is faster on this processor.

torch multiplies fp32 matrices on a CPU with MKL, which has no AVX-512 code for every processor: on some, oneDNN, which
torch holds as well, is twice as fast. `modeling.linear_paths` does the same for prediction, and needs no gradients.

The choice is measured once in a process, and must be clear, so that a resumed run computes as before. bf16 is never
chosen here, because it is less exact; if it is asked for and is slower, a warning says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from transformers import Trainer, TrainerCallback
from transformers.utils import logging

from ..modeling.linear_paths import LinearPath, OneDnnLinears, Routed, TorchLinears, is_plain
from .events import Moment, event

logger = logging.get_logger(__name__)

CLEARLY = 1.5  # times as fast; measured 2.0 on an AMD core with AVX-512 and 1.0 on an Intel core
SMALLEST = 1 << 16  # weights; below that the call costs what the product saves
TRIALS = 7


def _times(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """`(…, i)` by `(o, i)`: `(…, o)`; either may be a view whose columns and rows are exchanged."""
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
    return product


class Product(torch.autograd.Function):
    """`functional.linear` by oneDNN, fp32 on a CPU: `vectors (…, i)`, `weight (o, i)`, `bias (o,)` or None."""

    @staticmethod
    def forward(ctx: Any, vectors: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(vectors, weight)
        return _times(vectors, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        vectors, weight = ctx.saved_tensors
        of_vectors, of_weight, of_bias = ctx.needs_input_grad
        gradient = gradients[0].contiguous()
        rows = gradient.flatten(0, -2)
        return (
            _times(gradient, weight.t()) if of_vectors else None,
            _times(rows.t(), vectors.flatten(0, -2).t()) if of_weight else None,
            rows.sum(dim=0) if of_bias else None,
        )


class TrainedOneDnn(LinearPath):
    """oneDNN's products, forward and backward, for the larger weights."""

    name = "onednn"

    def lacking(self) -> str | None:
        return OneDnnLinears().lacking() or (None if _agrees() else "oneDNN's gradients here are not exact in fp32")

    def active(self) -> AbstractContextManager[object]:
        return Routed(self.linear)

    @staticmethod
    def linear(vectors: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        """As `torch.nn.functional.linear`, which computes small weights and everything but fp32 on a CPU."""
        if weight.numel() < SMALLEST or not is_plain(vectors, weight, bias):
            return functional.linear(vectors, weight, bias)
        product: torch.Tensor = Product.apply(vectors, weight, bias)
        return product


def _agrees() -> bool:
    """Whether the products of the backward pass, of views with rows and columns exchanged, are right."""
    generator = torch.Generator().manual_seed(0)
    vectors, weight = torch.randn(96, 128, generator=generator), torch.randn(128, 128, generator=generator)
    try:
        return all(
            torch.allclose(_times(a, b).double(), a.double() @ b.double().t(), rtol=1e-4, atol=1e-3)
            for a, b in ((vectors, weight.t()), (vectors.t(), weight[:, :96].contiguous()))
        )
    except (RuntimeError, TypeError):  # an operator that this build does not run so
        return False


@cache
def onednn_is_faster() -> bool:
    """Whether oneDNN's products are right on this machine, and clearly faster than torch's own."""
    if TrainedOneDnn().lacking() is not None:
        return False
    vectors, weight, bias = torch.ones(256, 768), torch.ones(768, 768), torch.ones(768)
    plain = _least_seconds(lambda: functional.linear(vectors, weight, bias))
    return plain >= CLEARLY * _least_seconds(lambda: _times(vectors, weight, bias))


@cache
def speed_of_bf16() -> float:
    """How many times as fast as torch's own in fp32 a product in bf16 is on this CPU: below 1 it is slower."""
    vectors, weight = torch.ones(128, 256), torch.ones(256, 256)
    halves = vectors.bfloat16(), weight.bfloat16()
    plain = _least_seconds(lambda: functional.linear(vectors, weight))
    return plain / _least_seconds(lambda: functional.linear(*halves))


def _least_seconds(call: Callable[[], object]) -> float:
    """The time of the fastest of several calls, which other work disturbed least."""
    with torch.no_grad():
        call()
        seconds = []
        for _ in range(TRIALS):
            begin = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - begin)
    return min(seconds)


def faster_path(model: nn.Module) -> LinearPath:
    """How linear layers are computed while a model learns in fp32; torch's own way if oneDNN is not faster."""
    large = any(
        isinstance(module, nn.Linear)
        and module.weight.numel() >= SMALLEST
        and (module.weight.device.type, module.weight.dtype) == ("cpu", torch.float32)
        for module in model.modules()
    )
    return TrainedOneDnn() if large and onednn_is_faster() else TorchLinears()


class FasterLinears(TrainerCallback):
    """Chooses the products of a training, in fp32 and without a compiler; warns of a slow bf16.

    Attributes:
        path: in whose `active()` block a trainer takes each step. The model itself is not changed.
    """

    def __init__(self) -> None:
        self.path: LinearPath = TorchLinears()

    @event
    def on_train_begin(self, now: Moment) -> None:
        assert now.model is not None, "transformers passes it with every event"
        exact = not (now.args.bf16 or now.args.fp16 or now.args.torch_compile)
        self.path = faster_path(now.model) if exact else TorchLinears()
        if now.args.bf16 and next(now.model.parameters()).device.type == "cpu" and speed_of_bf16() < 1:
            logger.warning(
                f"Training in bf16 was asked for, and this processor computes a product in bf16 {speed_of_bf16():.2g} "
                "times as fast as in fp32, so it takes longer and is less exact; leave training.bf16 out."
            )


class FasterTrainer(Trainer):
    """A Trainer that can take its steps with the faster of the exact linear layers."""

    _linears: FasterLinears | None = None

    def take_faster_linears(self) -> None:
        """Choose the linear layers when a training begins."""
        self._linears = FasterLinears()
        self.add_callback(self._linears)

    def training_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        path = TorchLinears() if self._linears is None else self._linears.path
        with path.active():
            return super().training_step(model, inputs, num_items_in_batch)
