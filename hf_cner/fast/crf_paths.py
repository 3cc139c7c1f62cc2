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
def max_step(states: Floats, at: int, arcs: Floats, tags: int, best: Floats) -> int:
    """Row of `best` `(2, width)` that now holds `max over i < tags of states[at, i] + arcs[i, j]`.

    Eight previous tags at a time, of the rest four, from one row into the other: a maximum in place becomes a masked
    store, which the next load has to wait for.
    """
    width, now, eights = len(arcs), 0, tags // 8 * 8
    for tag in range(width):
        best[0, tag] = -np.inf
    for first in range(0, eights, 8):
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
    for first in range(eights, tags, 4):
        then = 1 - now
        a, b, c, d = states[at, first], states[at, first + 1], states[at, first + 2], states[at, first + 3]
        for tag in range(width):
            i, j = a + arcs[first, tag], b + arcs[first + 1, tag]
            k, m = c + arcs[first + 2, tag], d + arcs[first + 3, tag]
            i, k = i if i > j else j, k if k > m else m
            i, k = i if i > k else k, best[now, tag]
            best[then, tag] = i if i > k else k
        now = then
    return now


@exact
def from_front(own: Floats, start: Floats, arcs: Floats, tags: int, arriving: Floats, states: Floats) -> None:
    """Scores `(n, width)` of the best paths from the first unit to each tag: without its own, and with it."""
    best, now = np.empty((2, len(arcs))), 0
    best[0] = start
    for step in range(len(own)):
        if step > 0:
            now = max_step(states, step - 1, arcs, tags, best)
        for tag in range(len(arcs)):
            arriving[step, tag] = best[now, tag]
            states[step, tag] = best[now, tag] + own[step, tag]


@exact
def from_back(own: Floats, end: Floats, back: Floats, tags: int, states: Floats) -> None:
    """Scores `(n, width)` of the best paths from each tag, without its own, to the last unit."""
    best, state = np.empty((2, len(back))), np.empty((1, len(back)))
    states[-1] = end
    for step in range(len(own) - 1, 0, -1):
        for tag in range(len(back)):
            state[0, tag] = states[step, tag] + own[step, tag]
        now = max_step(state, 0, back, tags, best)
        for tag in range(len(back)):
            states[step - 1, tag] = best[now, tag]


@exact
def trace(arriving: Floats, states: Floats, back: Floats, end: Floats, tags: int, path: Ints) -> None:
    """Tags `(n,)` of the best path, followed back; of equal ones the lowest. `back` is from next to previous tag.

    The tag before is the lowest whose sum is the maximum that arrived; both are the same addition, so one is equal.
    """
    best, largest = 0, -np.inf
    for tag in range(tags):
        score = states[-1, tag] + end[tag]
        if score > largest:
            best, largest = tag, score
    path[-1] = best
    for step in range(len(states) - 2, -1, -1):
        after, best = best, 0
        while best < tags - 1 and states[step, best] + back[after, best] != arriving[step + 1, after]:
            best += 1
        path[step] = best


@exact
def of_one_row(offsets: Ints, width: int) -> tuple[Floats, Floats]:
    """Room for the scores of any one row; it stays in the core's cache."""
    longest = 0
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    return np.empty((longest, width)), np.empty((longest, width))


@exact
def best_paths(
    units: Floats, offsets: Ints, start: Floats, pairs: Floats, end: Floats, back: Floats, tags: int
) -> Ints:
    """Tags `(units,)` of each row's best path; of equal ones as `crf_decode.best_paths`."""
    path, (arriving, states) = np.zeros(len(units), np.int64), of_one_row(offsets, len(end))
    for row in range(len(offsets) - 1):
        here, own = slice(offsets[row], offsets[row + 1]), slice(0, offsets[row + 1] - offsets[row])
        if own.stop > 0:
            from_front(units[here], start, pairs, tags, arriving[own], states[own])
            trace(arriving[own], states[own], back, end, tags, path[here])
    return path


@exact
def max_marginals(
    units: Floats, offsets: Ints, start: Floats, pairs: Floats, end: Floats, back: Floats, tags: int
) -> Floats:
    """Score `(units, width)` of the best path through each tag minus the best path's; exactly 0 along that one."""
    path, through = np.zeros(len(units), np.int64), np.empty_like(units)
    arriving, states = of_one_row(offsets, len(end))
    for row in range(len(offsets) - 1):
        here, own = slice(offsets[row], offsets[row + 1]), slice(0, offsets[row + 1] - offsets[row])
        if own.stop == 0:
            continue
        from_front(units[here], start, pairs, tags, arriving[own], states[own])
        trace(arriving[own], states[own], back, end, tags, path[here])
        from_back(units[here], end, back, tags, through[here])
        for unit in range(here.start, here.stop):
            largest = -np.inf
            for tag in range(units.shape[1]):
                through[unit, tag] += states[unit - here.start, tag]
                largest = max(largest, through[unit, tag])
            if largest > -np.inf:
                for tag in range(units.shape[1]):
                    through[unit, tag] -= largest
            through[unit, path[unit]] = 0.0
    return through
