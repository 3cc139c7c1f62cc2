"""Recurrences of a linear chain, in float64, for whole batches and both directions at once.

Everything here is time first: `(steps, directions, batch, tags)`. Direction 0 runs from the first unit to the last,
direction 1 from the last to the first, each row turned round by its own length, so that a ragged batch needs no `where`
in the loop: what is computed behind a row's end is never read.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

RENORMALISE_EVERY = 4  # steps
SMALLEST_MASS = 1e-250  # see `crf_likelihood.forward_backward`
TINY = 1e-300  # added to a mass before dividing by it: changes nothing but 0 / 0
SINGLE_THREADED = 2**18  # multiplications in a product up to which NumPy's OpenBLAS starts no threads of its own


class Potentials(NamedTuple):
    """Scores of a CRF in float64, -inf where a constraint forbids: of a first tag, of a pair, of a last tag."""

    start: Tensor
    transitions: Tensor
    end: Tensor

    def shifted(self) -> "Potentials":
        """The same with each part's maximum at 0, which changes all paths of a row by the same amount."""
        return Potentials(*(part - finite(part.amax()) for part in self))


def on_host(tensor: Tensor) -> bool:
    """Whether a tensor's memory is NumPy's too, and waiting for a result costs nothing."""
    return tensor.device.type == "cpu"


def finite(maximum: Tensor) -> Tensor:
    """Maxima that may be subtracted: the lowest finite number for -inf, as -inf minus itself is not a number."""
    return maximum.clamp_(min=torch.finfo(maximum.dtype).min)


def relative_(scores: Tensor) -> Tensor:
    """Subtract, in place, the largest score along the last dimension."""
    return scores.sub_(finite(scores.amax(-1, keepdim=True)))


class Layout(NamedTuple):
    """Where the units of a batch `(b, n)` stand, and how they are lined up as `steps` packed steps."""

    mask: Tensor
    """`(b, n)` bool, the units."""
    lengths: Tensor
    """`(b,)` long, units of each row."""
    valid: Tensor
    """`(steps, b)` bool: the packed steps that hold a unit."""
    last: Tensor
    """`(b,)` long: index of each row's last unit (in an empty row: of step 0) into the flattened packed steps."""
    source: Tensor
    """`(steps · b,)` long: index into the flattened positions. Behind a row's units its last one is repeated."""
    turn: Tensor | None
    """`(steps · b,)` long: index into the flattened packed steps, each row's units in reverse order. None: flipped."""
    order: Tensor | None
    """`(b, n)` long: columns, units first. None: the units stand at the front already."""
    clean: bool
    """No packed step holds anything but a unit's values."""


def make_layout(mask: Tensor) -> Layout:
    """Line up the units of any mask `(b, n)` bool, b and n at least 1: holes, padding on either side, empty rows.

    On the CPU there are as many packed steps as the longest row has units, elsewhere `n`: to know better, one would
    have to wait for the device.
    """
    batch, columns = mask.shape
    host = on_host(mask)
    lengths = mask.sum(1)
    shortest, longest = lengths.aminmax()
    steps = max(int(longest), 1) if host else columns
    rows = torch.arange(batch, device=mask.device)
    position = torch.arange(steps, device=mask.device).unsqueeze(1)
    valid = position < lengths
    end = (lengths - 1).clamp_(min=0)
    order = None
    repeated = torch.minimum(position, end)
    if not (host and torch.equal(mask[:, :steps], valid.T)):
        order = torch.sort(mask, dim=1, descending=True, stable=True).indices
        repeated = order.T.gather(0, repeated)
    source = (repeated + rows * columns).view(-1)
    turn = None
    if not (host and int(shortest) == steps):
        turn = (torch.where(valid, end - position, position) * batch + rows).view(-1)
    return Layout(mask, lengths, valid, end * batch + rows, source, turn, order, host and int(shortest) > 0)


def packed(values: Tensor, layout: Layout) -> Tensor:
    """Values at all positions, `(b, n)` or `(b, n, t)`, as packed steps `(steps, b)` or `(steps, b, t)`."""
    return values.flatten(0, 1).index_select(0, layout.source).view(*layout.valid.shape, *values.shape[2:])


def turned(values: Tensor, layout: Layout) -> Tensor:
    """Packed steps `(steps, b)` or `(steps, b, t)` with each row's units in reverse order."""
    if layout.turn is None:
        return values.flip(0)
    return values.flatten(0, 1).index_select(0, layout.turn).view(values.shape)


def unpacked(values: Tensor, layout: Layout, fill: float | int, dtype: torch.dtype) -> Tensor:
    """Packed steps `(steps, b)` or `(steps, b, t)`, with `fill` behind each row's units, back at their positions.

    All other positions get `fill` as well. The result, `(b, n)` or `(b, n, t)`, is a new tensor of the wanted dtype.
    """
    positions = values.new_full((*layout.mask.shape, *values.shape[2:]), fill, dtype=dtype)
    if layout.order is None:
        positions[:, : len(values)] = values.transpose(0, 1)
        return positions
    columns = layout.order[:, : len(values)]
    if values.dim() == 3:
        columns = columns.unsqueeze(-1).expand(-1, -1, values.shape[-1])
    return positions.scatter_(1, columns, values.transpose(0, 1).to(dtype))


def both_directions(scores: Tensor, layout: Layout) -> Tensor:
    """Packed scores `(steps, b, t)` forwards and backwards, `(steps, 2, b, t)`."""
    return torch.stack((scores, turned(scores, layout)), 1)


def sum_chain(factors: Tensor, transitions: Tensor, products: Tensor, masses: Tensor) -> None:
    """Sum over all paths in exp space: `products[l] = (products[l-1] · factors[l-1]) @ transitions`.

    Every few steps the state, `products[l] · factors[l]`, is divided by its mass, which goes to `masses[l]`.

    Args:
        factors: `(steps, d, b, t)`, at most 1.
        transitions: `(d, t, t)`, at most 1; from its second to its third dimension.
        products: `(steps, d, b, t)`, contiguous, filled in from step 1 on; step 0 is given.
        masses: `(steps, d, b)`, ones.
    """
    batch, tags = products.shape[-2:]
    if on_host(products) and batch * tags * tags <= SINGLE_THREADED:
        with np.errstate(all="ignore"):  # NaN and infinite scores show in the masses
            _sum_chain_on_host(factors.numpy(), transitions.numpy(), products.numpy(), masses.numpy())
        return
    state = torch.mul(products[0], factors[0])
    for step in range(1, len(factors)):
        torch.bmm(state, transitions, out=products[step])
        torch.mul(products[step], factors[step], out=state)
        if step % RENORMALISE_EVERY == 0:
            masses[step] = state.sum(-1).add_(TINY)
            state.div_(masses[step].unsqueeze(-1))


def _sum_chain_on_host(factors: np.ndarray, transitions: np.ndarray, products: np.ndarray, masses: np.ndarray) -> None:
    """`sum_chain` in NumPy, on the tensors' own memory: calls on arrays of one step's size cost half of torch's."""
    matmul, multiply, add = np.matmul, np.multiply, np.add.reduce
    state, left = products[0] * factors[0], RENORMALISE_EVERY
    for factor, product, mass in zip(factors[1:], products[1:], masses[1:], strict=True):
        matmul(state, transitions, out=product)
        multiply(product, factor, out=state)
        left -= 1
        if not left:
            left = RENORMALISE_EVERY
            add(state, -1, out=mass)
            mass += TINY
            state /= mass[..., None]


def log_chain(scores: Tensor, transitions: Tensor, products: Tensor, reduce: Callable[..., Tensor]) -> None:
    """The same in log space, with any reduction over the previous tag: `torch.logsumexp`, `torch.amax` for best paths.

    The candidates lie as (previous tag, direction, row, tag): so each addition runs along the tags and the reduction
    along whole slices, which torch's kernels do two to three times faster than any other order.

    Args:
        scores: `(steps, d, b, t)`.
        transitions: `(d, t, t)`; from its second to its third dimension.
        products: `(steps, d, b, t)`, contiguous, filled in from step 1 on; step 0 is given.
        reduce: called as `reduce(candidates, 0, out=…)`.
    """
    arcs = transitions.transpose(0, 1).unsqueeze(2).contiguous()
    state, product = products[0] + scores[0], torch.empty_like(products[0])
    before = state.permute(2, 0, 1).unsqueeze(-1)  # the previous tag's scores for each candidate, (t, d, b, 1)
    candidates = products.new_empty(len(arcs), *product.shape)
    if not on_host(products):
        for step in range(1, len(scores)):
            torch.add(before, arcs, out=candidates)
            reduce(candidates, 0, out=products[step])
            torch.add(products[step], scores[step], out=state)
        return
    # torch for the candidates and NumPy, on the same memory, for what has one step's size
    add, add_small, after, now = torch.add, np.add, product.numpy(), state.numpy()
    if reduce is torch.amax:  # NumPy's takes four fifths of its time
        maximum, drawn = np.maximum.reduce, candidates.numpy()
        for own, of_step in zip(scores.numpy()[1:], products.numpy()[1:], strict=True):
            add(before, arcs, out=candidates)
            maximum(drawn, 0, None, of_step)
            add_small(of_step, own, now)
        return
    for own, of_step in zip(scores.numpy()[1:], products.numpy()[1:], strict=True):
        add(before, arcs, out=candidates)
        reduce(candidates, 0, out=product)
        add_small(after, own, out=now)
        of_step[...] = after
