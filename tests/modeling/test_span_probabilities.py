"""The score of a span is its probability: every answer that the model could draw is enumerated, in float64.

A tagging decoder's distribution is read off its loss, which is the negative log-likelihood of a tag sequence; so is
that of the span scorers that learn one by cross-entropy. Which spans a tag sequence holds, `schemes.decode` says.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from hf_cner.modeling.biaffine import BiaffineDecoder
from hf_cner.modeling.decoders import DECODERS
from hf_cner.modeling.global_pointer import GlobalPointerDecoder
from hf_cner.modeling.mrc_decoders import MrcBiaffine, MrcPointers, MrcTags
from hf_cner.modeling.schemes import SCHEMES, decode, illegal_position, tag_names

TYPES = ["x", "y"]
TAGGING = [
    *((kind, scheme, {}) for kind, found in DECODERS.items() if found.gives_tags for scheme in SCHEMES),
    *(("crf", scheme, {"constrained": False}) for scheme in SCHEMES),
]
Span = tuple[int, int, str]


def tagging_decoder(kind: str, names: list[str], scheme: str, options: dict[str, Any]) -> Any:
    decoder = DECODERS[kind](3, names, scheme=scheme, **options).double().eval()
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return decoder


def tag_sequences(decoder: Any, emissions: torch.Tensor) -> Iterator[tuple[list[str], float]]:
    """Every tag sequence that can be drawn, with its probability by the decoder's loss."""
    mask = torch.ones(1, len(emissions), dtype=torch.bool)
    constrained = getattr(decoder, "crf", None) is not None and decoder.crf.constraints is not None
    for numbers in itertools.product(range(len(decoder.labels)), repeat=len(emissions)):
        tags = [decoder.labels[number] for number in numbers]
        if constrained and illegal_position(tags, decoder.scheme) is not None:
            continue  # impossible; its loss is that of the unconstrained CRF
        yield tags, math.exp(-decoder.loss(emissions[None], torch.tensor([numbers]), mask).item())


def towards(span: Span, decoder: Any, length: int, seed: int) -> torch.Tensor:
    """Random emissions of a text in which this span is likely to be decoded."""
    emissions = torch.randn(length, len(decoder.labels), generator=torch.Generator().manual_seed(seed)).double()
    for place, tag in enumerate(decoder.encode_targets([span], length)):
        emissions[place, tag] += 4.0
    return emissions


@pytest.mark.parametrize(("kind", "scheme", "options"), TAGGING, ids=str)
@pytest.mark.parametrize("types", [["x"], TYPES], ids=["one-type", "two-types"])
def test_tags(kind: str, scheme: str, options: dict[str, Any], types: list[str]) -> None:
    torch.manual_seed(0)
    decoder = tagging_decoder(kind, tag_names(scheme, types), scheme, options)
    length = 4 if len(types) == 1 else 3
    wanted = [(0, 1, "x"), (0, 2, types[-1]), (length - 1, length, "x"), (1, length, types[-1])]
    seen: set[Span] = set()
    for seed, span in enumerate(wanted):
        emissions = towards(span, decoder, length, seed)
        expected: dict[Span, float] = {}
        total = 0.0
        for tags, probability in tag_sequences(decoder, emissions):
            total += probability
            for found in decode(tags, scheme):
                expected[found] = expected.get(found, 0.0) + probability
        assert total == pytest.approx(1.0, abs=1e-9)
        for *found, score in decoder.decode([emissions], scores=True)[0]:
            assert score == pytest.approx(expected[tuple(found)], abs=1e-9)
            seen.add(tuple(found))
    assert len(seen & set(wanted)) >= 3  # of several lengths, at the end of the text and before it


@pytest.mark.parametrize("seed", range(6))
def test_tags_under_questions(seed: int) -> None:
    decoder = MrcTags(3, TYPES)
    emissions = 2 * torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(seed)).double()
    log_probabilities = emissions.log_softmax(-1)
    expected: dict[Span, float] = {}
    for number, label in enumerate(TYPES):
        for tags in itertools.product(range(3), repeat=4):
            probability = log_probabilities[range(4), number, tags].sum().exp().item()
            for start, end, _ in decode([decoder.tags[tag] for tag in tags], "BIO"):
                span = (start, end, label)
                expected[span] = expected.get(span, 0.0) + probability
    found = decoder.decode([decoder.filter_window(emissions, 0, 4, 0)], scores=True)[0]
    assert [score for *_, score in found] == pytest.approx([expected[s, e, t] for s, e, t, _ in found], abs=1e-9)
    assert found or seed


def drawn_pointers(starts: tuple[bool, ...], ends: tuple[bool, ...]) -> Iterator[tuple[int, int]]:
    """The spans of drawn starts and ends: each start goes with the nearest end."""
    for start, is_start in enumerate(starts):
        end = next((place for place in range(start, len(ends)) if ends[place]), None)
        if is_start and end is not None:
            yield start, end + 1


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 5])
def test_pointers(seed: int) -> None:
    decoder = MrcPointers(3, TYPES, decoding="crossing")
    emissions = torch.randn(4, 2, 2, generator=torch.Generator().manual_seed(seed)).double()
    probabilities = emissions.sigmoid()
    expected: dict[Span, float] = {}
    for number, label in enumerate(TYPES):
        of_starts, of_ends = probabilities[:, number].unbind(-1)
        for drawn in itertools.product([False, True], repeat=8):
            bits = torch.tensor(drawn)
            both = torch.cat([of_starts, of_ends])
            probability = torch.where(bits, both, 1 - both).prod().item()
            for start, end in drawn_pointers(drawn[:4], drawn[4:]):
                expected[start, end, label] = expected.get((start, end, label), 0.0) + probability
    found = decoder.decode([decoder.filter_window(emissions, 0, 4, 0)], scores=True)[0]
    assert [score for *_, score in found] == pytest.approx([expected[s, e, t] for s, e, t, _ in found], abs=1e-9)


PLACES = [(0, 1), (0, 2), (1, 2)]  # the spans of a text of two units


def labels_of(spans: tuple[Span, ...]) -> torch.Tensor:
    rows = [[start, end, TYPES.index(label)] for start, end, label in spans]
    return torch.tensor([rows]) if rows else torch.full((1, 1, 3), -100)


def test_biaffine() -> None:
    """One type or none for each span, drawn by itself: 27 answers."""
    decoder = BiaffineDecoder(3, TYPES, decoding="crossing", threshold=0.0)
    emissions = torch.randn(2, 2, 3, generator=torch.Generator().manual_seed(0)).double()
    expected: dict[Span, float] = {}
    total = 0.0
    for types in itertools.product([None, *TYPES], repeat=3):
        spans = tuple((*place, label) for place, label in zip(PLACES, types, strict=True) if label is not None)
        loss = decoder.loss(emissions[None], labels_of(spans), torch.ones(1, 2, dtype=torch.bool))
        total += math.exp(-loss.item())
        for span in spans:
            expected[span] = expected.get(span, 0.0) + math.exp(-loss.item())
    found = decoder.decode([decoder.filter_window(emissions, 0, 2, 0)], scores=True)[0]
    assert total == pytest.approx(1.0, abs=1e-9) and len(found) == 6
    assert [score for *_, score in found] == pytest.approx([expected[s, e, t] for s, e, t, _ in found], abs=1e-9)


def test_biaffine_under_questions() -> None:
    """Each span of each question is an answer or none, drawn by itself: 64 answers."""
    decoder = MrcBiaffine(3, TYPES, decoding="crossing", threshold=0.0)
    emissions = torch.randn(2, 2, 2, generator=torch.Generator().manual_seed(0)).double()
    every = [(*place, label) for place in PLACES for label in TYPES]
    expected: dict[Span, float] = {}
    total = 0.0
    for drawn in itertools.product([False, True], repeat=6):
        spans = tuple(span for span, taken in zip(every, drawn, strict=True) if taken)
        loss = decoder.loss(emissions[None], labels_of(spans), torch.ones(1, 2, dtype=torch.bool))
        total += math.exp(-loss.item())
        for span in spans:
            expected[span] = expected.get(span, 0.0) + math.exp(-loss.item())
    found = decoder.decode([decoder.filter_window(emissions, 0, 2, 0)], scores=True)[0]
    assert total == pytest.approx(1.0, abs=1e-9) and len(found) == 6
    assert [score for *_, score in found] == pytest.approx([expected[s, e, t] for s, e, t, _ in found], abs=1e-9)


def test_a_global_pointer_gives_a_sigmoid_and_claims_no_more() -> None:
    decoder = GlobalPointerDecoder(3, TYPES, decoding="crossing")
    emissions = torch.randn(2, 2, 2, generator=torch.Generator().manual_seed(0)).double()
    for start, end, label, score in decoder.decode([decoder.filter_window(emissions, 0, 2, 0)], scores=True)[0]:
        assert score == pytest.approx(1 / (1 + math.exp(-emissions[start, end - start - 1, TYPES.index(label)])))
    assert "no probability under a" in (GlobalPointerDecoder.__doc__ or "")


def test_the_product_of_the_tags_still_decides_which_spans_stand() -> None:
    """Checkpoints written before give the same spans: the exact probability is told, the old rank decides."""
    decoder = MrcPointers(3, TYPES, decoding="flat")
    emissions = torch.full((3, 2, 2), -9.0).double()
    emissions[0, 0, 0], emissions[1, 0, 1] = 3.0, 3.0  # x: (0, 2)
    emissions[1, 1, 0], emissions[2, 1, 1], emissions[1, 1, 1] = 2.9, 2.9, -0.1  # y: (1, 3), perhaps (1, 2)
    emissions[0, 0, 1] = -0.01  # and x perhaps (0, 1): its exact probability is below y's
    table = decoder.filter_window(emissions, 0, 3, 0)
    assert table.shape == (2, 5) and table[0, 3] > table[1, 3] and table[0, 4] < table[1, 4]
    assert [span[:3] for span in decoder.decode([table])[0]] == [(0, 2, "x")]
