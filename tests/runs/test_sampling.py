from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_cner.runs.sampling import DocumentBatches, LengthBuckets


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 99), max_size=200), st.integers(1, 17), st.integers(0, 5))
def test_every_item_comes_once_in_every_epoch(lengths: list[int], batch_size: int, epoch: int) -> None:
    sampler = LengthBuckets(lengths, batch_size, seed=1)
    sampler.set_epoch(epoch)
    assert sorted(sampler) == list(range(len(lengths))) and len(sampler) == len(lengths)


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    lengths = [random.Random(0).randint(1, 50) for _ in range(100)]
    first = LengthBuckets(lengths, 8, seed=3)
    again = LengthBuckets(lengths, 8, seed=3)
    orders = []
    for epoch in (0, 1):
        first.set_epoch(epoch), again.set_epoch(epoch)
        orders.append(list(first))
        assert orders[-1] == list(again) == list(first)
    assert orders[0] != orders[1]
    assert list(LengthBuckets(lengths, 8, seed=4)) != orders[0]


def test_batches_hold_similar_lengths_in_random_order() -> None:
    chance = random.Random(0)
    lengths = [min(250, int(chance.lognormvariate(3.2, 0.7)) + 1) for _ in range(3000)]
    order = list(LengthBuckets(lengths, 16, seed=0))
    batches = [[lengths[i] for i in order[first : first + 16]] for first in range(0, len(order), 16)]
    padded = sum(len(batch) * max(batch) for batch in batches)
    assert padded / sum(lengths) < 1.1
    longest = [max(batch) for batch in batches]
    assert longest != sorted(longest, reverse=True)
    assert abs(sum(longest[: len(longest) // 2]) / sum(longest) - 0.5) < 0.15


def test_half_batches_on_two_processes_are_the_batches_of_one() -> None:
    lengths = [random.Random(1).randint(1, 50) for _ in range(64)]
    order = list(LengthBuckets(lengths, 8, seed=0))
    spread = [max(lengths[i] for i in order[k : k + 8]) - min(lengths[i] for i in order[k : k + 8]) for k in (0, 8, 16)]
    assert max(spread) < 20  # 8 = 2 processes of 4: both get similar lengths


def test_the_last_batch_is_filled_up_for_several_processes() -> None:
    sampler = LengthBuckets([5, 6, 7, 8, 9], 4, seed=0, multiple=4)
    order = list(sampler)
    assert len(sampler) == len(order) == 8
    assert sorted(order) == [0, 1, 2, 3, 4, 5, 5, 5] and order[5:] == [5, 5, 5]


def test_a_batch_size_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size is 0"):
        LengthBuckets([1], 0, seed=0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 99), max_size=40), st.integers(1, 7), st.integers(1, 5))
def test_documents_are_dealt_out_once_and_every_process_gets_as_many_batches(
    lengths: list[int], batch_size: int, world: int
) -> None:
    dealt = [DocumentBatches(lengths, batch_size, rank=rank, world_size=world) for rank in range(world)]
    assert sorted(index for batches in dealt for batch in batches for index in batch) == list(range(len(lengths)))
    assert len({len(batches) for batches in dealt}) == 1
    assert all(len(batch) <= batch_size for batches in dealt for batch in batches)
    if world == 1:
        order = [lengths[index] for batch in dealt[0] for index in batch]
        assert order == sorted(lengths, reverse=True)
