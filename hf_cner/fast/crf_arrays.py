"""The units and the parameters of a CRF as arrays for compiled loops.

Units of a batch stand one behind the other, `(units, width)`: `width` is the number of tags, rounded up to whole
vectors of the processor, and what lies behind the tags is -inf. Row `r` has the units `offsets[r]` to `offsets[r + 1]`.

Of these files none calls a kernel of another: numba compiles a kernel again when its own file changes, not when another
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
def aligned(rows: int, width: int) -> Floats:
    """Room for an array whose rows begin at lines of the cache: a vector across two lines loads half as fast."""
    room = np.empty(rows * width + LANES)
    first = (LANES - np.int64(room.ctypes.data) // room.itemsize % LANES) % LANES
    return room[first : first + rows * width].reshape((rows, width))


@exact
def turned(arcs: Floats) -> Floats:
    """From next to previous tag, aligned."""
    found = aligned(*arcs.shape)
    for before in range(len(arcs)):
        for tag in range(len(arcs)):
            found[tag, before] = arcs[before, tag]
    return found


@exact
def lower(units: Floats, unit: int, tags: int) -> None:
    """Subtract a unit's largest number. A unit with infinity gets NaN, and its row is refused or done again."""
    largest = -np.inf
    for tag in range(tags):
        largest = units[unit, tag] if units[unit, tag] > largest else largest
    if largest > -np.inf:
        for tag in range(tags):
            units[unit, tag] -= largest


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
    width = (tags + LANES - 1) // LANES * LANES
    units = aligned(count, width)
    positions, offsets = np.empty(count, np.int64), np.zeros(batch + 1, np.int64)
    bad, unit = -1, 0
    for row in range(batch):
        for column in range(length):
            if not mask[row, column]:
                continue
            positions[unit] = row * length + column
            strange = 0
            for tag in range(tags):
                score = np.float64(emissions[row, column, tag])
                units[unit, tag] = score
                strange += not score < np.inf
            for tag in range(tags, width):
                units[unit, tag] = -np.inf
            if strange and bad < 0:
                bad = positions[unit]
            if relative:
                lower(units, unit, tags)
            unit += 1
        offsets[row + 1] = unit
    return units, positions, offsets, bad


@exact
def widen(
    start: NDArray[np.floating], transitions: NDArray[np.floating], end: NDArray[np.floating], relative: bool,
    no_start: NDArray[np.bool_], no_pair: NDArray[np.bool_], no_end: NDArray[np.bool_],
) -> tuple[Floats, Floats, Floats, bool]:  # fmt: skip
    """Parameters in float64, `(width,)`, `(width, width)`, `(width,)`, -inf where forbidden; whether all are numbers.

    The forbidden have no element where there are no constraints. With `relative`, each part's largest becomes 0.
    """
    tags = len(start)
    width = (tags + LANES - 1) // LANES * LANES
    wide = aligned(width + 2, width)  # pairs, start, end
    wide[:] = -np.inf
    bound, good = len(no_start) > 0, True
    for tag in range(tags):
        if not (bound and no_start[tag]):
            wide[width, tag] = start[tag]
        if not (bound and no_end[tag]):
            wide[width + 1, tag] = end[tag]
        good = good and start[tag] < np.inf and end[tag] < np.inf
        for before in range(tags):
            if not (bound and no_pair[before, tag]):
                wide[before, tag] = transitions[before, tag]
            good = good and transitions[before, tag] < np.inf
    if relative:
        for first, last in ((0, width), (width, width + 1), (width + 1, width + 2)):
            largest = wide[first:last].max()
            if largest > -np.inf:
                wide[first:last] -= largest
    return wide[width], wide[:width], wide[width + 1], good
