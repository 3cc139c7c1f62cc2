"""Units gathered to the front of each row, so that no padding and no hole separates two neighbours."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Packing(NamedTuple):
    """The new places of b sequences of n columns when their units are gathered; made by `packing`.

    Columns are numbered through the batch, `row * n + column`; the number `b * n` means "no source: zero".
    """

    sources: Tensor
    """`(b * n,)`: the column from which each packed column comes."""
    targets: Tensor
    """`(b * n,)`: the packed column to which each column goes; the inverse of `sources`."""
    mask: Tensor
    """`(b, n)` bool: true for the units, which in packed sequences stand at the front of each row."""


class Take(torch.autograd.Function):
    """`out[i] = vectors[sources[i]]`, or zero where `sources[i]` lies behind the last, for `vectors` `(b * n, d)`.

    `targets` must be the inverse of `sources`, or None if `sources` is its own inverse: the gradient is then taken by
    the same operation. Autograd does not know that no column is taken twice, and would use a scatter with additions. On
    a CPU whole rows are copied, 5 to 15 times as fast as `gather` and `masked_fill`, which copy single elements. A
    vector that is not taken may be NaN.
    """

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, sources: Tensor, targets: Tensor | None) -> Tensor:
        ctx.save_for_backward(sources, targets)
        return _select(vectors, sources)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        sources, targets = ctx.saved_tensors
        return take(gradients[0], sources if targets is None else targets, sources), None, None


def _select(vectors: Tensor, sources: Tensor) -> Tensor:
    return torch.cat([vectors, vectors.new_zeros(1, vectors.shape[1])]).index_select(0, sources)


def take(vectors: Tensor, sources: Tensor, targets: Tensor) -> Tensor:
    """Rows of a matrix in another order, see `Take`."""
    if not (torch.is_grad_enabled() and vectors.requires_grad):
        return _select(vectors, sources)
    # Dynamo cannot trace a function that gets one tensor twice.
    result: Tensor = Take.apply(vectors, sources, None if targets is sources else targets)
    return result


def move(vectors: Tensor, sources: Tensor, targets: Tensor) -> Tensor:
    """Columns of a batch `(b, n, d)` in another order; `sources` and `targets` as in `Packing`."""
    return take(vectors.flatten(0, 1), sources, targets).view_as(vectors)


def inverse(targets: Tensor) -> Tensor:
    """`sources` for `targets`, both as in `Packing`."""
    size = targets.shape[0]  # len() would fix the size in an exported graph
    sources = torch.full((size + 1,), size, dtype=torch.long, device=targets.device)
    return sources.scatter_(0, targets, torch.arange(size, device=targets.device))[:size]


def columns_at(mask: Tensor, columns: Tensor) -> Tensor:
    """`(b, n)`: column numbers within each row become numbers through the batch where the mask is on, else `b * n`."""
    b, n = mask.shape
    first = torch.arange(b, device=mask.device).unsqueeze(1) * n
    return torch.where(mask, first + columns, b * n).flatten()


def packing(mask: Tensor) -> Packing:
    """The packing that moves the units of `mask` `(b, n)` bool to the front of each row, in their order.

    Any mask is legal: padding on either side, holes, empty rows. The number of columns stays the same, so the host need
    not wait until the device has counted the units.
    """
    targets = columns_at(mask, mask.cumsum(dim=1) - 1)
    columns = torch.arange(mask.shape[1], device=mask.device)
    return Packing(inverse(targets), targets, columns < mask.sum(dim=1, keepdim=True))


def keep_units(vectors: Tensor, mask: Tensor) -> Tensor:
    """`vectors` `(b, n, d)` with zeros where `mask` `(b, n)` is off, even in place of NaN."""
    itself = columns_at(mask, torch.arange(mask.shape[1], device=mask.device))
    return move(vectors, itself, itself)


def gather_units(vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """`(b, n, d)` with the units at the front of each row and zeros behind them, and their mask `(b, n)`."""
    sources, targets, packed_mask = packing(mask)
    return move(vectors, sources, targets), packed_mask


def among_units(compute: Callable[[Tensor, Tensor], Tensor], vectors: Tensor, mask: Tensor, output_size: int) -> Tensor:
    """Compute one vector per unit from the units of its sequence alone.

    Args:
        compute: from `(b, n, d)` and `(b, n)`, the units at the front of each row, zeros behind them and at least one
            column, to `(b, n, output_size)`; what it returns after the units is dropped.
        vectors: `(b, n, d)`; vectors outside the mask may hold anything, even NaN, and get no gradient.
        mask: `(b, n)` bool, the units.

    Returns:
        `(b, n, output_size)`, zero at all columns that are no units.
    """
    if vectors.shape[0] == 0 or vectors.shape[1] == 0:
        return vectors.new_zeros(*vectors.shape[:2], output_size)
    sources, targets, packed_mask = packing(mask)
    return move(compute(move(vectors, sources, targets), packed_mask), targets, sources)
