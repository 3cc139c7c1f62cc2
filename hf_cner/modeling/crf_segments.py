"""Exact posterior probabilities of entities, from one pass backwards and one forwards over each document.

Given the emissions, the tags of a CRF are a Markov chain. So the probability of a segment is the posterior of its first
tag, times the conditional probability of each further tag given the one before, times that of leaving the segment. The
conditionals at a step only take the backward scores of that step, on any scale: nothing is summed up over a document,
so that the result is as exact in a document of a million units as in one of ten.
"""

from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

import torch
from torch import Tensor

from .crf_chains import SMALLEST_MASS, TINY, Layout, Potentials, finite, log_chain, make_layout, relative_, sum_chain

Segment = tuple[int, Sequence[int], Set[int]]
"""Start, tags, and the tags that must not follow."""

STEPS_AT_ONCE = 4096  # of these the forward scores are held; backward scores are held of all steps
ROWS_AT_ONCE = 65536  # conditional distributions computed at a time


def segment_probabilities(
    emissions: Tensor, potentials: Potentials, mask: Tensor, segments: Sequence[Sequence[Segment]]
) -> Tensor:
    """Posterior probabilities of all rows' segments, one row after another, `(segments,)` float64.

    Computed on the CPU, where a step of a single document is cheapest.

    Args:
        emissions: `(b, n, t)`.
        potentials: shifted.
        mask: `(b, n)` bool.
        segments: one list per row; starts count the row's units.

    Raises:
        ValueError: a segment that is empty or not within its row, a tag out of range, a wrong number of lists.
    """
    pieces = make_pieces(segments, mask.sum(1).tolist(), len(potentials.start))
    if not len(pieces.row):
        return torch.zeros(0, dtype=torch.float64, device=emissions.device)
    layout = make_layout(mask.cpu())
    scores = _Scores(emissions.cpu().flatten(0, 1), layout, Potentials(*(part.cpu() for part in potentials)))
    scanned = _scan(scores, pieces, in_log_space=False)
    if scanned is None:
        scanned = _scan(scores, pieces, in_log_space=True)
    assert scanned is not None  # log space always does
    return _chained(scores, pieces, *scanned).to(emissions.device)


class _Pieces(NamedTuple):
    """Segments as arrays of one number per segment; `tags` has one per unit of a segment, all joined."""

    row: Tensor
    start: Tensor
    length: Tensor
    group: Tensor
    """Row of `forbidden`."""
    tags: Tensor
    forbidden: Tensor
    """`(groups, t)` bool: tags that must not follow."""


def make_pieces(segments: Sequence[Sequence[Segment]], units: Sequence[int], num_tags: int) -> _Pieces:
    if len(segments) != len(units):
        raise ValueError(f"{len(segments)} lists of segments for {len(units)} rows")
    groups: dict[frozenset[int], int] = {}
    numbers: list[tuple[int, int, int, int]] = []
    joined: list[int] = []
    for row, (wanted, length) in enumerate(zip(segments, units, strict=True)):
        for start, tags, forbidden in wanted:
            if not 0 <= start < start + len(tags) <= length:
                raise ValueError(f"{len(tags)} tags from unit {start} on do not fit the {length} units of row {row}")
            numbers.append((row, start, len(tags), groups.setdefault(frozenset(forbidden), len(groups))))
            joined.extend(tags)
    strange = {*joined, *(tag for group in groups for tag in group)} - set(range(num_tags))
    if strange:
        raise ValueError(f"tags of segments must lie in 0 to {num_tags - 1}, found {sorted(strange)}")
    table = torch.zeros(len(groups), num_tags, dtype=torch.bool)
    for group, number in groups.items():
        table[number, list(group)] = True
    row_of, start_of, length_of, group_of = torch.tensor(numbers, dtype=torch.long).view(-1, 4).unbind(1)
    return _Pieces(row_of, start_of, length_of, group_of, torch.tensor(joined, dtype=torch.long), table)


class _Scores:
    """Scores of packed steps, made when they are asked for: a long document is never held whole in float64."""

    def __init__(self, positions: Tensor, layout: Layout, potentials: Potentials) -> None:
        self.positions = positions  # (b · n, t)
        self.layout = layout
        self.potentials = potentials
        self.batch = len(layout.lengths)
        turn = layout.turn
        self.turn = torch.arange(layout.valid.numel()).view(-1, self.batch).flip(0).view(-1) if turn is None else turn

    def at(self, index: Tensor) -> Tensor:
        """Emissions `(k, t)` at flattened packed steps `(k,)`, relative to their maximum."""
        return relative_(self.positions.index_select(0, self.layout.source[index]).to(torch.float64))


def _blocks(scores: _Scores, backward: bool, in_log_space: bool) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Forward scores, or backward scores in reverse order, of one block of steps after the other.

    Each block as its flattened packed steps, the scores with each step's own and those without, both `(k · b, t)`; in
    exp space or in log space.
    """
    start, transitions, end = scores.potentials
    initial, arcs = (end, transitions.T) if backward else (start, transitions)
    initial, arcs = (initial, arcs) if in_log_space else (initial.exp(), arcs.exp())
    arcs = arcs.unsqueeze(0).contiguous()
    carried: Tensor | None = None
    for first in range(0, len(scores.turn), STEPS_AT_ONCE * scores.batch):
        block = slice(first, min(first + STEPS_AT_ONCE * scores.batch, len(scores.turn)))
        own = scores.at(scores.turn[block] if backward else torch.arange(block.start, block.stop))
        own = own.view(-1, 1, scores.batch, len(initial))
        if not in_log_space:
            own.exp_()
        if carried is None:
            carried = initial.expand_as(own[0])
        else:  # one step more, in front: the state carried over, with no score of its own
            own = torch.cat((torch.full_like(own[:1], 0.0 if in_log_space else 1.0), own))
        products = torch.empty_like(own)
        products[0] = carried
        if in_log_space:
            log_chain(own, arcs, products, torch.logsumexp)
            states = own.add_(products)
            carried = relative_(states[-1].clone())
        else:
            sum_chain(own, arcs, products, own.new_ones(own.shape[:3]))
            states = own.mul_(products)
            carried = states[-1] / states[-1].sum(-1, keepdim=True).add_(TINY)
        given = slice(len(own) - (block.stop - block.start) // scores.batch, None)
        yield block, states[given].view(-1, len(initial)), products[given].view(-1, len(initial))


def _scan(scores: _Scores, pieces: _Pieces, *, in_log_space: bool) -> tuple[Tensor, Tensor] | None:
    """Log posterior of each segment's first tag, `(segments,)`, and all log backward scores, in reverse order.

    None where exp space does not do, see `crf_likelihood.forward_backward`.
    """
    valid = scores.layout.valid.view(-1)
    backward = torch.empty(len(valid), len(scores.potentials.start), dtype=torch.float64)
    for block, _, without_own in _blocks(scores, True, in_log_space):
        backward[block] = without_own
    at = pieces.start * scores.batch + pieces.row
    heads = pieces.tags[pieces.length.cumsum(0) - pieces.length]
    log_first = torch.empty(len(at), dtype=torch.float64)
    for block, with_own, _ in _blocks(scores, False, in_log_space):
        met = backward[scores.turn[block]]
        together = with_own + met if in_log_space else with_own * met
        if not in_log_space:
            if bool((~(together.sum(-1) >= SMALLEST_MASS) & valid[block]).any()):
                return None
            together.log_()
        here = ((at >= block.start) & (at < block.stop)).nonzero().squeeze(1)
        chosen = together[at[here] - block.start]
        log_first[here] = (chosen - finite(chosen.logsumexp(-1, keepdim=True))).gather(1, heads[here, None]).squeeze(1)
    return log_first, backward if in_log_space else backward.log_()


def _chained(scores: _Scores, pieces: _Pieces, log_first: Tensor, log_backward: Tensor) -> Tensor:
    """Probabilities `(segments,)`: the first tag's posterior times the conditionals of all that must follow it."""

    def log_following(at: Tensor, before: Tensor) -> Tensor:
        """Log probabilities `(k, t)` of the tags at flattened packed steps, given the tags before them."""
        joint = scores.potentials.transitions[before] + scores.at(at) + log_backward[scores.turn[at]]
        return joint - finite(joint.logsumexp(-1, keepdim=True))

    segment = torch.arange(len(pieces.row)).repeat_interleave(pieces.length)
    ends = pieces.length.cumsum(0)
    offset = torch.arange(len(segment)) - (ends - pieces.length)[segment]
    at = (pieces.start[segment] + offset) * scores.batch + pieces.row[segment]
    for inner in (offset > 0).nonzero().squeeze(1).split(ROWS_AT_ONCE):
        following = log_following(at[inner], pieces.tags[inner - 1])
        log_first.index_add_(0, segment[inner], following.gather(1, pieces.tags[inner, None]).squeeze(1))
    behind = pieces.start + pieces.length
    leaves = (behind < scores.layout.lengths[pieces.row]) & pieces.forbidden.any(1)[pieces.group]
    for chosen in leaves.nonzero().squeeze(1).split(ROWS_AT_ONCE):
        after = behind[chosen] * scores.batch + pieces.row[chosen]
        following = log_following(after, pieces.tags[ends[chosen] - 1])
        log_first[chosen] += following.masked_fill_(pieces.forbidden[pieces.group[chosen]], -torch.inf).logsumexp(-1)
    return log_first.exp_().clamp_(max=1.0)
