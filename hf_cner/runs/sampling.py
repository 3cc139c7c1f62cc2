"""Orders of windows and documents in training: similar in length, deterministic, the same after a resume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

STRATEGIES = ("group_by_length", "random", "sequential")
POOL = 64  # batches that are sorted together: a larger pool pads less, a smaller pool mixes better


def check_strategy(name: str) -> None:
    """Raise ValueError for an unknown `train_sampling_strategy`; transformers takes any word for random."""
    if name not in STRATEGIES:
        raise ValueError(f"train_sampling_strategy is {name!r}; choose one of {', '.join(STRATEGIES)}.")


class LengthBuckets(Sampler[int]):
    """Shuffled indices; each `batch_size` of them have similar lengths.

    The indices are shuffled, cut into pools of 64 batches, sorted by length within a pool, and the batches of all the
    pools are shuffled. The order depends on the seed and the epoch alone, not on the random state of the process, so a
    run that is resumed inside an epoch trains on the remaining batches. An incomplete batch is the last.

    Args:
        lengths: length of each item.
        batch_size: items in one optimiser step, over all devices and accumulation steps.
        seed: of the shuffling.
        multiple: fill the last batch up to a multiple of this with the index after the last item: processes that share
            the batches need equal numbers of equal size.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, *, multiple: int = 1) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be at least 1.")
        self.fillers = -len(lengths) % multiple
        self.lengths = list(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of this epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths) + self.fillers

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % 2**63)
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        full = len(order) - len(order) % self.batch_size
        rest, order = order[full:], order[:full]
        batches: list[list[int]] = []
        for first in range(0, full, POOL * self.batch_size):
            pool = sorted(order[first : first + POOL * self.batch_size], key=lambda index: -self.lengths[index])
            batches += [pool[i : i + self.batch_size] for i in range(0, len(pool), self.batch_size)]
        for number in torch.randperm(len(batches), generator=generator).tolist():
            yield from batches[number]
        yield from sorted(rest, key=lambda index: -self.lengths[index])
        yield from [len(self.lengths)] * self.fillers


class DocumentBatches(Sampler[list[int]]):
    """The documents of one process of several, longest first, in batches; all processes get equally many batches.

    No document is given to two processes, so gathered results have no duplicates; the last batch of a process may be
    empty.

    Args:
        lengths: characters of each document.
        batch_size: documents in one batch.
        rank, world_size: which process of how many this is.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, *, rank: int = 0, world_size: int = 1) -> None:
        order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
        mine = order[rank::world_size]
        most = -(-len(order) // world_size)  # of the process with the most
        self.batches = [mine[first : first + batch_size] for first in range(0, most, batch_size)]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)
