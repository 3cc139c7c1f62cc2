"""Which candidates may stand together, against a slow version that looks at every pair."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.modeling.resolve import DECODINGS, Candidate, resolve

candidates = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6), st.integers(0, 1), st.sampled_from([0.5, 0.6, 0.7, 0.9])).map(
        lambda c: (c[0], c[0] + c[1], c[2], c[3])
    ),
    max_size=12,
)


def slow(found: list[Candidate], decoding: str) -> list[Candidate]:
    kept: list[Candidate] = []
    for c in sorted(set(found), key=lambda c: (-c[3], c[0] - c[1], c[0], c[2])):
        clash = False
        for k in kept:
            overlap = c[0] < k[1] and k[0] < c[1]
            nested = (k[0] <= c[0] and c[1] <= k[1]) or (c[0] <= k[0] and k[1] <= c[1])
            clash |= overlap and (decoding == "flat" or (decoding == "nested" and not nested))
        if not clash:
            kept.append(c)
    return sorted(kept)


@given(candidates, st.sampled_from(DECODINGS))
def test_resolution_equals_the_slow_version_in_any_order(found: list[Candidate], decoding: str) -> None:
    expected = slow(found, decoding)
    assert resolve(found, decoding=decoding) == expected
    shuffled = found[:]
    random.Random(0).shuffle(shuffled)
    assert resolve(shuffled, decoding=decoding) == expected


def test_nested_spans_stand_together_and_crossing_ones_do_not() -> None:
    outer, inner, crossing = (0, 4, 0, 0.9), (0, 2, 1, 0.6), (3, 6, 0, 0.8)
    assert resolve([inner, crossing, outer]) == [inner, outer]
    assert resolve([inner, crossing, outer], decoding="crossing") == [inner, outer, crossing]
    assert resolve([inner, crossing, outer], decoding="flat") == [outer]
    with pytest.raises(ValueError, match="Unknown decoding 'best'"):
        resolve([], decoding="best")
