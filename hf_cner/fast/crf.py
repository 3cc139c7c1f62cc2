"""The CRF's numbers from compiled loops on the CPU, with numba: the extra `fast`.

Rows whose scores range too widely for exp space, and rows whose tags the constraints forbid, go to torch's code.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..modeling.crf_backends import CrfBackend, Forbidden, TorchBackend, Weights, not_numbers, strange_tag
from ..modeling.crf_chains import make_layout
from ..modeling.crf_likelihood import make_path
from ..modeling.crf_segments import Segment, make_pieces
from ..modeling.labels import IGNORED
from .crf_arrays import Floats, Ints, aligned, pack, turned, widen
from .crf_paths import best_paths, max_marginals
from .crf_sums import DONE, ILLEGAL, gold, gradients, posteriors, segment_scores

HELD = 2**24  # numbers in float64 that segments of one call may hold four times over: torch's code works in blocks
_NOTHING = (np.zeros(0, bool), np.zeros((0, 0), bool), np.zeros(0, bool))
_TORCH = TorchBackend()


class _Packed(NamedTuple):
    units: Floats
    positions: Ints
    offsets: Ints
    start: Floats
    pairs: Floats
    end: Floats
    good: bool
    """Whether the parameters are numbers."""
    bad: int
    """A position whose emissions are not, or -1."""

    def factors(self) -> tuple[Floats, Ints, Floats, Floats, Floats, Floats]:
        """What `crf_sums.posteriors` takes."""
        arcs, units = (np.exp(part, out=aligned(*part.shape)) for part in (self.pairs, self.units))
        return units, self.offsets, np.exp(self.start), arcs, np.exp(self.end), turned(arcs)

    def checked(self, columns: int) -> _Packed:
        """This; raises FloatingPointError for NaN and infinity."""
        if not self.good:
            raise not_numbers(None)
        if self.bad >= 0:
            raise not_numbers(*divmod(self.bad, columns))
        return self


def _array(tensor: Tensor) -> np.ndarray:
    """The same memory; bf16 and fp16, which NumPy or numba lack, widened."""
    tensor = tensor.detach()
    if tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float()
    return tensor.contiguous().numpy()


def _pack(weights: Weights, emissions: Tensor, mask: Tensor, *, relative: bool) -> _Packed:
    units, positions, offsets, bad = pack(_array(emissions), mask.contiguous().numpy(), relative)
    first, second, last = (_array(part) for part in weights[:3])
    start, pairs, end, good = widen(first, second, last, relative, *(weights.forbidden or _NOTHING))
    return _Packed(units, positions, offsets, start, pairs, end, good, bad)


def _unpacked(values: np.ndarray, positions: Ints, mask: Tensor, fill: float) -> Tensor:
    """Values `(units, …)` at their positions in `(b, n, …)`, and `fill` elsewhere."""
    out = np.full((mask.numel(), *values.shape[1:]), fill, values.dtype)
    out[positions] = values
    return torch.from_numpy(out.reshape(*mask.shape, *values.shape[1:]))


class _LogLikelihood(torch.autograd.Function):
    """`apply(emissions, start, transitions, end, forbidden, tags, mask)`: likelihoods and each row's fate, `(b,)`."""

    @staticmethod
    def forward(
        ctx: Any, emissions: Tensor, start: Tensor, transitions: Tensor, end: Tensor,
        forbidden: Forbidden | None, tags: Tensor, mask: Tensor,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        given = _pack(Weights(start, transitions, end, forbidden), emissions, mask, relative=True)
        positions, offsets = given.positions, given.offsets
        states, arriving, posterior, partition, became = posteriors(*given.factors())
        flat = tags.contiguous().numpy().reshape(-1)
        scores, path, strange = gold(given.units, positions, offsets, flat, len(start), *given[3:6], became)
        if strange >= 0:
            raise strange_tag(int(flat[strange]), len(start))
        ctx.saved = (states, arriving, posterior, path, positions, offsets, given.pairs)
        ctx.became, ctx.shape = became, emissions.shape
        ctx.dtypes = [tensor.dtype for tensor in (emissions, start, transitions, end)]
        fate = torch.from_numpy(became)
        ctx.mark_non_differentiable(fate)
        wide = torch.promote_types(emissions.dtype, torch.float32)
        return torch.from_numpy(scores - partition).to(wide), fate

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # with create_graph=True; `once_differentiable` would give wrong zeros silently
            raise RuntimeError("The CRF's log-likelihood has no second derivatives: leave out create_graph=True.")
        weight = upstream[0].to(torch.float64).numpy() * (ctx.became == DONE)
        wide = np.float64 if ctx.dtypes[0] == torch.float64 else np.float32
        of_emissions = np.zeros((ctx.shape[0] * ctx.shape[1], ctx.shape[2]), wide)
        states, arriving, posterior, path, positions, offsets, pairs = ctx.saved
        parameters = gradients(states, arriving, posterior, path, positions, offsets, pairs, weight, of_emissions)
        found = (of_emissions.reshape(ctx.shape), *parameters)
        given = [torch.from_numpy(gradient).to(dtype) for gradient, dtype in zip(found, ctx.dtypes, strict=True)]
        return (*given, None, None, None)


class NumbaBackend(CrfBackend):
    """Compiled loops, one sentence after the other; on the CPU."""

    name = "numba"

    def takes(self, emissions: Tensor) -> bool:
        return emissions.device.type == "cpu"

    def log_likelihood(self, weights: Weights, emissions: Tensor, tags: Tensor, mask: Tensor) -> tuple[Tensor, int]:
        scores, became = _LogLikelihood.apply(emissions, *weights, tags, mask)
        fate = became.numpy()
        if not fate.any():
            return scores, 0
        for kind in np.unique(fate[fate != DONE]):
            rows = torch.from_numpy((fate == kind).nonzero()[0])
            layout = make_layout(mask[rows])
            path = make_path(tags[rows], layout, len(weights.start))
            again = weights.likelihood(emissions[rows], weights.potentials(kind != ILLEGAL), path, layout)
            scores = scores.index_put((rows,), again)
        return scores, int((fate == ILLEGAL).sum())

    def viterbi(self, weights: Weights, emissions: Tensor, mask: Tensor) -> Tensor:
        path, given = self._best(weights, emissions, mask)
        return _unpacked(path, given.positions, mask, IGNORED)

    def decode(self, weights: Weights, emissions: Tensor, mask: Tensor) -> list[list[int]]:
        path, given = self._best(weights, emissions, mask)
        tags, offsets = path.tolist(), given.offsets.tolist()
        return [tags[first:last] for first, last in pairwise(offsets)]

    def _best(self, weights: Weights, emissions: Tensor, mask: Tensor) -> tuple[Ints, _Packed]:
        given = _pack(weights, emissions, mask, relative=False).checked(mask.shape[1])
        back = turned(given.pairs)
        return best_paths(given.units, given.offsets, *given[3:6], back, emissions.shape[2]), given

    def marginals(self, weights: Weights, emissions: Tensor, mask: Tensor) -> Tensor:
        given = _pack(weights, emissions, mask, relative=True).checked(mask.shape[1])
        *_, posterior, _, became = posteriors(*given.factors())
        found = _unpacked(posterior[:, : emissions.shape[2]], given.positions, mask, 0.0)
        rows = torch.from_numpy((became != DONE).nonzero()[0])
        if len(rows):
            found[rows] = _TORCH.marginals(weights, emissions[rows], mask[rows])
        return found

    def max_marginals(self, weights: Weights, emissions: Tensor, mask: Tensor) -> Tensor:
        given = _pack(weights, emissions, mask, relative=False).checked(mask.shape[1])
        back, tags = turned(given.pairs), emissions.shape[2]
        through = max_marginals(given.units, given.offsets, *given[3:6], back, tags)
        return _unpacked(through[:, :tags], given.positions, mask, 0.0)

    def segment_probabilities(
        self, weights: Weights, emissions: Tensor, mask: Tensor, segments: Sequence[Sequence[Segment]]
    ) -> Tensor:
        if emissions.numel() > HELD:
            return _TORCH.segment_probabilities(weights, emissions, mask, segments)
        pieces = make_pieces(segments, mask.sum(1).tolist(), len(weights.start))
        if not len(pieces.row):
            return torch.zeros(0, dtype=torch.float64)
        given = _pack(weights, emissions, mask, relative=True).checked(mask.shape[1])
        wanted = (pieces.row, pieces.start, pieces.length, pieces.group, pieces.tags, ~pieces.forbidden)
        found, held = segment_scores(given.units, given.pairs, *given.factors(), *(part.numpy() for part in wanted))
        if not held:
            return _TORCH.segment_probabilities(weights, emissions, mask, segments)
        return torch.from_numpy(np.minimum(np.exp(found), 1.0))
