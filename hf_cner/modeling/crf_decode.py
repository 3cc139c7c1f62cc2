"""Best paths of a linear-chain CRF (Viterbi 1967), for whole batches."""

import numpy as np
import torch
from torch import Tensor

from .crf_chains import Layout, Potentials, both_directions, log_chain, on_host, packed, relative_, turned
from .crf_likelihood import at_last
from .labels import IGNORED

CELLS_AT_ONCE = 2**24  # candidates (float64) that tracing on a device compares at a time


def best_paths(emissions: Tensor, potentials: Potentials, layout: Layout) -> Tensor:
    """Tags of each row's best path, `(steps, b)` long; -100 behind a row's units.

    Of paths with the same score the one with the lowest last tag, then the lowest last but one, and so on, as in
    pytorch-crf.

    Args:
        emissions: `(b, n, t)`, any floating dtype.
        potentials: -inf where forbidden.
    """
    scores = packed(emissions, layout).to(torch.float64).unsqueeze(1)
    products = torch.empty_like(scores)
    products[0] = potentials.start
    log_chain(scores, potentials.transitions.unsqueeze(0), products, torch.amax)
    return _trace(scores.add_(products).squeeze(1), potentials, layout).masked_fill_(~layout.valid, IGNORED)


def _trace(states: Tensor, potentials: Potentials, layout: Layout) -> Tensor:
    """Tags of the best paths, `(steps, b)` long, from the scores `(steps, b, t)` of the best paths to each tag."""
    last = (at_last(states, layout) + potentials.end).argmax(-1)
    trace = trace_on_host if on_host(states) else trace_on_device
    return trace(states, potentials.transitions, last, layout)


def trace_on_host(states: Tensor, transitions: Tensor, last: Tensor, layout: Layout) -> Tensor:
    """Follow the best paths back from their last tags `(b,)`: `(steps, b)` long, anything behind a row's units.

    Only the maxima `states` `(steps, b, t)` were kept: the tag before each one is searched again, on the path
    alone. In NumPy, whose calls cost half of torch's for arrays of one step's size.
    """
    arcs = transitions.T.contiguous().numpy()
    ends = layout.valid.clone()  # the steps that are some row's last
    ends[:-1] &= ~layout.valid[1:]
    some_end, ending, history, ends_in = ends.any(1).tolist(), ends.numpy(), states.numpy(), last.numpy()
    tags = np.empty(ending.shape, dtype=np.int64)
    tags[-1] = after = ends_in
    candidates = np.empty(history.shape[1:])
    take, best = arcs.take, candidates.argmax
    for step in range(len(tags) - 2, -1, -1):
        take(after, 0, candidates, "clip")
        candidates += history[step]
        after = tags[step]
        best(1, after)
        if some_end[step]:
            np.copyto(after, ends_in, where=ending[step])
    return torch.from_numpy(tags)


def trace_on_device(states: Tensor, transitions: Tensor, last: Tensor, layout: Layout) -> Tensor:
    """The same where each call is expensive: back-pointers of many steps at once, then one gather per step."""
    steps, batch, tags = states.shape
    pointers = torch.empty_like(states, dtype=torch.long)
    at_once = max(1, CELLS_AT_ONCE // (batch * tags * tags))
    for first in range(1, steps, at_once):
        before = states[first - 1 : min(first + at_once, steps) - 1]
        pointers[first : first + len(before)] = (before.unsqueeze(-1) + transitions).argmax(-2)
    pointers[1:] = torch.where(layout.valid[1:].unsqueeze(-1), pointers[1:], last.unsqueeze(-1))
    path = [last.unsqueeze(-1)]
    for step in range(steps - 1, 0, -1):
        path.append(pointers[step].gather(-1, path[-1]))
    return torch.cat(path[::-1], -1).T.contiguous()


def max_marginals(emissions: Tensor, potentials: Potentials, layout: Layout) -> Tensor:
    """Score of the best path through each tag minus the best path's, `(steps, b, t)`; 0 behind a row's units."""
    own = packed(emissions, layout).to(torch.float64)
    scores = both_directions(own, layout)
    products = torch.empty_like(scores)
    products[0] = torch.stack((potentials.start, potentials.end)).unsqueeze(1)
    log_chain(scores, torch.stack((potentials.transitions, potentials.transitions.T)), products, torch.amax)
    forward = products[:, 0] + own
    through = relative_(forward + turned(products[:, 1], layout))
    tags = _trace(forward, potentials, layout).unsqueeze(-1)
    return through.scatter_(-1, tags, 0.0).masked_fill_(~layout.valid.unsqueeze(-1), 0.0)
