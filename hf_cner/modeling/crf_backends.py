"""Several ways to compute what a CRF does, behind one call, in the manner of einops' `_backends.py`.

A backend
1. has a name, which the environment variable HF_CNER_CRF may hold;
2. is imported only if it can be used: a function in `LOADERS` imports it, or raises with the reason;
3. says which tensors it takes;
4. gives the same numbers as `TorchBackend`, paths and the choice among equal ones included, and names NaN.

HF_CNER_CRF is `auto`, which is the default, or a backend's name. `auto` takes the first backend of `LOADERS` that can
be loaded and takes the tensors. The choice depends on no size and on no earlier computation, so a resumed
run computes the same numbers. This file knows torch only; the package adds others (`hf_cner.fast`).
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .crf_chains import Layout, Potentials, make_layout, on_host, unpacked
from .crf_decode import best_paths, max_marginals
from .crf_likelihood import LogLikelihood, Path, forward_backward, make_path, shift
from .crf_segments import Segment, segment_probabilities
from .labels import IGNORED

SETTING = "HF_CNER_CRF"
Forbidden = tuple[np.ndarray, np.ndarray, np.ndarray]


class Weights(NamedTuple):
    """A CRF's parameters `(t,)`, `(t, t)`, `(t,)`, and in the same shapes what its constraints forbid, or None."""

    start: Tensor
    transitions: Tensor
    end: Tensor
    forbidden: Forbidden | None

    def potentials(self, constrained: bool = True) -> Potentials:
        """The parameters in float64, -inf where a constraint forbids."""
        parts = [parameter.detach().to(torch.float64) for parameter in self[:3]]
        if constrained and self.forbidden is not None:
            masks = (torch.from_numpy(mask).to(parts[0].device) for mask in self.forbidden)
            parts = [part.masked_fill(mask, -torch.inf) for part, mask in zip(parts, masks, strict=True)]
        return Potentials(*parts)

    def likelihood(self, emissions: Tensor, potentials: Potentials, path: Path, layout: Layout) -> Tensor:
        """Log-likelihoods `(b,)` of paths, differentiable, under potentials made of these parameters."""
        return LogLikelihood.apply(emissions, *self[:3], potentials.shifted(), path, layout)


class CrfBackend(ABC):
    """See the module. Emissions are `(b, n, t)`, masks `(b, n)` bool, and neither b nor n is 0."""

    name: ClassVar[str]

    @abstractmethod
    def takes(self, emissions: Tensor) -> bool:
        """Whether this backend can compute with such tensors."""

    @abstractmethod
    def log_likelihood(self, weights: Weights, emissions: Tensor, tags: Tensor, mask: Tensor) -> tuple[Tensor, int]:
        """Log-likelihoods `(b,)` of tags `(b, n)`, differentiable once, and the number of rows that are forbidden.

        Those rows are scored without constraints. The result has the emissions' dtype, at least float32. Raises
        ValueError for a tag out of range, on the CPU.
        """

    @abstractmethod
    def viterbi(self, weights: Weights, emissions: Tensor, mask: Tensor) -> Tensor:
        """Tags of the best path, `(b, n)` long, -100 where the mask is off."""

    @abstractmethod
    def decode(self, weights: Weights, emissions: Tensor, mask: Tensor) -> list[list[int]]:
        """The same as lists of each row's units."""

    @abstractmethod
    def marginals(self, weights: Weights, emissions: Tensor, mask: Tensor) -> Tensor:
        """Posteriors of tags, `(b, n, t)` float64; zero where the mask is off."""

    @abstractmethod
    def max_marginals(self, weights: Weights, emissions: Tensor, mask: Tensor) -> Tensor:
        """Score of the best path through each tag minus the best path's, `(b, n, t)` float64."""

    @abstractmethod
    def segment_probabilities(
        self, weights: Weights, emissions: Tensor, mask: Tensor, segments: Sequence[Sequence[Segment]]
    ) -> Tensor:
        """Posteriors of the segments of all rows, one row after another, float64."""


class TorchBackend(CrfBackend):
    """torch's operations, on any device; on the CPU NumPy's on the same memory, where those are faster."""

    name = "torch"

    def takes(self, emissions: Tensor) -> bool:
        return True

    def log_likelihood(self, weights: Weights, emissions: Tensor, tags: Tensor, mask: Tensor) -> tuple[Tensor, int]:
        layout = make_layout(mask)
        path = make_path(tags, layout, len(weights.start))
        if on_host(mask):
            lowest, highest = path.tags.aminmax()
            if lowest < 0 or highest >= len(weights.start):
                raise strange_tag(int(lowest if lowest < 0 else highest), len(weights.start))
        potentials = weights.potentials()
        scores = weights.likelihood(emissions, potentials, path, layout)
        if weights.forbidden is None:
            return scores, 0
        illegal = path.parameter_score(potentials, layout) == -torch.inf
        number = int(illegal.sum())
        if not number:
            return scores, 0
        return torch.where(
            illegal, weights.likelihood(emissions, weights.potentials(False), path, layout), scores
        ), number

    def viterbi(self, weights: Weights, emissions: Tensor, mask: Tensor) -> Tensor:
        layout = make_layout(mask)
        return unpacked(self._best(weights, emissions, mask, layout), layout, IGNORED, torch.long)

    def decode(self, weights: Weights, emissions: Tensor, mask: Tensor) -> list[list[int]]:
        layout = make_layout(mask)
        tags = self._best(weights, emissions, mask, layout).T.tolist()
        return [row[:length] for row, length in zip(tags, layout.lengths.tolist(), strict=True)]

    def _best(self, weights: Weights, emissions: Tensor, mask: Tensor, layout: Layout) -> Tensor:
        check_numbers(weights, emissions, mask)
        return best_paths(emissions, weights.potentials(), layout)

    def marginals(self, weights: Weights, emissions: Tensor, mask: Tensor) -> Tensor:
        layout = make_layout(mask)
        check_numbers(weights, emissions, mask)
        posterior = forward_backward(shift(emissions, layout), weights.potentials().shifted(), layout)
        tags = (posterior.joint / posterior.mass.unsqueeze(-1)).masked_fill_(~layout.valid.unsqueeze(-1), 0.0)
        return unpacked(tags, layout, 0.0, torch.float64)

    def max_marginals(self, weights: Weights, emissions: Tensor, mask: Tensor) -> Tensor:
        layout = make_layout(mask)
        check_numbers(weights, emissions, mask)
        return unpacked(max_marginals(emissions, weights.potentials(), layout), layout, 0.0, torch.float64)

    def segment_probabilities(
        self, weights: Weights, emissions: Tensor, mask: Tensor, segments: Sequence[Sequence[Segment]]
    ) -> Tensor:
        check_numbers(weights, emissions, mask)
        return segment_probabilities(emissions, weights.potentials().shifted(), mask, segments)


def strange_tag(found: int, num_tags: int) -> ValueError:
    """The error for a tag out of range."""
    return ValueError(f"tags must be 0 to {num_tags - 1} (or {IGNORED}: masked out), got {found}")


def not_numbers(row: int | None, position: int = 0) -> FloatingPointError:
    """The error for scores that are NaN or infinite; without a row, for the CRF's own parameters."""
    what = "CRF's transitions" if row is None else f"emissions of row {row}, position {position},"
    return FloatingPointError(
        f"The {what} hold NaN or infinity, so nothing is decoded: the model's weights are broken, or its precision is "
        "too low; load it with dtype=torch.float32."
    )


def check_numbers(weights: Weights, emissions: Tensor, mask: Tensor) -> None:
    """Raise FloatingPointError for NaN and infinity, on the CPU; on a device the check would have to wait for it.

    -inf is legal: it rules a tag out.
    """
    if not on_host(emissions):
        return
    if not all(_numbers(part.detach()) for part in weights[:3]):
        raise not_numbers(None)
    if not _numbers(emissions):  # masked positions may hold anything
        bad = ((~(emissions < torch.inf)).any(-1) & mask).nonzero()
        if len(bad):
            raise not_numbers(int(bad[0, 0]), int(bad[0, 1]))


def _numbers(values: Tensor) -> bool:
    """Whether no score is NaN or infinite; one pass, because `amax` gives NaN if there is one."""
    return bool(values.amax() < torch.inf)


LOADERS: dict[str, Callable[[], CrfBackend]] = {"torch": TorchBackend}
"""By name, the fastest first. A function raises ImportError with a sentence if its backend cannot be used."""

_loaded: dict[str, CrfBackend | ImportError] = {}


def load_backend(name: str) -> CrfBackend | ImportError:
    """A backend, or the reason why it cannot be used; cached."""
    if name not in _loaded:
        try:
            _loaded[name] = LOADERS[name]()
        except ImportError as error:
            _loaded[name] = error
    return _loaded[name]


def backend_for(emissions: Tensor) -> CrfBackend:
    """The backend that computes with these emissions, see the module.

    Raises:
        ValueError: HF_CNER_CRF names no backend.
        ImportError: it names a backend that cannot be used here.
    """
    wanted = os.environ.get(SETTING, "auto")
    if wanted not in ("auto", *LOADERS):
        raise ValueError(f"{SETTING} is {wanted!r}; it must be one of auto, {', '.join(LOADERS)}.")
    for name in LOADERS if wanted == "auto" else (wanted, "torch"):
        backend = load_backend(name)
        if isinstance(backend, ImportError):
            if wanted != "auto":
                raise ImportError(f"{SETTING} is {wanted!r}, but {backend}") from backend
        elif backend.takes(emissions):
            return backend
    raise AssertionError("torch takes every tensor")
