"""Units gathered to the front of each row, so that neither padding nor holes ever stand between two neighbours."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Packed(NamedTuple):
    """What `pack` returns: b sequences of n columns, of which the first `mask.sum(1)` are the units, in their order."""

    vectors: Tensor
    """`(b, n, d)`, zero behind the units."""
    mask: Tensor
    """`(b, n)` bool: true for the units, which stand at the front of each row."""
    order: Tensor
    """`(b, n)` long: the column of the unpacked sequence from which each packed column came, a permutation."""


class Permute(torch.autograd.Function):
    """`out[i, j] = vectors[i, order[i, j]]` for permutations `order` `(b, n)` of the columns of `vectors` `(b, n, d)`.

    The gradient of a general gather adds up in a scatter; that of a permutation is the inverse gather, which is several
    times faster.
    """

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, order: Tensor) -> Tensor:
        ctx.save_for_backward(order)
        return _gather(vectors, order)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (order,) = ctx.saved_tensors
        return Permute.apply(gradients[0], inverse(order)), None


def _gather(vectors: Tensor, order: Tensor) -> Tensor:
    return vectors.gather(1, order.unsqueeze(-1).expand(-1, -1, vectors.shape[-1]))


def inverse(order: Tensor) -> Tensor:
    """The inverse of permutations `(b, n)`."""
    columns = torch.arange(order.shape[1], device=order.device).expand_as(order)
    return torch.empty_like(order).scatter_(1, order, columns)


def permute(vectors: Tensor, order: Tensor) -> Tensor:
    """The columns of `vectors` `(b, n, d)` in another order, given by permutations `(b, n)`."""
    return Permute.apply(vectors, order)


def pack(vectors: Tensor, mask: Tensor) -> Packed:
    """Gather the units to the front of each row.

    Any mask is legal: padding on either side, holes, empty rows. The number of columns stays, so that nothing has to
    wait for the device to tell how many units there are.

    Args:
        vectors: `(b, n, d)`; what stands outside the mask may be anything, even NaN, and gets no gradient.
        mask: `(b, n)` bool, the units.
    """
    order = torch.sort(mask, dim=1, descending=True, stable=True).indices
    packed_mask = mask.gather(1, order)
    return Packed(permute(vectors, order).masked_fill(~packed_mask.unsqueeze(-1), 0.0), packed_mask, order)


def unpack(vectors: Tensor, packed: Packed) -> Tensor:
    """Put what was computed from packed units, `(b, n, e)`, back where they came from; zero at the other columns."""
    return permute(vectors.masked_fill(~packed.mask.unsqueeze(-1), 0.0), inverse(packed.order))


class PackedLayer(nn.Module):
    """A layer through which only units exchange information: `contextualize` sees them packed.

    Subclasses set `output_size` and write `contextualize(vectors, mask)`, which gets the units at the front of each
    row, zeros behind them, and at least one column; what it returns behind the units is dropped.
    """

    output_size: int

    def contextualize(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` to `(b, n, output_size)`, all packed."""
        raise TypeError(f"{type(self).__name__} does not say how it computes.")

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Compute one vector per unit from all units of its sequence.

        Args:
            vectors: `(b, n, d)`.
            mask: `(b, n)` bool, the units.

        Returns:
            `(b, n, output_size)`, zero at all columns that are no units.
        """
        if vectors.shape[0] == 0 or vectors.shape[1] == 0:
            return vectors.new_zeros(*vectors.shape[:2], self.output_size)
        packed = pack(vectors, mask)
        return unpack(self.contextualize(packed.vectors, packed.mask), packed)
