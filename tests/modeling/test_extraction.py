"""Stitching, batching and decoding of documents: nothing but the text and the weights may change a result."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tokenizers import CHARACTERS, character_tokenizer
from transformers import BertConfig, XLNetConfig, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.modeling import extraction, window_batches
from hf_cner.modeling.characters import CharacterTable
from hf_cner.modeling.extraction import EncodedWindow, encode_windows, extract
from hf_cner.modeling.window_batches import WindowBatch, token_batches

TABLE = CharacterTable(character_tokenizer())
TYPES = ["症状", "部位"]
WHOLE = {"policy": "stride", "max_length": 100_000, "overlap": 0}
STRIDE = {"policy": "stride", "max_length": 12, "overlap": 6}
SENTENCES = {"policy": "sentence", "max_length": 12, "overlap": 4}
BIZARRE = "😀\u0301\r\n\u3000İ\x00\u2028"
TEXTS = st.text(st.sampled_from(CHARACTERS + BIZARRE), max_size=60)


def model_of(*, context: str = "none", attention: str = "none", decoder: str = "crf", **options: Any) -> Any:
    """A random model whose scores differ enough between characters that entities are found."""
    set_seed(0)
    slot = {"kind": decoder, "scheme": "BIOES"} if decoder in ("crf", "softmax") else {"kind": decoder, **options}
    config = CnerConfig(
        encoder={"kind": "static", "vocab_size": 40, "embedding_size": 12},
        context={"kind": "none"} if context == "none" else {"kind": context, "hidden_size": 8},
        attention={"kind": "none"} if attention == "none" else {"kind": attention, "num_heads": 2},
        span_decoder=slot,
        entity_types=TYPES,
        non_unit_ids=TABLE.non_unit_ids,
    )
    model = CnerForTokenClassification(config)
    with torch.no_grad():
        model.cner.encoder.get_input_embeddings().weight.mul_(4)
    return model.eval()


MODELS = {
    "crf": model_of(),
    "softmax": model_of(decoder="softmax"),
    "bilstm": model_of(context="bilstm"),
    "attention": model_of(context="bilstm", attention="multi_head"),
}
MODELS = {name: model.double() for name, model in MODELS.items()}
NOTES = ["患者头痛3天。", "", "血压右侧。头痛，0 x\u3000天天血压。", "右侧" * 15, "A", "患者" * 9 + "。" + "头痛" * 9]


def spans_of(
    model: Any, texts: list[str], windows: dict[str, Any], *, table: CharacterTable = TABLE, **options: Any
) -> Any:
    return extract(model, encode_windows(texts, table, windows), len(texts), table=table, **options).spans


def assert_same(one: Any, other: Any) -> None:
    """Equal spans; scores within what the order of floating-point sums may change."""
    assert [[span[:3] for span in spans] for spans in one] == [[span[:3] for span in spans] for spans in other]
    for left, right in zip(one, other, strict=True):
        assert [span[3] for span in left] == pytest.approx([span[3] for span in right], abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=4), st.sampled_from(["crf", "softmax"]), st.sampled_from([STRIDE, SENTENCES]))
def test_without_context_a_cut_document_is_decoded_as_the_whole_one(
    texts: list[str], name: str, windows: dict[str, Any]
) -> None:
    cut = spans_of(MODELS[name], texts, windows)
    assert_same(cut, spans_of(MODELS[name], texts, WHOLE))
    for text, spans in zip(texts, cut, strict=True):
        assert all(0 <= start < end <= len(text) for start, end, _, _ in spans)
        assert spans == sorted(spans, key=lambda span: span[:3])


def test_the_models_find_something() -> None:
    for name, model in MODELS.items():
        found = spans_of(model, NOTES, STRIDE)
        assert sum(map(len, found)) >= 5, name
        assert found[1] == []
        assert all(kind in TYPES and 0 < score <= 1 for spans in found for _, _, kind, score in spans)


@pytest.mark.parametrize("name", MODELS)
def test_batch_size_and_order_of_windows_change_nothing(name: str) -> None:
    model = MODELS[name]
    encoded = encode_windows(NOTES, TABLE, STRIDE)
    expected = extract(model, encoded, len(NOTES), table=TABLE).spans
    for max_tokens in (1, 40, 100_000):
        assert_same(extract(model, encoded, len(NOTES), table=TABLE, max_tokens=max_tokens).spans, expected)
    shuffled = list(encoded)
    random.Random(0).shuffle(shuffled)
    assert_same(extract(model, shuffled, len(NOTES), table=TABLE, max_tokens=50).spans, expected)


@pytest.mark.parametrize("name", MODELS)
def test_order_of_documents_changes_nothing(name: str) -> None:
    expected = spans_of(MODELS[name], NOTES, SENTENCES)
    assert_same(spans_of(MODELS[name], NOTES[::-1], SENTENCES)[::-1], expected)
    assert_same([spans_of(MODELS[name], [note], SENTENCES)[0] for note in NOTES], expected)


@pytest.mark.parametrize("name", MODELS)
def test_padding_side_and_special_tokens_change_nothing_for_a_character_encoder(name: str) -> None:
    expected = spans_of(MODELS[name], NOTES, STRIDE)
    for options in ({"side": "left"}, {"framed": False}, {"framed": False, "side": "left"}):
        table = CharacterTable(character_tokenizer(**options))  # type: ignore[arg-type]
        assert_same(spans_of(MODELS[name], NOTES, STRIDE, table=table), expected)


def test_groups_of_documents_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MODELS["bilstm"]
    expected = spans_of(model, NOTES, STRIDE)
    held: list[int] = []
    decode = model.decode

    def watched(documents: list[torch.Tensor], **options: Any) -> Any:
        held.append(sum(map(len, documents)))
        return decode(documents, **options)

    monkeypatch.setattr(window_batches, "GROUP_CHARACTERS", 20)
    monkeypatch.setattr(extraction, "DECODED_CHARACTERS", 40)
    monkeypatch.setattr(model, "decode", watched, raising=False)
    assert_same(spans_of(model, NOTES, STRIDE), expected)
    assert len(held) >= 3 and max(held) <= 40


def test_a_pass_never_holds_more_than_the_budget() -> None:
    encoded = encode_windows(["右侧血压。" * 200], TABLE, {"policy": "sentence", "max_length": 32, "overlap": 8})
    for budget in (64, 256):
        batches = list(token_batches(encoded, TABLE, budget))
        assert max(batch.inputs["input_ids"].size for batch in batches) <= budget
        assert sum(len(batch.windows) for batch in batches) == len(encoded)
    alone = list(token_batches(encoded, TABLE, 1))
    assert all(len(batch.windows) == 1 for batch in alone)


def test_batches_are_padded_on_the_tokenizer_s_side() -> None:
    for side, first_row in (("right", [2, 5, 6, 3]), ("left", [5, 6, 3, 2])):
        table = CharacterTable(character_tokenizer(side=side))
        [batch] = token_batches(encode_windows(["患者", "患"], table, WHOLE), table, 100)
        ids, mask, units = (batch.inputs[name].tolist() for name in ("input_ids", "attention_mask", "unit_mask"))
        assert ids[0] == first_row
        assert ids[1] == ([2, 5, 3, 0] if side == "right" else [0, 5, 3, 2])
        assert mask[1] == ([1, 1, 1, 0] if side == "right" else [0, 1, 1, 1])
        assert units[1] == [False, True, False, False]


def test_token_types_go_with_the_ids() -> None:
    table = CharacterTable(character_tokenizer())
    from hf_cner.modeling.characters import TokenTypes

    table.token_types = TokenTypes([2], 0, [1])
    [batch] = token_batches(encode_windows(["患者", "患"], table, WHOLE), table, 100)
    assert batch.inputs["token_type_ids"].tolist() == [[2, 0, 0, 1], [2, 0, 1, 0]]


def tensors(batch: WindowBatch) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in batch.inputs.items()}


def labelled(texts: list[str]) -> list[EncodedWindow]:
    """Windows with gold tags on their units, as the collator makes them."""
    encoded = encode_windows(texts, TABLE, STRIDE)
    for item in encoded:
        length = item.window.end - item.window.start
        tags = MODELS["crf"].encode_targets([(0, min(2, length), "症状")], length)
        tags[-1] = -100 if length > 4 else tags[-1]
        item.labels = [-100, *tags, -100]
    return encoded


@pytest.mark.parametrize("name", MODELS)
def test_the_loss_is_the_sum_over_all_units(name: str) -> None:
    model, encoded = MODELS[name], labelled(NOTES)
    result = extract(model, encoded, len(NOTES), table=TABLE, max_tokens=40)
    units = sum(label != -100 for item in encoded for label in item.labels or [])
    assert result.units == units
    [batch] = token_batches(encoded, TABLE, 100_000)
    with torch.no_grad():
        mean = model(**tensors(batch)).loss.item()
    assert result.loss_sum == pytest.approx(mean * units, rel=1e-12)
    assert_same(result.spans, spans_of(model, NOTES, STRIDE))  # gold changes no prediction


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("kind", ["bert", "xlnet"])
def test_pretrained_encoders_see_their_special_tokens_and_no_padding(kind: str, side: str) -> None:
    sizes = {"vocab_size": 40, "pad_token_id": 0}
    encoder: Any = (
        BertConfig(**sizes, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
        if kind == "bert"
        else XLNetConfig(**sizes, d_model=16, n_layer=2, n_head=2, d_inner=32)
    )
    table = CharacterTable(character_tokenizer(side=side))
    set_seed(0)
    model = (
        CnerForTokenClassification(
            CnerConfig(
                encoder={"kind": "pretrained", "config": encoder.to_dict()},
                context={"kind": "none"},
                entity_types=TYPES,
                non_unit_ids=table.non_unit_ids,
            )
        )
        .double()
        .eval()
    )
    with torch.no_grad():
        model.span_decoder.projection.weight.mul_(20)
    together = spans_of(model, NOTES, STRIDE, table=table)
    assert sum(map(len, together)) > 5
    assert_same([spans_of(model, [note], STRIDE, table=table, max_tokens=1)[0] for note in NOTES], together)
    with torch.no_grad():  # what the tokenizer itself makes of a short text, unpadded, gives the same
        built = character_tokenizer(side=side)(NOTES[0][:12], return_tensors="pt", return_token_type_ids=False)
        direct = model.decode(model(**built).emissions, model.unit_mask(**built), scores=True)
    assert_same(direct, spans_of(model, [NOTES[0][:12]], STRIDE, table=table))


def test_span_decoders_are_stitched_on_spans_and_scored_with_span_labels() -> None:
    model = model_of(decoder="biaffine", max_width=3, threshold=0.4).double()
    with torch.no_grad():
        for parameter in model.span_decoder.parameters():
            parameter.normal_()
    cut = spans_of(model, NOTES, STRIDE)
    assert sum(map(len, cut)) > 5
    assert_same(cut, spans_of(model, NOTES, WHOLE))
    assert_same(cut, spans_of(model, NOTES, STRIDE, max_tokens=1))
    encoded = encode_windows(NOTES, TABLE, STRIDE)
    for number, item in enumerate(encoded):
        length = item.window.end - item.window.start
        item.labels = model.encode_targets([(0, min(2, length), "症状")] if number % 2 else [], length)
    result = extract(model, encoded, len(NOTES), table=TABLE, max_tokens=40)
    [batch] = token_batches(encoded, TABLE, 100_000, span_labels=True)
    assert batch.inputs["labels"].shape == (len(encoded), 1, 3)
    assert result.units == int(batch.inputs["unit_mask"].sum())
    with torch.no_grad():
        mean = model(**tensors(batch)).loss.item()
    assert result.loss_sum == pytest.approx(mean * result.units, rel=1e-12)
    assert_same(result.spans, cut)


def test_without_gold_there_is_no_loss() -> None:
    result = extract(MODELS["crf"], encode_windows(NOTES, TABLE, STRIDE), len(NOTES), table=TABLE)
    assert (result.loss_sum, result.units) == (0.0, 0)


def test_no_documents_and_documents_without_text() -> None:
    assert extract(MODELS["crf"], [], 0, table=TABLE).spans == []
    assert spans_of(MODELS["crf"], ["", ""], STRIDE) == [[], []]
    assert encode_windows([], TABLE, STRIDE) == []


def test_windows_are_numbered_from_the_first_document() -> None:
    encoded = encode_windows(["患者", "", "头"], TABLE, WHOLE, first_document=7)
    assert [(item.document, item.input_ids) for item in encoded] == [(7, TABLE.encode("患者")), (9, TABLE.encode("头"))]


def test_scores_can_be_left_out() -> None:
    without = spans_of(MODELS["crf"], NOTES, STRIDE, scores=False)
    assert {span[3] for spans in without for span in spans} == {None}
    assert [[s[:3] for s in spans] for spans in without] == [
        [s[:3] for s in spans] for spans in spans_of(MODELS["crf"], NOTES, STRIDE)
    ]


def test_progress_counts_every_character_once() -> None:
    counts: list[int] = []
    spans_of(MODELS["crf"], NOTES, STRIDE, max_tokens=40, progress=counts.append)
    assert sum(counts) == sum(map(len, NOTES)) and len(counts) > 1


def test_every_module_is_left_in_the_mode_it_was_in() -> None:
    model = model_of(context="bilstm").train()
    model.cner.encoder.eval()  # frozen
    before = [module.training for module in model.modules()]
    assert spans_of(model, NOTES, STRIDE) == spans_of(model, NOTES, STRIDE)  # no dropout
    assert [module.training for module in model.modules()] == before
    with pytest.raises(ValueError, match="max_tokens"):
        spans_of(model, NOTES, STRIDE, max_tokens=0)
    assert [module.training for module in model.modules()] == before


def test_the_mode_is_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of().train()

    def fails(*args: object, **options: object) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(model, "decode", fails, raising=False)
    with pytest.raises(RuntimeError, match="no memory"):
        spans_of(model, NOTES, STRIDE)
    assert model.training


@pytest.mark.parametrize("decoder", ["crf", "softmax", "biaffine", "global_pointer"])
def test_scores_that_are_no_numbers_do_not_pass_for_a_text_without_entities(decoder: str) -> None:
    model = model_of(decoder=decoder).train()
    with torch.no_grad():
        model.cner.encoder.get_input_embeddings().weight[TABLE.encode("血")[1]] = float("nan")
    assert spans_of(model, ["患者头痛"], STRIDE) is not None  # only that character is broken
    with pytest.raises(
        FloatingPointError, match=r"not numbers \(NaN or infinity\) in characters \d+ to \d+ of text \d+"
    ):
        spans_of(model, NOTES, STRIDE)
    assert model.training


def test_bad_arguments_are_named() -> None:
    encoded = labelled(NOTES)
    encoded[0].labels = None
    with pytest.raises(ValueError, match="windows have labels; give labels to all of them or to none"):
        extract(MODELS["crf"], encoded, len(NOTES), table=TABLE)
    with pytest.raises(ValueError, match="max_tokens is 0; it must be at least 1"):
        extract(MODELS["crf"], [], 0, table=TABLE, max_tokens=0)
