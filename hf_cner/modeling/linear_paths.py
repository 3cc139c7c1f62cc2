"""How linear layers are computed on a CPU while a model predicts: several ways behind one call.

The contract of a way, a `LinearPath`:

1. A `name`, by which people choose it.
2. `lacking()` says what this torch or this processor does not have for it. Nothing private of torch is used before, so
   a torch without an operator is slower, and raises no error.
3. `linear(x, weight, bias)` gives what `torch.nn.functional.linear` gives. An exact way rounds otherwise.
4. It changes nothing of the model. While `with path.active():` is open, it computes the calls of `linear` in this
   thread; modules, weights, hooks, adapters and what is saved stay as they are.

Which of the exact ways is the fastest is measured (`fastest_exact`); the processor's name decides nothing.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

SMALLEST_SIDE = 64  # of a weight for which ways differ
SMALLEST_MEASURED = 1 << 16  # numbers of a weight that is worth a choice; for smaller ones it would be chance
SECONDS = 0.25  # that measuring may take
_ROWS, _ROUNDS, _SHAPES, _LARGEST_SIDE = 128, 5, 3, 4096
_ENOUGH = 1.15  # times faster than torch's own: less may be chance, and would change from run to run


class LinearPath(ABC):
    """A way to compute linear layers; the module states its contract."""

    name: str

    def lacking(self) -> str | None:
        """What is missing for this way, as the end of a sentence; None if it can be used."""
        return None

    @abstractmethod
    def active(self) -> AbstractContextManager[object]:
        """A block in which this thread's linear layers are computed in this way."""


class TorchLinears(LinearPath):
    """torch's own: on every machine, for every dtype and device."""

    name = "torch"

    def active(self) -> AbstractContextManager[object]:
        return nullcontext()


class OneDnnLinears(LinearPath):
    """oneDNN's kernels in exact float32, also where torch hands float32 to MKL. No copy of the weights is made."""

    name = "onednn"

    def lacking(self) -> str | None:
        if not (torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled):
            return "this torch has no oneDNN, or it is switched off"
        try:
            return None if _agrees(self.linear) else "oneDNN's results here are not those of exact float32"
        except (
            AttributeError,
            NotImplementedError,
            RuntimeError,
            TypeError,
        ):  # what a private operator's end may raise
            return "this version of torch does not have oneDNN's linear layer as it was"

    def active(self) -> AbstractContextManager[object]:
        return Routed(self.linear)

    @staticmethod
    def linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        """As `torch.nn.functional.linear`, which computes everything but float32 in the CPU's memory."""
        if torch.is_grad_enabled() or not is_plain(x, weight, bias):
            return functional.linear(x, weight, bias)
        found: torch.Tensor = torch.ops.mkldnn._linear_pointwise.default(x, weight, bias, "none", [], "")
        return found


class Routed(TorchFunctionMode):
    """While it is entered, a function computes the calls of `linear` in this thread; other calls do not change."""

    def __init__(self, linear: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self._linear = linear

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is functional.linear:
            return self._linear(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def is_plain(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> bool:
    """Whether these are ordinary float32 tensors in the CPU's memory, and autocast is off."""
    tensors = (x, weight) if bias is None else (x, weight, bias)
    return (
        all(each.dtype == torch.float32 and each.device.type == "cpu" for each in tensors)
        and type(weight) in (torch.Tensor, nn.Parameter)
        and type(x) is torch.Tensor
        and x.dim() > 1
        and x.numel() > 0
        and not torch.is_autocast_enabled("cpu")
    )


EXACT: dict[str, type[LinearPath]] = {path.name: path for path in (TorchLinears, OneDnnLinears)}


class Choice(NamedTuple):
    """A way, and why it was taken, as a sentence."""

    path: LinearPath
    why: str


def choose_exact(model: nn.Module, name: str | None = None) -> Choice:
    """The exact way of a name, or the fastest on this machine for the layers that this model has.

    Raises:
        ValueError: no such way, or one that this machine does not have.
    """
    if name is None:
        return fastest_exact(model)
    if name not in EXACT:
        raise ValueError(f"The linear layers are to be computed by {name!r}; choose one of {', '.join(EXACT)}.")
    path = EXACT[name]()
    if lack := path.lacking():
        raise ValueError(f"The linear layers cannot be computed by {name}: {lack}; leave the choice to hf_cner.")
    return Choice(path, f"{name}, as it was asked for")


def fastest_exact(model: nn.Module) -> Choice:
    """The fastest exact way, measured in this process once for each set of shapes and number of threads."""
    shapes = _shapes(model)
    if not shapes:
        return Choice(TorchLinears(), "torch: the model has no float32 layers on a CPU for which it would matter")
    key = (tuple(shapes), torch.get_num_threads())
    if key not in _measured:
        _measured[key] = _measure(shapes)
    return _measured[key]


_measured: dict[tuple[tuple[tuple[int, int], ...], int], Choice] = {}


def large_linears(model: nn.Module) -> dict[str, nn.Linear]:
    """The linear layers by name that are large enough for a difference, without those of the decoder."""
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and type(module.weight) in (torch.Tensor, nn.Parameter)
        and module.weight.dtype == torch.float32
        and module.weight.device.type == "cpu"
        and min(module.weight.shape) >= SMALLEST_SIDE
        and "span_decoder" not in name.split(".")
    }


def _shapes(model: nn.Module) -> list[tuple[int, int]]:
    """The shapes `(out, in)` in which most of the arithmetic lies."""
    layers = [m for m in large_linears(model).values() if m.weight.numel() >= SMALLEST_MEASURED]
    counts = Counter((m.out_features, m.in_features) for m in layers)
    return sorted(counts, key=lambda shape: -counts[shape] * shape[0] * shape[1])[:_SHAPES]


def _measure(shapes: list[tuple[int, int]]) -> Choice:
    onednn = OneDnnLinears()
    with torch.inference_mode():
        if lack := onednn.lacking():
            return Choice(TorchLinears(), f"torch: {lack}")
        ratio = _times_faster(onednn.linear, shapes)
    said = ", ".join(f"{wide} × {high}" for high, wide in shapes)
    threads = torch.get_num_threads()
    figure = f"oneDNN is {ratio:.2f} times as fast as torch's own on {said} with {threads} thread{'s' * (threads > 1)}"
    if ratio >= _ENOUGH:
        return Choice(onednn, f"onednn: {figure}; the results are those of float32")
    return Choice(TorchLinears(), f"torch: {figure}, and {_ENOUGH} is wanted")


def _times_faster(linear: Callable[..., torch.Tensor], shapes: list[tuple[int, int]]) -> float:
    """How many times faster than torch's, by the best of interleaved rounds, over all shapes together."""
    best: dict[tuple[int, int], list[float]] = {}
    until = time.perf_counter() + SECONDS
    for round_number in range(_ROUNDS + 1):
        if round_number > 1 and time.perf_counter() > until:
            break
        for shape in shapes:
            high, wide = (min(side, _LARGEST_SIDE) for side in shape)
            inputs = (torch.ones(_ROWS, wide), torch.ones(high, wide), torch.ones(high))
            found = []
            for function in (functional.linear, linear):
                begin = time.perf_counter()
                function(*inputs)
                found.append(time.perf_counter() - begin)
            if round_number:  # the first warms up
                best[shape] = [min(pair) for pair in zip(found, best.get(shape, found), strict=True)]
    own, other = (sum(times[way] for times in best.values()) for way in (0, 1))
    return own / max(other, 1e-9)


def _agrees(linear: Callable[..., torch.Tensor]) -> bool:
    """Whether a way gives what float64 gives, but for rounding in float32, on inputs of the kinds that occur."""
    numbers = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        weight, bias = torch.randn(96, 80, generator=numbers), torch.randn(96, generator=numbers)
        rows = torch.randn(7, 5, 80, generator=numbers)
        cases = [(rows, bias), (rows[0], None), (rows.transpose(0, 1), bias), (rows[:1, :1], bias)]
        for x, added in cases:
            exact = functional.linear(x.double(), weight.double(), None if added is None else added.double())
            found = linear(x, weight, added)
            bound = 4 * torch.finfo(torch.float32).eps * weight.shape[1] ** 0.5 * float(exact.abs().max())
            if found.dtype != torch.float32 or not bool(((found.double() - exact).abs() <= bound).all()):
                return False
    return True
