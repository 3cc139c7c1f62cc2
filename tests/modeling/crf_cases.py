"""Small CRFs and masks, and the obvious slow version of everything: all paths enumerated in float64."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from hf_cner.modeling.crf import LinearChainCRF
from hf_cner.modeling.schemes import allowed_transitions, tag_names

BIO = allowed_transitions("BIO", tag_names("BIO", ["x"]))  # 3 tags
BIOE = allowed_transitions("BIOE", tag_names("BIOE", ["x"]))  # 4 tags
NOTHING_AFTER_1 = ([True] * 3, [[True] * 3, [False] * 3, [True] * 3], [True, False, True])  # tag 1 leads nowhere

MASKS = {
    "full": [[1, 1, 1, 1]] * 3,
    "ragged": [[1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [0, 1, 1, 1, 1], [0, 0, 0, 0, 1]],
    "holes": [[1, 0, 1, 0, 1], [0, 1, 1, 0, 1], [1, 1, 0, 0, 1]],
    "empty": [[0, 0, 0, 0, 0], [1, 1, 1, 1, 0], [0, 1, 0, 0, 0]],
    "nothing": [[0, 0, 0, 0, 0]] * 3,
}
CASES = {
    "free": (4, None),
    "bio": (3, BIO),
    "bioe": (4, BIOE),
    "dead end": (3, NOTHING_AFTER_1),
    "one tag": (1, None),
}
EXTREMES = {  # standard deviations of emissions and of transitions
    "plain": (1.0, 1.0),
    "wide": (300.0, 1.0),
    "huge": (1e4, 1.0),
    "huge transitions": (1.0, 1e4),
    "both": (1e4, 1e4),
}


def make(case: str, scale: float = 1.0, seed: int = 0) -> LinearChainCRF:
    torch.manual_seed(seed)
    num_tags, constraints = CASES[case]
    crf = LinearChainCRF(num_tags, constraints=constraints, batch_first=True).double()
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter, std=scale)
    return crf


def legal_parts(crf: LinearChainCRF) -> tuple[Tensor, Tensor, Tensor]:
    parts = [crf.start_transitions, crf.transitions, crf.end_transitions]
    if crf.constraints is None:
        return tuple(parts)
    return tuple(p.masked_fill(~torch.tensor(c), -torch.inf) for p, c in zip(parts, crf.constraints, strict=True))


def all_paths(crf: LinearChainCRF, emissions: Tensor) -> tuple[Tensor, Tensor]:
    """Every tag sequence `(paths, n)` of emissions `(n, t)`, last tag varying slowest, and its score `(paths,)`."""
    start, transitions, end = legal_parts(crf)
    n = len(emissions)
    paths = torch.tensor([path[::-1] for path in itertools.product(range(crf.num_tags), repeat=n)])
    score = start[paths[:, 0]] + end[paths[:, -1]] + emissions[torch.arange(n), paths].sum(1)
    if n > 1:
        score = score + transitions[paths[:, :-1], paths[:, 1:]].sum(1)
    return paths, score


def rows(emissions: Tensor, mask: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Rows with units: number, their columns, their emissions."""
    for row in range(len(mask)):
        columns = mask[row].nonzero().squeeze(1)
        if len(columns):
            yield row, columns, emissions[row, columns]


def some_legal_tags(crf: LinearChainCRF, mask: Tensor) -> Tensor:
    """Tags `(b, n)` of which each row's units are a path that the constraints allow; -100 elsewhere."""
    tags = torch.full(mask.shape, -100)
    for row, columns, here in rows(torch.zeros(*mask.shape, crf.num_tags).double(), mask):
        paths, score = all_paths(crf, here)
        legal = paths[score > -torch.inf]
        tags[row, columns] = legal[(7 * row + 5) % len(legal)]
    return tags


def slow_log_likelihood(crf: LinearChainCRF, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
    found = list(emissions.new_zeros(len(mask)).unbind())
    for row, columns, here in rows(emissions, mask):
        paths, score = all_paths(crf, here)
        gold = score[(paths == tags[row, columns]).all(1)].squeeze()
        found[row] = gold - score[score > -torch.inf].logsumexp(0)
    return torch.stack(found)
