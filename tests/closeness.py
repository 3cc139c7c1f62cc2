"""How close two computations of the same numbers must be.

Two orders of the same sum differ by rounding. For `terms` numbers of size `x` the difference grows like
`eps * sqrt(terms) * x`, where `eps` belongs to the dtype. A fixed tolerance is right on one processor only.
"""

from __future__ import annotations

import torch
from torch import Tensor

FACTOR = 4  # for a few layers, one behind the other


def tolerance(found: Tensor, expected: Tensor, *, terms: int = 64, beside: Tensor | None = None) -> float:
    """`4 * eps * sqrt(terms) * max|x|`, with the `eps` of the coarser of the two dtypes."""
    eps = max(torch.finfo(each.dtype).eps for each in (found, expected))
    numbers = [found, expected, *([] if beside is None else [beside])]
    sizes = [float(each.detach().double().abs().max()) for each in numbers if each.numel()]
    return FACTOR * eps * terms**0.5 * max(sizes, default=0.0)


def assert_close(
    found: Tensor, expected: Tensor, *, terms: int = 64, beside: Tensor | None = None, msg: str | None = None
) -> None:
    """Raise AssertionError where `found` differs from `expected` by more than rounding (see `tolerance`).

    Args:
        terms: the longest sum behind one number, e.g. the width of a layer.
        beside: other numbers of the same computation. They say how large its terms are where those of `found` cancel.
    """
    bound = tolerance(found, expected, terms=terms, beside=beside)
    torch.testing.assert_close(found, expected, atol=bound, rtol=0, check_dtype=False, msg=msg)
