"""Linear layers of a training run on a CPU, exact in fp32, by whichever of two products is faster on this processor.

torch multiplies fp32 matrices on a CPU with MKL, which has no AVX-512 code for every processor: on some, oneDNN, which
torch holds as well, is twice as fast. Both compute in fp32 and differ in the order of the sums alone. oneDNN's product
of a weight that changes is an operator of torch's own compiler (`mkldnn::_linear_pointwise`) and no public one, so it
is compared with the plain product before it is used; where it is absent or wrong, the plain one stays.

The choice is measured once in a process, and has to be clear: a run that is resumed must compute as before. bf16 is
never chosen here, because it is less exact; where it is asked for and does not pay, a warning says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from transformers import TrainerCallback
from transformers.utils import logging

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


class FastLinear(nn.Linear):
    """`nn.Linear` by oneDNN where its input is fp32 on a CPU, as it is outside autocast; else as it ever was."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        plain = torch.is_autocast_enabled("cpu") or input.dtype != torch.float32 or self.weight.dtype != torch.float32
        if plain or input.device.type != "cpu" or input.ndim < 2 or not input.numel():
            return super().forward(input)
        product: torch.Tensor = Product.apply(input, self.weight, self.bias)
        return product


@cache
def onednn_is_faster() -> bool:
    """Whether oneDNN's product is right on this machine, and clearly faster than torch's own."""
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    generator = torch.Generator().manual_seed(0)
    vectors, weight, bias = (torch.randn(*size, generator=generator) for size in ((256, 768), (768, 768), (768,)))
    try:
        right = all(
            torch.allclose(_times(a, b).double(), a.double() @ b.double().t(), rtol=1e-4, atol=1e-3)
            for a, b in ((vectors, weight), (vectors, weight.t()), (vectors.t(), weight[:256].t()))
        )
    except (RuntimeError, TypeError):  # an operator with another signature, or one that this build does not run
        return False
    plain = _least_seconds(lambda: functional.linear(vectors, weight, bias))
    return right and plain >= CLEARLY * _least_seconds(lambda: _times(vectors, weight, bias))


@cache
def speed_of_bf16() -> float:
    """How many times as fast as torch's own in fp32 a product in bf16 is on this CPU: below 1 it is slower."""
    vectors, weight = torch.ones(128, 256), torch.ones(256, 256)
    halves = vectors.bfloat16(), weight.bfloat16()
    plain = _least_seconds(lambda: functional.linear(vectors, weight))
    return plain / _least_seconds(lambda: functional.linear(*halves))


def _least_seconds(call: Callable[[], object]) -> float:
    """Of several calls, the one that other work on the machine disturbed least."""
    with torch.no_grad():
        call()
        seconds = []
        for _ in range(TRIALS):
            begin = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - begin)
    return min(seconds)


def take_faster(model: nn.Module) -> int:
    """Let the larger linear layers of a model compute by oneDNN where that is faster; returns how many do.

    Weights, names and state dict stay as they are, and so does what the layers compute, but for its rounding.
    """
    large = [
        module
        for module in model.modules()
        if type(module) is nn.Linear
        and module.weight.numel() >= SMALLEST
        and (module.weight.device.type, module.weight.dtype) == ("cpu", torch.float32)
    ]
    if not large or not onednn_is_faster():
        return 0
    for module in large:
        module.__class__ = FastLinear
    return len(large)


def give_back(model: nn.Module) -> None:
    """Undo `take_faster`."""
    for module in model.modules():
        if type(module) is FastLinear:
            module.__class__ = nn.Linear  # type: ignore[assignment]  # what it was


class FasterLinears(TrainerCallback):
    """Takes the faster products for the time of a training, in fp32 and without a compiler; warns of a slow bf16."""

    @event
    def on_train_begin(self, now: Moment) -> None:
        assert now.model is not None, "transformers passes it with every event"
        if not (now.args.bf16 or now.args.fp16 or now.args.torch_compile):
            take_faster(now.model)
        if now.args.bf16 and next(now.model.parameters()).device.type == "cpu" and speed_of_bf16() < 1:
            logger.warning(
                f"Training in bf16 was asked for, and this processor computes a product in bf16 {speed_of_bf16():.2g} "
                "times as fast as in fp32, so it takes longer and is less exact; leave training.bf16 out."
            )

    @event
    def on_train_end(self, now: Moment) -> None:
        assert now.model is not None, "transformers passes it with every event"
        give_back(now.model)
