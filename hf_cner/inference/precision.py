"""In which arithmetic a predictor computes the large linear layers: exact float32, bfloat16 or int8.

Only inputs and weights of these layers are rounded. All other computations stay in float32 or better. The
rounded weights are copies that a predictor owns; they are made again when the model's weights change.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..modeling.linear_paths import Choice, LinearPath, Routed, choose_exact, is_plain, large_linears

PRECISIONS = ("auto", "fp32", "bf16", "bf16-emulated", "int8")
_DEPRECATED = "torch.quantize_per_tensor, torch.quantize_per_channel and other quantized tensor"
Packed = Callable[[torch.Tensor], torch.Tensor]


def choose_linears(model: nn.Module, *, precision: str = "auto", linear: str | None = None) -> Choice:
    """How a model's linear layers are computed.

    Args:
        precision: `auto`: as the weights are, by the fastest exact way; `fp32`: the same, and weights in anything else
            are refused; `bf16`, where the processor has it; `bf16-emulated`, everywhere, slowly; `int8`: inputs are
            quantised by batch, so a result may depend on the other texts of its batch.
        linear: the exact way by its name, see `modeling.linear_paths`; None takes what is measured to be the fastest.

    Raises:
        ValueError: an unknown name, or a precision that this model, device or processor does not have.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"The precision is {precision!r}; choose one of {', '.join(PRECISIONS)}.")
    if precision == "fp32":
        check_float32(model)
    if precision in ("auto", "fp32"):
        return choose_exact(model, linear)
    if linear is not None:
        raise ValueError(f"{linear} computes in exact float32, and the precision is {precision}; choose one of them.")
    device = next(model.parameters()).device.type
    if device != "cpu":
        raise ValueError(f"The precision {precision} is for a CPU, and the model is on {device}; load it with dtype=….")
    path = REDUCED[precision](model)
    if lack := path.lacking():
        raise ValueError(f"The precision {precision} cannot be used: {lack}.")
    return Choice(path, f"{precision} in {path.layers} linear layers, the rest in float32; as it was asked for")


def check_float32(model: nn.Module) -> None:
    """Raise ValueError if a model's weights are in another dtype than float32 or float64."""
    for name, weight in model.named_parameters():
        if weight.is_floating_point() and weight.dtype not in (torch.float32, torch.float64):
            kind = str(weight.dtype).removeprefix("torch.")
            raise ValueError(
                f"The precision fp32 was asked for, but the weights are in {kind} (first {name}); load the model with "
                "dtype=torch.float32."
            )


class ReducedLinears(LinearPath):
    """A way that keeps rounded copies of the weights of one model's large linear layers.

    A copy is renewed when its weight was changed, replaced or moved. torch counts most changes; a sample of the
    numbers shows changes through `weight.data`, which torch does not count.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._packed: dict[int, tuple[tuple[object, ...], nn.Linear, Packed]] = {}
        self.layers = len(large_linears(model))

    def active(self) -> AbstractContextManager[object]:
        """A block in which the layers are computed with rounded weights; the first block makes the copies."""
        with torch.inference_mode(False), torch.no_grad():
            packed: dict[int, tuple[tuple[object, ...], nn.Linear, Packed]] = {}
            for layer in large_linears(self._model).values():
                now = _state(layer)
                kept = self._packed.get(id(layer.weight))
                packed[id(layer.weight)] = (
                    kept if kept is not None and kept[0] == now else (now, layer, self.pack(layer))
                )
            self._packed = packed  # in one step: another thread may be computing
        return Routed(self._linear)

    def lacking(self) -> str | None:
        """What is missing for this way, as the end of a sentence."""
        return None if self.layers else "the model has no float32 linear layers on a CPU that are large enough"

    @abstractmethod
    def pack(self, layer: nn.Linear) -> Packed:
        """A function from inputs `(…, in)` to outputs `(…, out)`, both float32, with the layer's weights rounded."""

    def _linear(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        kept = self._packed.get(id(weight))
        own = kept is not None and kept[1].weight is weight and kept[1].bias is bias
        if kept is None or not own or torch.is_grad_enabled() or not is_plain(x, weight, bias):
            return functional.linear(x, weight, bias)
        return kept[2](x)


class BFloat16Linears(ReducedLinears):
    """bfloat16 inputs and weights, summed up in float32, where the processor has instructions for that."""

    name = "bf16"

    def lacking(self) -> str | None:
        if has_bfloat16():
            return super().lacking()
        return (
            "this processor has no instructions for bfloat16, so float32 is faster; leave it out, or "
            "choose bf16-emulated to see its spans"
        )

    def pack(self, layer: nn.Linear) -> Packed:
        weight = layer.weight.detach().bfloat16()
        bias = None if layer.bias is None else layer.bias.detach().bfloat16()
        return lambda x: functional.linear(x.bfloat16(), weight, bias).float()


class EmulatedBFloat16Linears(BFloat16Linears):
    """The results of bfloat16 on any processor."""

    name = "bf16-emulated"

    def lacking(self) -> str | None:
        return ReducedLinears.lacking(self)


class Int8Linears(ReducedLinears):
    """Weights in 8 bits with a scale for each output, inputs in 8 bits with one scale for each batch."""

    name = "int8"

    def lacking(self) -> str | None:
        engines = [name for name in torch.backends.quantized.supported_engines if name != "none"]
        return super().lacking() or (None if engines else "this torch has no quantised layers")

    def pack(self, layer: nn.Linear) -> Packed:
        weight = layer.weight.detach()
        scales = weight.abs().amax(dim=1).clamp(min=torch.finfo(torch.float32).tiny * 256).double() / 127
        zeros = torch.zeros(len(scales), dtype=torch.int64)
        with warnings.catch_warnings():  # torch 2.13 still has nothing else behind this operator
            warnings.filterwarnings("ignore", message=_DEPRECATED, category=UserWarning)
            rounded = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        bias = None if layer.bias is None else layer.bias.detach()
        packed: Any = torch.ops.quantized.linear_prepack(rounded, bias)
        narrow = not torch.cpu._is_vnni_supported()  # 16-bit sums of two products would overflow
        return lambda x: torch.ops.quantized.linear_dynamic(x, packed, narrow)


REDUCED: dict[str, type[ReducedLinears]] = {
    path.name: path for path in (BFloat16Linears, EmulatedBFloat16Linears, Int8Linears)
}


def has_bfloat16() -> bool:
    """Whether the processor has instructions for products in bfloat16, by torch's test."""
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))


def _state(layer: nn.Linear) -> tuple[object, ...]:
    """A value that is equal as long as the layer has the numbers of its copy."""
    tensors = [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
    return tuple(
        (id(each), each.data_ptr(), 0 if each.is_inference() else each._version, *_sample(each.detach()))
        for each in tensors
    )


def _sample(numbers: torch.Tensor) -> list[float]:
    flat = numbers.reshape(-1)
    sample: list[float] = flat[:: max(1, len(flat) // 16)].tolist()
    return sample
