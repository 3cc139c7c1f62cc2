"""Probabilities of entities against the sum over all paths that hold them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from crf_cases import CASES, EXTREMES, MASKS, all_paths, make
from torch import Tensor

from hf_cner.modeling import crf_segments
from hf_cner.modeling.crf import LinearChainCRF
from hf_cner.modeling.schemes import allowed_transitions, decode, encode, tag_names

COMPILED = 0  # in place of a number of steps: by the compiled loops

Wanted = tuple[int, list[int], set[int]]


def slow_probabilities(crf: LinearChainCRF, emissions: Tensor, segments: Sequence[Wanted]) -> Tensor:
    paths, score = all_paths(crf, emissions.double())
    weights, found = score.detach().softmax(0), []
    for start, tags, forbidden in segments:
        end = start + len(tags)
        held = (paths[:, start:end] == torch.tensor(tags)).all(1)
        if end < len(emissions):
            held &= ~torch.isin(paths[:, end], torch.tensor(sorted(forbidden), dtype=torch.long))
        found.append(weights[held].sum())
    return torch.stack(found)


def segments_of(num_tags: int, length: int) -> list[Wanted]:
    """Fifty segments of one to all units, tags and forbidden tags at random."""
    draw = torch.Generator().manual_seed(length)
    found = []
    for _ in range(50):
        start = int(torch.randint(length, (), generator=draw))
        size = int(torch.randint(1, length - start + 1, (), generator=draw))
        tags = torch.randint(num_tags, (size,), generator=draw).tolist()
        forbidden = (torch.rand(num_tags, generator=draw) < 0.4).nonzero().squeeze(1).tolist()
        found.append((start, tags, set(forbidden)))
    return found


def compute(steps_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With torch, so many steps at once, or with the compiled loops."""
    if steps_at_once == COMPILED:
        pytest.importorskip("numba")
    monkeypatch.setenv("HF_CNER_CRF", "torch" if steps_at_once else "numba")
    monkeypatch.setattr(crf_segments, "STEPS_AT_ONCE", steps_at_once or 4096)


@pytest.mark.parametrize("steps_at_once", [1, 3, 4096, COMPILED])
@pytest.mark.parametrize("extreme", EXTREMES)
@pytest.mark.parametrize("case", CASES)
def test_all_paths(case: str, extreme: str, steps_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compute(steps_at_once, monkeypatch)
    monkeypatch.setattr(crf_segments, "ROWS_AT_ONCE", 7)
    crf = make(case, EXTREMES[extreme][1])
    emissions = torch.randn(4, crf.num_tags).double() * EXTREMES[extreme][0]
    segments = segments_of(crf.num_tags, 4)
    found = crf.segment_probabilities(emissions, segments)
    torch.testing.assert_close(found, slow_probabilities(crf, emissions, segments), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("steps_at_once", [2, 4096, COMPILED])
@pytest.mark.parametrize("kind", MASKS)
def test_batches(kind: str, steps_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compute(steps_at_once, monkeypatch)
    crf, mask = make("bioe"), torch.tensor(MASKS[kind]).bool()
    emissions = torch.randn(*mask.shape, 4).masked_fill(~mask[..., None], torch.nan)
    units = [row[keep] for row, keep in zip(emissions, mask, strict=True)]
    segments = [segments_of(4, len(row)) if len(row) else [] for row in units]
    found = crf.batch_segment_probabilities(emissions, segments, mask)
    assert len(found) == len(mask)
    for one, row, wanted in zip(found, units, segments, strict=True):
        expected = slow_probabilities(crf, row, wanted) if wanted else torch.zeros(0).double()
        torch.testing.assert_close(one, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scheme", ["BIO", "BIOE", "BIOES"])
def test_entities(scheme: str, crf_place: str) -> None:
    """With the tags that must not follow, it is the probability that the decoded entities hold just this entity."""
    torch.manual_seed(0)
    names = tag_names(scheme, ["x"])
    crf = LinearChainCRF(len(names), constraints=allowed_transitions(scheme, names), batch_first=True).double()
    emissions = torch.randn(4, len(names)).double()
    paths, score = all_paths(crf, emissions)
    weights = score.softmax(0)
    entities = [(start, end, "x") for start in range(4) for end in range(start + 1, 5)]
    holding = [decode([names[tag] for tag in path], scheme) for path in paths.tolist()]
    goes_on = {"BIO": ["I-x"], "BIOE": ["I-x", "E-x"], "BIOES": []}[scheme]
    segments = []
    for start, end, _ in entities:
        tags = [names.index(name) for name in encode([(0, end - start, "x")], end - start, scheme)]
        segments.append((start, tags, frozenset(names.index(name) for name in goes_on)))
    found = crf.segment_probabilities(emissions, segments)
    for entity, probability in zip(entities, found, strict=True):
        expected = weights[torch.tensor([entity in held for held in holding])].sum()
        torch.testing.assert_close(probability, expected)


@pytest.mark.parametrize("scale", [1.0, 1e4])  # exp space, and log space
def test_long_documents_in_blocks(scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Block by block as in one go, and first tags as `marginals` gives them."""
    crf = make("bio")
    emissions = torch.randn(1500, 3) * scale
    segments = [(start, [1, 2], frozenset({2})) for start in range(0, 1500, 5)] + [
        (start, [0], set()) for start in range(1500)
    ]
    compute(400, monkeypatch)
    found = crf.segment_probabilities(emissions, segments)
    torch.testing.assert_close(found[300:], crf.marginals(emissions[None])[0, :, 0], rtol=1e-9, atol=1e-12)
    for steps_at_once in (10_000, COMPILED):
        compute(steps_at_once, monkeypatch)
        torch.testing.assert_close(crf.segment_probabilities(emissions, segments), found, rtol=1e-9, atol=1e-12)


def test_nothing_asked(crf_place: str) -> None:
    crf = make("bio")
    assert crf.segment_probabilities(torch.randn(5, 3), []).shape == (0,)
    assert crf.segment_probabilities(torch.zeros(0, 3), []).shape == (0,)
    assert [row.shape for row in crf.batch_segment_probabilities(torch.zeros(2, 0, 3), [[], []])] == [(0,), (0,)]


def test_impossible_entities_have_probability_zero(crf_place: str) -> None:
    crf = make("bio")
    found = crf.segment_probabilities(torch.randn(3, 3), [(0, [2], set()), (0, [0, 2], set()), (1, [0], {0, 1, 2})])
    assert found.tolist() == [0.0, 0.0, 0.0]


def test_wrong_segments(crf_place: str) -> None:
    crf, emissions = make("bio"), torch.randn(5, 3)
    for segment, message in (
        ((4, [1, 2], set()), "2 tags from unit 4 on do not fit the 5 units of row 0"),
        ((-1, [1], set()), "1 tags from unit -1 on do not fit"),
        ((2, [], set()), "0 tags from unit 2 on do not fit"),
        ((0, [3], set()), r"tags of segments must lie in 0 to 2, found \[3\]"),
        ((0, [0], {-1}), r"found \[-1\]"),
    ):
        with pytest.raises(ValueError, match=message):
            crf.segment_probabilities(emissions, [segment])
    with pytest.raises(ValueError, match="1 lists of segments for 2 rows"):
        crf.batch_segment_probabilities(torch.randn(2, 5, 3), [[]])
