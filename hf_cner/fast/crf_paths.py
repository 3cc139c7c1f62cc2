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
def max_step(state: Floats, arcs: Floats, out: Floats) -> None:
    """`out[j] = max over i of state[i] + arcs[i, j]`, four previous tags at a time."""
    tags, width = arcs.shape
    whole = tags // 4 * 4
    for tag in range(width):
        out[tag] = -np.inf
    for first in range(0, whole, 4):
        a, b, c, d = state[first], state[first + 1], state[first + 2], state[first + 3]
        one, two, three, four = arcs[first], arcs[first + 1], arcs[first + 2], arcs[first + 3]
        for tag in range(width):
            w, x, y, z = a + one[tag], b + two[tag], c + three[tag], d + four[tag]
            w, y = w if w > x else x, y if y > z else z
            w = w if w > y else y
            out[tag] = w if w > out[tag] else out[tag]
    for before in range(whole, tags):
        a, one = state[before], arcs[before]
        for tag in range(width):
            w = a + one[tag]
            out[tag] = w if w > out[tag] else out[tag]


@exact
def from_front(own: Floats, start: Floats, arcs: Floats, states: Floats) -> None:
    """Scores `(n, width)` of the best paths from the first unit to each tag, with its own."""
    for step in range(len(own)):
        if step == 0:
            states[0] = start
        else:
            max_step(states[step - 1], arcs, states[step])
        for tag in range(own.shape[1]):
            states[step, tag] += own[step, tag]


@exact
def from_back(own: Floats, end: Floats, back: Floats, states: Floats) -> None:
    """Scores `(n, width)` of the best paths from each tag, without its own, to the last unit."""
    state = np.empty(own.shape[1])
    states[-1] = end
    for step in range(len(own) - 1, 0, -1):
        for tag in range(own.shape[1]):
            state[tag] = states[step, tag] + own[step, tag]
        max_step(state, back, states[step - 1])


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
