"""Sums over all tag sequences, as compiled loops in exp space: forward-backward, its gradient, segments.

For the layout of units see `crf_arrays`; parameters are `(width,)` and `(width, width)`, all scores are relative.
`sums` lets the compiler order sums as it likes; NaN and infinity keep their meaning.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALLEST = 1e-250  # see `crf_likelihood.forward_backward`: below it a row is done again in log space
exact = njit(nogil=True, error_model="numpy", cache=True)
sums = njit(nogil=True, error_model="numpy", cache=True, fastmath={"contract", "reassoc"})

DONE, TOO_WIDE, ILLEGAL = 0, 1, 2
"""What became of a row: its numbers are right; exp space does not hold them; the constraints forbid its tags."""


@sums
def sum_step(states: Floats, at: int, arcs: Floats, found: Floats, to: int) -> None:
    """`found[to] = states[at] @ arcs`, eight previous tags at a time; views of single rows would cost more."""
    width = len(arcs)
    for tag in range(width):
        found[to, tag] = 0.0
    for first in range(0, width, 8):
        a, b, c, d = states[at, first], states[at, first + 1], states[at, first + 2], states[at, first + 3]
        e, f, g, h = states[at, first + 4], states[at, first + 5], states[at, first + 6], states[at, first + 7]
        for tag in range(width):
            low = a * arcs[first, tag] + b * arcs[first + 1, tag] + c * arcs[first + 2, tag] + d * arcs[first + 3, tag]
            high = e * arcs[first + 4, tag] + f * arcs[first + 5, tag]
            found[to, tag] += low + (high + g * arcs[first + 6, tag] + h * arcs[first + 7, tag])


@sums
def forward(factors: Floats, start: Floats, arcs: Floats, states: Floats) -> float:
    """Forward scores `states` `(n, width)`, each step's summing to 1; the log of what they were divided by.

    NaN where exp space does not hold them.
    """
    steps, width = factors.shape
    log_scale, scale = 0.0, 1.0
    for step in range(steps):
        if step == 0:
            states[0] = start
        else:
            sum_step(states, step - 1, arcs, states, step)
        total = 0.0
        for tag in range(width):
            states[step, tag] *= factors[step, tag]
            total += states[step, tag]
        if not total >= SMALLEST:
            return np.nan
        inverse = 1.0 / total
        for tag in range(width):
            states[step, tag] *= inverse
        scale *= total
        if not 1e-50 < scale < 1e50:  # a logarithm at each step would cost as much as a product of eight tags
            log_scale, scale = log_scale + math.log(scale), 1.0
    return log_scale + math.log(scale)


@sums
def backward(factors: Floats, end: Floats, back: Floats, states: Floats, arriving: Floats, posterior: Floats) -> float:
    """Posteriors of tags, and `arriving`, with which `states[l, i] · arcs[i, j] · arriving[l + 1, j]` is a pair's.

    Returns the sum of all paths on the scale of the last state; NaN where exp space does not hold the scores.
    """
    steps, width = factors.shape
    now = np.empty((2, width))  # backward scores, with the next step's own, and without this step's
    now[1] = end
    partition = 0.0
    for step in range(steps - 1, -1, -1):
        if step < steps - 1:
            for tag in range(width):
                now[0, tag] = now[1, tag] * factors[step + 1, tag]
            sum_step(now, 0, back, now, 1)
        mass, total = 0.0, 0.0
        for tag in range(width):
            posterior[step, tag] = states[step, tag] * now[1, tag]
            mass += posterior[step, tag]
            total += now[1, tag]
        if not (mass >= SMALLEST and mass >= SMALLEST * total):
            return np.nan
        over_mass, inverse = 1.0 / mass, 1.0 / total
        for tag in range(width):
            posterior[step, tag] *= over_mass
            now[1, tag] *= inverse
        if step < steps - 1:
            for tag in range(width):
                arriving[step + 1, tag] = now[0, tag] * over_mass
        else:
            partition = mass
    return partition


@sums
def posteriors(
    factors: Floats, offsets: Ints, start: Floats, arcs: Floats, end: Floats, back: Floats
) -> tuple[Floats, Floats, Floats, Floats, Ints]:
    """Forward scores, `arriving` and posteriors `(units, width)`, log partitions `(b,)` and what became of each row.

    All that is given is in exp space; `back` are the arcs from next to previous tag.
    """
    states, arriving, posterior = np.empty_like(factors), np.empty_like(factors), np.empty_like(factors)
    batch = len(offsets) - 1
    log_partition, became = np.zeros(batch), np.zeros(batch, np.int64)
    for row in range(batch):
        here = slice(offsets[row], offsets[row + 1])
        if here.start == here.stop:
            continue
        scale = forward(factors[here], start, arcs, states[here])
        mass = np.nan
        if not math.isnan(scale):
            mass = backward(factors[here], end, back, states[here], arriving[here], posterior[here])
        if math.isnan(mass):
            became[row] = TOO_WIDE
            states[here] = 0.0
            arriving[here] = 0.0
            posterior[here] = 0.0
        else:
            log_partition[row] = scale + math.log(mass)
    return states, arriving, posterior, log_partition, became


@exact
def gold(
    units: Floats,
    positions: Ints,
    offsets: Ints,
    tags: Ints,
    num_tags: int,
    start: Floats,
    pairs: Floats,
    end: Floats,
    became: Ints,
) -> tuple[Floats, Ints, int]:
    """Scores `(b,)` and tags `(units,)` of the given paths `(b · n)`, and a tag that is none, or -1.

    Rows whose path is forbidden become `ILLEGAL`.
    """
    scores, path, strange = np.zeros(len(offsets) - 1), np.zeros(len(units), np.int64), -1
    for row in range(len(scores)):
        own, rules = 0.0, 0.0
        for unit in range(offsets[row], offsets[row + 1]):
            tag = tags[positions[unit]]
            if tag < 0 or tag >= num_tags:
                return scores, path, positions[unit]
            path[unit] = tag
            own += units[unit, tag]
            rules += start[tag] if unit == offsets[row] else pairs[path[unit - 1], tag]
        if offsets[row] < offsets[row + 1]:
            rules += end[path[offsets[row + 1] - 1]]
        if rules == -np.inf:
            became[row] = ILLEGAL
        scores[row] = own + rules
    return scores, path, strange


@sums
def gradients(
    states: Floats, arriving: Floats, posterior: Floats, path: Ints, positions: Ints, offsets: Ints, pairs: Floats,
    weight: Floats, of_emissions: NDArray[np.floating],
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Gradients of start, pairs and end; those of the emissions go into zeros `(b · n, t)`. `weight` is of rows."""
    tags, width = of_emissions.shape[1], len(pairs)
    expected, counted = np.zeros((tags, width)), np.zeros((tags, tags))
    start, end = np.zeros(tags), np.zeros(tags)
    for row in range(len(weight)):
        low, high, own = offsets[row], offsets[row + 1], weight[row]
        if low == high or own == 0.0:
            continue
        whole = low + (high - low - 1) // 4 * 4
        for unit in range(low, whole, 4):
            one, two, three, four = arriving[unit + 1], arriving[unit + 2], arriving[unit + 3], arriving[unit + 4]
            for before in range(tags):
                a, b = own * states[unit, before], own * states[unit + 1, before]
                c, d = own * states[unit + 2, before], own * states[unit + 3, before]
                pair = expected[before]
                for tag in range(width):
                    pair[tag] += a * one[tag] + b * two[tag] + c * three[tag] + d * four[tag]
        for unit in range(whole, high - 1):
            for before in range(tags):
                a = own * states[unit, before]
                for tag in range(width):
                    expected[before, tag] += a * arriving[unit + 1, tag]
        for unit in range(low, high):
            for tag in range(tags):
                of_emissions[positions[unit], tag] = (np.float64(tag == path[unit]) - posterior[unit, tag]) * own
            if unit > low:
                counted[path[unit - 1], path[unit]] += own
        for tag in range(tags):
            start[tag] -= own * posterior[low, tag]
            end[tag] -= own * posterior[high - 1, tag]
        start[path[low]] += own
        end[path[high - 1]] += own
    for before in range(tags):
        for tag in range(tags):
            counted[before, tag] -= expected[before, tag] * math.exp(pairs[before, tag])
    return start, counted, end


@sums
def backward_only(factors: Floats, end: Floats, back: Floats, states: Floats, behind: Floats) -> bool:
    """Backward scores without each step's own, each step's summing to 1; whether exp space holds the posteriors."""
    steps, width = factors.shape
    received = np.empty((1, width))
    for step in range(steps - 1, -1, -1):
        if step == steps - 1:
            behind[step] = end
        else:
            for tag in range(width):
                received[0, tag] = behind[step + 1, tag] * factors[step + 1, tag]
            sum_step(received, 0, back, behind, step)
        mass, total = 0.0, 0.0
        for tag in range(width):
            mass += states[step, tag] * behind[step, tag]
            total += behind[step, tag]
        if not (mass >= SMALLEST and mass >= SMALLEST * total):
            return False
        inverse = 1.0 / total
        for tag in range(width):
            behind[step, tag] *= inverse
    return True


@exact
def log_share(scores: Floats, behind: Floats, arcs: Floats, chosen: NDArray[np.bool_]) -> float:
    """Log probability that the next tag is a chosen one: of its scores, its backward scores and the arcs to it."""
    tags = len(chosen)
    joint, largest = np.empty(tags), -np.inf
    for tag in range(tags):
        joint[tag] = arcs[tag] + scores[tag] + math.log(behind[tag]) if behind[tag] > 0.0 else -np.inf
        largest = max(largest, joint[tag])
    if largest == -np.inf:
        return -np.inf
    some, total = 0.0, 0.0
    for tag in range(tags):
        share = math.exp(joint[tag] - largest)
        total += share
        some += share if chosen[tag] else 0.0
    return math.log(some / total)


@sums
def segment_scores(
    units: Floats, pairs: Floats, factors: Floats, offsets: Ints, start: Floats, arcs: Floats, end: Floats,
    back: Floats, rows: Ints, starts: Ints, lengths: Ints, groups: Ints, tags: Ints, may_follow: NDArray[np.bool_],
) -> tuple[Floats, bool]:  # fmt: skip
    """Log probabilities `(segments,)` of segments sorted by row, see `crf_segments`; whether exp space holds them.

    `units` and `pairs` are scores, the next six as `posteriors` takes them; `may_follow` `(groups, t)` are the tags
    that may come behind a segment.
    """
    states, behind, found = np.empty_like(units), np.empty_like(units), np.zeros(len(rows))
    joined, current = 0, -1
    for segment in range(len(rows)):
        row = rows[segment]
        low, high = offsets[row], offsets[row + 1]
        if row != current:
            scale = forward(factors[low:high], start, arcs, states[low:high])
            if math.isnan(scale) or not backward_only(factors[low:high], end, back, states[low:high], behind[low:high]):
                return found, False
            current = row
        unit, before = low + starts[segment], tags[joined]
        score = math.log(states[unit, before] * behind[unit, before] / (states[unit] * behind[unit]).sum())
        one = np.zeros(may_follow.shape[1], np.bool_)
        for tag in tags[joined + 1 : joined + lengths[segment]]:
            unit += 1
            one[tag] = True
            score += log_share(units[unit], behind[unit], pairs[before], one)
            one[tag] = False
            before = tag
        unit += 1
        if unit < high and not may_follow[groups[segment]].all():
            score += log_share(units[unit], behind[unit], pairs[before], may_follow[groups[segment]])
        found[segment] = score
        joined += lengths[segment]
    return found, True
