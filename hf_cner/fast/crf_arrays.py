"""The units and the parameters of a CRF as arrays for compiled loops.

Units of a batch stand one behind the other, `(units, width)`: `width` is the number of tags, rounded up to whole
vectors of the processor, and what lies behind the tags is -inf. Row `r` has the units `offsets[r]` to `offsets[r + 1]`.

Of these files none calls a kernel of another: numba compiles a kernel anew when its own file changes, not when another
one does. Nothing is left to BLAS, whose threads would fight torch's, and nothing runs in parallel: the loops release
the interpreter's lock instead.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LANES = 8  # float64 numbers in a vector
exact = njit(nogil=True, error_model="numpy", cache=True)


@exact
def pack(emissions: NDArray[np.floating], mask: NDArray[np.bool_], relative: bool) -> tuple[Floats, Ints, Ints, int]:
    """Units `(units, width)` of `(b, n, t)`, their positions in `(b · n)`, offsets, and a bad unit's position or -1.

    Bad are NaN and infinity; -inf rules a tag out. With `relative`, each unit's largest score becomes 0.
    """
    batch, length, tags = emissions.shape
    count = 0
    for row in range(batch):
        for column in range(length):
            count += mask[row, column]
    units = np.full((count, (tags + LANES - 1) // LANES * LANES), -np.inf)
    positions, offsets = np.empty(count, np.int64), np.zeros(batch + 1, np.int64)
    bad, unit = -1, 0
    for row in range(batch):
        for column in range(length):
            if not mask[row, column]:
                continue
            positions[unit] = row * length + column
            largest = -np.inf
            for tag in range(tags):
                score = np.float64(emissions[row, column, tag])
                units[unit, tag] = score
                if not score < np.inf:
                    bad = positions[unit] if bad < 0 else bad
                elif score > largest:
                    largest = score
            if relative and largest > -np.inf:
                for tag in range(tags):
                    units[unit, tag] -= largest
            unit += 1
        offsets[row + 1] = unit
    return units, positions, offsets, bad


@exact
def widen(
    start: NDArray[np.floating], transitions: NDArray[np.floating], end: NDArray[np.floating], relative: bool,
    no_start: NDArray[np.bool_], no_pair: NDArray[np.bool_], no_end: NDArray[np.bool_],
) -> tuple[Floats, Floats, Floats, bool]:  # fmt: skip
    """Parameters in float64, padded to the width, -inf where forbidden or behind the tags; whether all are numbers.

    The forbidden have no element where there are no constraints. With `relative`, each part's largest becomes 0.
    """
    tags = len(start)
    width = (tags + LANES - 1) // LANES * LANES
    wide = np.full((tags + 2, width), -np.inf)  # start, pairs, end
    good = True
    for row in range(tags + 2):
        for tag in range(tags):
            if row == 0:
                score, forbidden = np.float64(start[tag]), len(no_start) > 0 and no_start[tag]
            elif row <= tags:
                score = np.float64(transitions[row - 1, tag])
                forbidden = len(no_start) > 0 and no_pair[row - 1, tag]
            else:
                score, forbidden = np.float64(end[tag]), len(no_start) > 0 and no_end[tag]
            good = good and score < np.inf
            if not forbidden:
                wide[row, tag] = score
    if relative:
        for first, last in ((0, 1), (1, tags + 1), (tags + 1, tags + 2)):
            largest = wide[first:last].max()
            if largest > -np.inf:
                wide[first:last] -= largest
    return wide[0], wide[1 : tags + 1], wide[tags + 1], good


@exact
def turned(pairs: Floats, fill: float) -> Floats:
    """Pairs `(t, width)` from next to previous tag."""
    tags = len(pairs)
    back = np.full(pairs.shape, fill)
    back[:, :tags] = pairs[:, :tags].T
    return back
