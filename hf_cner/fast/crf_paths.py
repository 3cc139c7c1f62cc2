"""Best tag sequences as compiled loops (Viterbi 1967). Scores are compared exactly, so no sum is reordered here.

For the layout of units see `crf_arrays`. Each number is the one that `crf_decode` computes, by the same additions.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

exact = njit(nogil=True, error_model="numpy", cache=True)


@exact
def max_step(states: Floats, at: int, arcs: Floats, best: Floats) -> int:
    """Row of `best` `(2, width)` that now holds `max over i of states[at, i] + arcs[i, j]`.

    Eight previous tags at a time, from one row into the other: a maximum in place becomes a masked store, which the
    next load has to wait for.
    """
    width, now = len(arcs), 0
    for tag in range(width):
        best[0, tag] = -np.inf
    for first in range(0, width, 8):
        then = 1 - now
        a, b, c, d = states[at, first], states[at, first + 1], states[at, first + 2], states[at, first + 3]
        e, f, g, h = states[at, first + 4], states[at, first + 5], states[at, first + 6], states[at, first + 7]
        for tag in range(width):
            i, j = a + arcs[first, tag], b + arcs[first + 1, tag]
            k, m = c + arcs[first + 2, tag], d + arcs[first + 3, tag]
            i, k = i if i > j else j, k if k > m else m
            i = i if i > k else k
            j, k = e + arcs[first + 4, tag], f + arcs[first + 5, tag]
            m, n = g + arcs[first + 6, tag], h + arcs[first + 7, tag]
            j, m = j if j > k else k, m if m > n else n
            j = j if j > m else m
            i = i if i > j else j
            k = best[now, tag]
            best[then, tag] = i if i > k else k
        now = then
    return now


@exact
def from_front(own: Floats, start: Floats, arcs: Floats, states: Floats) -> None:
    """Scores `(n, width)` of the best paths from the first unit to each tag, with its own."""
    best, now = np.empty((2, len(arcs))), 0
    best[0] = start
    for step in range(len(own)):
        if step > 0:
            now = max_step(states, step - 1, arcs, best)
        for tag in range(len(arcs)):
            states[step, tag] = best[now, tag] + own[step, tag]


@exact
def from_back(own: Floats, end: Floats, back: Floats, states: Floats) -> None:
    """Scores `(n, width)` of the best paths from each tag, without its own, to the last unit."""
    best, state = np.empty((2, len(back))), np.empty((1, len(back)))
    states[-1] = end
    for step in range(len(own) - 1, 0, -1):
        for tag in range(len(back)):
            state[0, tag] = states[step, tag] + own[step, tag]
        now = max_step(state, 0, back, best)
        for tag in range(len(back)):
            states[step - 1, tag] = best[now, tag]


@exact
def trace(states: Floats, back: Floats, end: Floats, path: Ints) -> None:
    """Tags `(n,)` of the best path, followed back; of equal ones the lowest. `back` is from next to previous tag."""
    tags = len(back)
    arriving = end
    for step in range(len(states) - 1, -1, -1):
        best, largest = 0, -np.inf
        for tag in range(tags):
            score = states[step, tag] + arriving[tag]
            if score > largest:
                best, largest = tag, score
        path[step] = best
        arriving = back[best]


@exact
def best_paths(units: Floats, offsets: Ints, start: Floats, pairs: Floats, end: Floats, back: Floats) -> Ints:
    """Tags `(units,)` of each row's best path; of equal ones as `crf_decode.best_paths`."""
    path, states = np.zeros(len(units), np.int64), np.empty_like(units)
    for row in range(len(offsets) - 1):
        here = slice(offsets[row], offsets[row + 1])
        if here.start < here.stop:
            from_front(units[here], start, pairs, states[here])
            trace(states[here], back, end, path[here])
    return path


@exact
def max_marginals(units: Floats, offsets: Ints, start: Floats, pairs: Floats, end: Floats, back: Floats) -> Floats:
    """Score `(units, width)` of the best path through each tag minus the best path's; exactly 0 along that one."""
    path, states, through = np.zeros(len(units), np.int64), np.empty_like(units), np.empty_like(units)
    for row in range(len(offsets) - 1):
        here = slice(offsets[row], offsets[row + 1])
        if here.start == here.stop:
            continue
        from_front(units[here], start, pairs, states[here])
        trace(states[here], back, end, path[here])
        from_back(units[here], end, back, through[here])
        for unit in range(here.start, here.stop):
            largest = -np.inf
            for tag in range(units.shape[1]):
                through[unit, tag] += states[unit, tag]
                largest = max(largest, through[unit, tag])
            if largest > -np.inf:
                for tag in range(units.shape[1]):
                    through[unit, tag] -= largest
            through[unit, path[unit]] = 0.0
    return through
