"""Layers in a form that can be exported with a dynamic length, above all LSTM and GRU.

`torch.export` unrolls torch's own layers over the length of the example. Two forms replace them while a model is
exported. For ONNX our own operator replaces the layer, and is written as ONNX `LSTM` or `GRU`, for which ONNX Runtime
and OpenVINO have kernels. For torch, and for an LSTM with a projection (ELMo), which ONNX does not have, the recurrence
is a `scan`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch._higher_order_ops.scan import scan

_ONNX_ORDER = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}
"""The places of ONNX's gates (LSTM: input, output, forget, cell; GRU: update, reset, hidden) among torch's."""

_library = torch.library.Library("hf_cner", "DEF")
for _kind in ("lstm", "gru"):
    _library.define(f"{_kind}(Tensor steps, Tensor inputs, Tensor states, Tensor biases) -> Tensor")


def _shape(steps: Tensor, inputs: Tensor, states: Tensor, biases: Tensor) -> Tensor:
    return steps.new_empty(steps.shape[0], steps.shape[1], states.shape[2])


for _kind in ("lstm", "gru"):
    torch.library.register_fake(f"hf_cner::{_kind}", _shape, lib=_library)


class OnnxLayer(nn.Module):
    """One direction of one layer as ONNX's operator: its weights in ONNX's order."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.operator: Any = torch.ops.hf_cner.lstm if layer.mode == "LSTM" else torch.ops.hf_cner.gru
        order = torch.tensor(_ONNX_ORDER[layer.mode])
        weights = [parameter.detach() for parameter in layer.all_weights[0]]
        gates = [weight.unflatten(0, (len(order), -1))[order].flatten(0, 1) for weight in weights]
        self.register_buffer("inputs", gates[0].unsqueeze(0))
        self.register_buffer("states", gates[1].unsqueeze(0))
        no_biases = torch.zeros(2 * len(gates[0]), dtype=gates[0].dtype)
        self.register_buffer("biases", (torch.cat(gates[2:]) if layer.bias else no_biases).unsqueeze(0))

    def forward(self, vectors: Tensor) -> tuple[Tensor, None]:
        """`(b, n, d)` to `(b, n, h)`; our layers do not use the second result."""
        steps = self.operator(vectors.transpose(0, 1), self.inputs, self.states, self.biases)
        return steps.transpose(0, 1), None


class ScannedLayer(nn.Module):
    """One direction of one layer as a `scan`."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer
        self.size = layer.proj_size or layer.hidden_size

    def forward(self, vectors: Tensor) -> tuple[Tensor, None]:
        """As `OnnxLayer`."""
        layer = self.layer
        weights = dict(zip(("input", "state", "bias", "state_bias"), layer.all_weights[0], strict=False))
        steps = nn.functional.linear(
            vectors.transpose(0, 1), weights["input"], weights.get("bias") if layer.bias else None
        )
        state = steps.new_zeros(steps.shape[1], self.size)
        return self._scan(state, steps, weights).transpose(0, 1), None

    def _scan(self, state: Tensor, steps: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
        layer = self.layer
        bias = weights.get("state_bias") if layer.bias else None
        projection = layer.all_weights[0][-1] if layer.proj_size else None

        def lstm(carried: tuple[Tensor, Tensor], own: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
            given, forget, cell, output = (own + nn.functional.linear(carried[0], weights["state"], bias)).chunk(4, -1)
            memory = forget.sigmoid() * carried[1] + given.sigmoid() * cell.tanh()
            new = output.sigmoid() * memory.tanh()
            if projection is not None:
                new = nn.functional.linear(new, projection)
            return (new, memory), new.clone()

        def gru(carried: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
            reset, update, hidden = own.chunk(3, -1)
            reset_of, update_of, hidden_of = nn.functional.linear(carried, weights["state"], bias).chunk(3, -1)
            candidate = (hidden + (reset + reset_of).sigmoid() * hidden_of).tanh()
            share = (update + update_of).sigmoid()
            new = share * carried + (1 - share) * candidate
            return new, new.clone()

        if layer.mode == "GRU":
            return scan(gru, state, steps)[1]
        memory = steps.new_zeros(steps.shape[1], layer.hidden_size)
        return scan(lstm, (state, memory), steps)[1]


class Pooling(nn.Module):
    """`nn.MaxPool1d` in two dimensions: torch's layer needs the length as a number during export."""

    def __init__(self, layer: nn.MaxPool1d) -> None:
        super().__init__()
        self.width, self.padding = int(layer.kernel_size), int(layer.padding)  # type: ignore[arg-type]  # stubs: any size

    def forward(self, vectors: Tensor) -> Tensor:
        """`(b, d, n)` to `(b, d, n)`, stride 1."""
        pooled = nn.functional.max_pool2d(vectors.unsqueeze(2), (1, self.width), stride=1, padding=(0, self.padding))
        return pooled.squeeze(2)


def relative_shift(scores: Tensor, klen: int = -1) -> Tensor:
    """XLNet's `rel_shift_bnij` by a gather: its own reshapes ask for the length as a number while it is exported.

    Args:
        scores: `(b, heads, n, 2n)`, of each unit to every distance from n to -n + 1.
        klen: n.

    Returns:
        `(b, heads, n, n)`, of each unit to every unit.
    """
    length = scores.shape[2]
    units = torch.arange(length, device=scores.device)
    columns = units.unsqueeze(0) - units.unsqueeze(1) + length
    return scores.gather(3, columns.expand(*scores.shape[:2], -1, -1))


def make_exportable(model: nn.Module, *, onnx: bool) -> None:
    """Replace the layers of a copy of a model that cannot be exported."""
    for parent in list(model.modules()):
        if hasattr(parent, "rel_shift_bnij"):
            attention: Any = parent  # XLNet's
            attention.rel_shift_bnij = relative_shift
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.RNNBase):
                setattr(parent, name, OnnxLayer(child) if onnx and not child.proj_size else ScannedLayer(child))
            elif isinstance(child, nn.MaxPool1d):
                setattr(parent, name, Pooling(child))


def translations() -> dict[Any, Callable[..., Any]]:
    """The ONNX exporter's `custom_translation_table`, for our operators and an operator of torch that it lacks."""
    from onnxscript import opset18

    op: Any = opset18  # stubs: arrays for axes

    def lstm(steps: Any, inputs: Any, states: Any, biases: Any) -> Any:
        size = states.shape[2]
        return op.Squeeze(op.LSTM(steps, inputs, states, biases, hidden_size=size)[0], [1])

    def gru(steps: Any, inputs: Any, states: Any, biases: Any) -> Any:
        size = states.shape[2]  # torch applies the reset gate after the matrix
        return op.Squeeze(op.GRU(steps, inputs, states, biases, hidden_size=size, linear_before_reset=1)[0], [1])

    def searchsorted(table: Any, keys: Any, **_: Any) -> Any:
        """How many entries of the sorted table `(k,)` are smaller than each key, found bit by bit."""
        size = table.shape[0]
        found = op.Mul(keys, 0)
        for bit in reversed(range(int(size).bit_length())):
            further = op.Add(found, 1 << bit)
            entry = op.Gather(table, op.Sub(op.Min(further, op.Constant(value_int=size)), 1))
            found = op.Where(op.And(op.LessOrEqual(further, size), op.Less(entry, keys)), further, found)
        return found

    return {
        torch.ops.hf_cner.lstm.default: lstm,
        torch.ops.hf_cner.gru.default: gru,
        torch.ops.aten.searchsorted.Tensor: searchsorted,
    }
