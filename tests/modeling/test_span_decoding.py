"""From span scores to spans: thresholds, what belongs to which window, what a decoder cannot hold."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from cases import ENCODERS, NON_UNITS, TYPES
from closeness import assert_close
from transformers import set_seed

from hf_cner import CnerConfig, CnerForQuestionAnswering, CnerForTokenClassification, CnerMrcConfig
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.modeling.biaffine import BiaffineDecoder
from hf_cner.modeling.characters import CharacterTable
from hf_cner.modeling.extraction import encode_windows, extract
from hf_cner.modeling.global_pointer import GlobalPointerDecoder
from hf_cner.modeling.mrc_decoders import MrcBiaffine, MrcPointers, MrcTags
from hf_cner.modeling.span_scorer import ROUNDING, SpanScorer, owns

CHARACTERS = [chr(0x4E00 + number) for number in range(36)]
TOKENIZER = build_character_tokenizer(CHARACTERS)
TABLE = CharacterTable(TOKENIZER)
QUERIES = {"queries": {TYPES[0]: "一", TYPES[1]: "丁"}, "query_ids": {TYPES[0]: [5, 6], TYPES[1]: [7]}}

DECODERS: dict[str, Any] = {
    "biaffine": lambda: BiaffineDecoder(6, TYPES, size=4),
    "biaffine-banded": lambda: BiaffineDecoder(6, TYPES, size=4, max_width=3, threshold=0.3),
    "global-pointer": lambda: GlobalPointerDecoder(6, TYPES, size=4, thresholds={TYPES[1]: 0.8}),
    "mrc": lambda: MrcBiaffine(6, TYPES, size=4),
    "mrc-all": lambda: MrcBiaffine(6, TYPES, size=4, classes="all", threshold=0.4),
    "mrc-all-likeliest": lambda: MrcBiaffine(6, TYPES, size=4, classes="all"),
}


def emissions_of(decoder: SpanScorer, units: int) -> torch.Tensor:
    """One row of random span scores, some of them far above and below the rest."""
    questions = isinstance(decoder, MrcBiaffine)
    vectors = torch.randn(1, 2, units, 6) if questions else torch.randn(1, units, 6)
    shape = decoder(vectors, torch.ones(1, units).bool())[0].shape
    return 3 * torch.randn(shape)


def slow_candidates(decoder: SpanScorer, emissions: torch.Tensor) -> set[tuple[int, int, str, float]]:
    """Every span of a row that its probability, or its being the likeliest, makes a candidate."""
    found = set()
    units, width = emissions.shape[:2]
    for start in range(units):
        for k in range(min(width, units - start)):
            scores = emissions[start, k].double()
            for number, label in enumerate(decoder.labels):
                if isinstance(decoder, MrcBiaffine):
                    own = scores[number]
                    classes = own if decoder.known else torch.stack([torch.zeros_like(own), own])
                    place = number + 1 if decoder.known else 1
                elif isinstance(decoder, GlobalPointerDecoder):
                    classes, place = torch.stack([torch.zeros_like(scores[number]), scores[number]]), 1
                else:
                    classes, place = scores, number + 1
                probability = classes.softmax(-1)[place].item()
                limit = decoder.thresholds.get(label, decoder.threshold)
                if int(classes.argmax()) == place if limit is None else probability > limit:
                    found.add((start, start + k + 1, label, round(probability, 9)))
    return found


def named(decoder: SpanScorer, table: torch.Tensor) -> list[tuple[int, int, str, float]]:
    return [(int(s), int(e), decoder.labels[int(t)], round(p, 9)) for s, e, t, p in table.tolist()]


@pytest.mark.parametrize("make", DECODERS.values(), ids=DECODERS)
def test_candidates_are_those_of_the_loop_and_each_belongs_to_one_window(make: Any) -> None:
    torch.manual_seed(0)
    decoder = make().eval()
    emissions = emissions_of(decoder, 9)
    expected = slow_candidates(decoder, emissions)
    assert expected
    whole = named(decoder, decoder.filter_window(emissions, 0, 9, 0))
    assert set(whole) == expected and len(whole) == len(expected)
    parts = [
        named(decoder, decoder.filter_window(emissions, first, last, 100)) for first, last in [(0, 2), (2, 7), (7, 9)]
    ]
    moved = {(start + 100, end + 100, label, score) for start, end, label, score in expected}
    assert sorted(item for part in parts for item in part) == sorted(moved)
    for (first, last), part in zip([(0, 2), (2, 7), (7, 9)], parts, strict=True):
        assert all(first <= (start + end - 1) // 2 - 100 < last for start, end, _, _ in part)


def test_the_likeliest_class_wins_without_a_threshold_and_a_threshold_is_a_probability() -> None:
    decoder = BiaffineDecoder(6, TYPES, size=4)
    emissions = torch.tensor([[[0.0, 0.4, 0.3]]])  # probabilities 0.259, 0.386, 0.355
    assert decoder.filter_window(emissions, 0, 1, 0)[:, 2].tolist() == [0.0]
    assert not len(decoder.filter_window(torch.zeros(1, 1, 3), 0, 1, 0))  # nothing is likelier than nothing
    decoder.set_decoding(threshold=0.3)
    assert decoder.filter_window(emissions, 0, 1, 0)[:, 2].tolist() == [0.0, 1.0]
    decoder.set_decoding(thresholds={TYPES[0]: 0.9})
    assert decoder.filter_window(emissions, 0, 1, 0)[:, 2].tolist() == [1.0]


def test_what_lies_on_a_threshold_is_not_taken_and_what_lies_barely_above_it_is() -> None:
    for options in ({}, {"threshold": 0.5}):
        decoder = GlobalPointerDecoder(6, TYPES, size=4, **options)
        row = torch.tensor([[[0.0, 1e-6]]])  # a probability of 0.5, and one above it by less than fp32 tells apart
        assert decoder.filter_window(row, 0, 1, 0)[:, 2].tolist() == [1.0]
    decoder = GlobalPointerDecoder(6, TYPES, size=4, threshold=0.73105857863)  # the sigmoid of 1 is 5e-13 larger
    assert len(decoder.filter_window(torch.ones(1, 1, 2), 0, 1, 0)) == 2


def test_the_first_glance_leaves_out_nothing_that_the_second_one_takes() -> None:
    torch.manual_seed(0)
    exact = torch.randn(4000, 3, dtype=torch.float64)
    exact[:, 1] = exact[:, 0] + 1e-9 * torch.randn(4000).double()  # nearer to each other than fp32 can show
    for options in ({}, {"threshold": 0.4}):
        decoder = BiaffineDecoder(6, TYPES, size=4, **options)
        assert not (decoder.taken(exact, 0.0) & ~decoder.taken(exact.float(), ROUNDING)).any()
        assert decoder.taken(exact, 0.0).any()


def test_a_window_owns_a_span_by_its_middle_unit_the_left_one_of_two() -> None:
    assert [owns(2, 4, start, start + 1) for start in (1, 2, 3, 4)] == [False, True, True, False]
    assert [owns(2, 4, start, start + 2) for start in (1, 2, 3, 4)] == [False, True, True, False]
    assert [owns(2, 4, start, start + 3) for start in (0, 1, 2, 3)] == [False, True, True, False]


def test_decoding_can_be_changed_and_bad_choices_are_one_sentence() -> None:
    decoder = GlobalPointerDecoder(6, TYPES, size=4)
    table = torch.tensor([[0, 4, 0, 0.9], [0, 2, 1, 0.8], [3, 6, 0, 0.7]], dtype=torch.float64)
    assert [s[:2] for s in decoder.decode([table])[0]] == [(0, 2), (0, 4)]
    assert [s[3] for s in decoder.decode([table])[0]] == [None, None]  # a score is given where it is asked for
    decoder.set_decoding(decoding="flat")
    assert [s[:2] for s in decoder.decode([table])[0]] == [(0, 4)]
    decoder.set_decoding(decoding="crossing")
    assert [s[:2] for s in decoder.decode([table])[0]] == [(0, 2), (0, 4), (3, 6)]
    for options, message in [
        ({"decoding": "best"}, r"Unknown decoding 'best'; choose one of \['flat', 'nested', 'crossing'\]"),
        ({"threshold": 1.5}, "The threshold is 1.5; it must be a probability"),
        ({"threshold": True}, "The threshold is True"),
        ({"thresholds": {TYPES[0]: "high"}}, f"The threshold of the type '{TYPES[0]}' is 'high'"),
        ({"thresholds": {"药物": 0.5}}, r"thresholds names the types \['药物'\], which are not among"),
    ]:
        with pytest.raises(ValueError, match=message):
            decoder.set_decoding(**options)
    assert decoder.decoding == "crossing" and decoder.threshold is None and decoder.thresholds == {}
    decoder.set_decoding(threshold=1)
    assert decoder.decoding == "crossing" and decoder.threshold == 1
    with pytest.raises(ValueError, match="takes the likeliest tags and has no thresholds"):
        MrcTags(6, TYPES).set_decoding(threshold=0.3)


def context_free(kind: str, **options: Any) -> Any:
    """A model whose scores of a span depend on the span's own characters alone."""
    set_seed(1)
    encoder = {"kind": "static", "vocab_size": len(TOKENIZER), "embedding_size": 12}
    base: dict[str, Any] = {"encoder": encoder, "context": {"kind": "none"}, "entity_types": TYPES}
    base |= {"non_unit_ids": TABLE.non_unit_ids, "span_decoder": {"kind": kind.removeprefix("mrc-"), **options}}
    if kind.startswith("mrc-"):
        interaction = {"kind": "separate", "hidden_size": 12, "layers": 0}
        model: Any = CnerForQuestionAnswering(CnerMrcConfig(**base, **QUERIES, interaction=interaction))
    else:
        model = CnerForTokenClassification(CnerConfig(**base))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return model.eval()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("biaffine", {"max_width": 17}),
        ("biaffine", {"max_width": 17, "position": "relative"}),
        ("global_pointer", {"max_width": 17}),
        ("mrc-biaffine", {"max_width": 17, "decoding": "flat"}),
        ("mrc-biaffine", {"max_width": 17, "classes": "all"}),
        ("mrc-tags", {}),
        ("mrc-pointers", {}),
    ],
)
def test_a_stitched_document_is_decoded_as_the_whole_one(kind: str, options: dict[str, Any]) -> None:
    model = context_free(kind, **options).double()
    chance = random.Random(5)
    text = "".join(chance.choice(CHARACTERS) for _ in range(150))

    def decoded(windows: dict[str, Any]) -> list[Any]:
        return extract(model, encode_windows([text], TABLE, windows), 1, table=TABLE, max_tokens=90).spans[0]

    whole = decoded({"policy": "stride", "max_length": 150, "overlap": 0})
    stitched = decoded({"policy": "stride", "max_length": 40, "overlap": 16})
    assert len(whole) >= 9
    assert [span[:3] for span in stitched] == [span[:3] for span in whole]
    assert [span[3] for span in stitched] == pytest.approx([span[3] for span in whole], abs=1e-12)


def test_what_each_decoder_cannot_hold() -> None:
    a, b = TYPES
    spans = [(0, 6, a), (0, 6, b), (2, 4, a), (5, 8, a), (10, 11, b)]
    assert BiaffineDecoder(6, TYPES, max_width=5).inexpressible(spans) == [
        ((0, 6, a), "longer than max_width 5"),
        ((0, 6, b), "longer than max_width 5"),
    ]
    assert BiaffineDecoder(6, TYPES, max_width=6).inexpressible(spans) == [((0, 6, b), "same span, other type")]
    assert BiaffineDecoder(6, TYPES).inexpressible(spans) == [((0, 6, b), "same span, other type")]
    assert BiaffineDecoder(6, TYPES).inexpressible([(0, 6, b), (0, 6, b)]) == []
    assert GlobalPointerDecoder(6, TYPES, size=4).inexpressible(spans) == []
    assert MrcBiaffine(6, TYPES).inexpressible(spans) == []
    assert MrcTags(6, TYPES).inexpressible(spans) == [((5, 8, a), "crossing"), ((2, 4, a), "nested")]
    reason = "another end is nearer"
    assert MrcPointers(6, TYPES).inexpressible(spans) == [((0, 6, a), reason), ((5, 8, a), reason)]


def test_the_narrowest_band_is_one_unit() -> None:
    decoder = BiaffineDecoder(6, TYPES, max_width=1)
    assert (decoder.width(0), decoder.width(7)) == (1, 1)
    assert BiaffineDecoder(6, TYPES).width(7) == 7
    with pytest.raises(ValueError, match="max_width is 0; it counts characters"):
        BiaffineDecoder(6, TYPES, max_width=0)


def test_targets_are_triples_and_a_span_outside_the_text_or_of_another_type_is_refused() -> None:
    decoder = GlobalPointerDecoder(6, TYPES, size=4)
    assert decoder.encode_targets([(0, 3, TYPES[1]), (2, 3, TYPES[0])], 3) == [[0, 3, 1], [2, 3, 0]]
    for span in [(-1, 2, TYPES[0]), (2, 2, TYPES[0]), (2, 4, TYPES[0])]:
        with pytest.raises(ValueError, match=rf"The span \({span[0]}, {span[1]}\) does not lie in a text of 3"):
            decoder.encode_targets([span], 3)
    with pytest.raises(ValueError, match="The type '药物' is not among"):
        decoder.encode_targets([(0, 1, "药物")], 3)


def test_of_two_types_on_one_span_the_first_is_learnt() -> None:
    torch.manual_seed(0)
    decoder = BiaffineDecoder(6, TYPES, size=4)
    mask = torch.ones(1, 3).bool()
    emissions = decoder(torch.randn(1, 3, 6), mask)
    both = decoder.loss(emissions, torch.tensor([[[0, 2, 1], [0, 2, 0]]]), mask)
    first = decoder.loss(emissions, torch.tensor([[[0, 2, 0], [-100] * 3]]), mask)
    assert_close(both, first)


def test_spans_begin_as_no_entity() -> None:
    """A fresh scorer says "none" of nearly every span, whatever it is given, and yet has gradients everywhere."""
    for decoder in (BiaffineDecoder(6, TYPES), MrcBiaffine(6, TYPES), MrcBiaffine(6, TYPES, classes="all")):
        vectors = torch.randn(1, 2, 8, 6) if isinstance(decoder, MrcBiaffine) else torch.randn(1, 8, 6)
        emissions = decoder(vectors, torch.ones(1, 8).bool())
        first_column = decoder.probabilities(emissions)[:, :, 0]  # behind it stand spans that reach beyond the text
        assert first_column.max() < 0.01
        decoder.loss(emissions, torch.tensor([[[0, 2, 0]]]), torch.ones(1, 8).bool()).backward()
        assert decoder.scorer.weight.grad is not None and decoder.scorer.weight.grad.abs().min() > 0


def test_bert_and_static_models_take_the_options_of_decoding() -> None:
    options = {"kind": "biaffine", "decoding": "flat", "threshold": 0.2, "thresholds": {TYPES[1]: 0.6}}
    config = CnerConfig(encoder=ENCODERS["bert"], entity_types=TYPES, non_unit_ids=NON_UNITS, span_decoder=options)
    decoder = CnerForTokenClassification(config).span_decoder
    assert (decoder.decoding, decoder.threshold, decoder.thresholds) == ("flat", 0.2, {TYPES[1]: 0.6})
