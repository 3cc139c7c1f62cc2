"""The predictor: any number of texts of any length, lazily, in order, from a folder and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForTokenClassification, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification, Document, Predictor, Span
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.inference.checkpoint import CheckpointError
from hf_cner.modeling.characters import CharacterTable

CHARACTERS = "患者头痛天血压右侧。，a0 x"
TOKENIZER = build_character_tokenizer(CHARACTERS)
NOTES = ["患者头痛3天。\r\n血压0。", "", "右侧。头痛，A x\u3000😀天天血压。", "头" * 70, "患者", "天。" * 20]


def small_model(seed: int = 0) -> Any:
    set_seed(seed)
    config = CnerConfig(
        encoder={"kind": "static", "vocab_size": len(TOKENIZER), "embedding_size": 12},
        context={"kind": "bilstm", "hidden_size": 8},
        entity_types=["症状", "部位"],
        non_unit_ids=CharacterTable(TOKENIZER).non_unit_ids,
        windows={"policy": "sentence", "max_length": 24, "overlap": 8},
    )
    model = CnerForTokenClassification(config)
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(4)
    return model.eval()


PREDICTOR = Predictor(small_model(), TOKENIZER)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    PREDICTOR.model.save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("device", ["gpu9", "cuda:99", "cpu:x"])
def test_a_device_that_is_not_there_is_refused_in_a_sentence(device: str) -> None:
    with pytest.raises(ValueError, match=f"The device '{device}' is not on this machine; give cpu"):
        Predictor(small_model(), TOKENIZER, device=device)


def test_documents_come_back_in_order_with_their_spans() -> None:
    found = PREDICTOR(NOTES)
    assert [document.text for document in found] == NOTES
    assert sum(len(document.spans) for document in found) > 5
    for document in found:
        for span in document.spans:
            assert document.text[span.start : span.end] and span.type in PREDICTOR.entity_types
            assert span.score is not None and 0 < span.score <= 1
    assert PREDICTOR(NOTES[0]) == found[:1]


def test_what_a_document_carries_stays_and_its_gold_does_not() -> None:
    gold = Document(NOTES[0], (Span(0, 2, "症状"),), id="7", record="r1")
    [found] = PREDICTOR(gold)
    assert (found.text, found.id, found.record) == (gold.text, "7", "r1")
    assert found.spans == PREDICTOR(NOTES[0])[0].spans
    [row] = PREDICTOR({"text": NOTES[0], "id": 7, "entities": [{"start": 0, "end": 2, "type": "症状"}]})
    assert (row.id, row.record, row.spans) == ("7", "", found.spans)
    assert PREDICTOR([{"text": "", "id": None}])[0] == Document("")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.sampled_from(CHARACTERS + "😀\u0301\r\n\u3000İ\x00\u2028"), max_size=40), max_size=5))
def test_texts_are_never_edited(texts: list[str]) -> None:
    found = PREDICTOR(texts)
    assert [document.text for document in found] == texts
    alone = [PREDICTOR(text)[0] for text in texts]
    assert [document.spans for document in found] == [document.spans for document in alone]


@pytest.mark.parametrize("read_ahead", [1, 30, 200_000])
def test_reading_ahead_changes_no_result(read_ahead: int) -> None:
    assert list(PREDICTOR.predict(NOTES, read_ahead=read_ahead)) == PREDICTOR(NOTES)


def test_an_iterator_is_read_no_further_than_allowed() -> None:
    read: list[int] = []

    def endless() -> Iterator[str]:
        for number in range(1_000_000):
            read.append(number)
            yield "患者头痛。" if number % 2 else ""

    found = PREDICTOR.predict(endless(), read_ahead=18)
    assert isinstance(found, Iterator) and read == []
    next(found)
    assert len(read) == 6  # 5 + 1 characters for each two texts
    for _ in range(5):
        next(found)
    assert len(read) == 6
    next(found)
    assert len(read) == 12


def test_progress_counts_every_character() -> None:
    counts: list[int] = []
    list(PREDICTOR.predict(NOTES, read_ahead=30, progress=counts.append))
    assert sum(counts) == sum(map(len, NOTES))


def test_scores_and_windows_are_options() -> None:
    without = Predictor(PREDICTOR.model, TOKENIZER, scores=False)
    assert {span.score for document in without(NOTES) for span in document.spans} == {None}
    assert without(NOTES) == PREDICTOR(NOTES)  # scores do not take part in equality
    assert Predictor(PREDICTOR.model, TOKENIZER, windows={"max_length": 9, "overlap": 2}).windows == {
        **PREDICTOR.model.config.windows,
        "max_length": 9,
        "overlap": 2,
    }


def test_a_saved_predictor_gives_the_same(checkpoint: Path) -> None:
    again = Predictor.from_pretrained(checkpoint, device="cpu")
    expected = PREDICTOR(NOTES)
    found = again(NOTES)
    assert found == expected
    assert [s.score for d in found for s in d.spans] == [s.score for d in expected for s in d.spans]
    assert again.entity_types == ["症状", "部位"]
    assert (
        Predictor.from_pretrained(str(checkpoint), windows={"max_length": 9, "overlap": 0}).windows["max_length"] == 9
    )


def test_half_precision_finds_nearly_the_same(checkpoint: Path) -> None:
    half = Predictor.from_pretrained(checkpoint, device="cpu", dtype="bfloat16")
    assert half.model.dtype == torch.bfloat16
    assert {parameter.dtype for parameter in half.model.span_decoder.crf.parameters()} == {torch.float32}
    kept = {(i, s.start, s.end, s.type): s.score for i, d in enumerate(PREDICTOR(NOTES)) for s in d.spans}
    found = {(i, s.start, s.end, s.type): s.score for i, d in enumerate(half(NOTES)) for s in d.spans}
    sure = {key for key, score in kept.items() if score > 0.5}
    assert sure <= set(found)
    assert all(abs(found[key] - kept[key]) < 0.1 for key in sure)


def test_checkpoints_that_cannot_predict_are_refused(checkpoint: Path) -> None:
    (checkpoint / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match="has no whole tokenizer"):
        Predictor.from_pretrained(checkpoint)
    with pytest.raises(CheckpointError, match="There is no folder"):
        Predictor.from_pretrained(checkpoint / "none")


def test_another_package_s_checkpoint_is_refused(tmp_path: Path) -> None:
    sizes = {"vocab_size": 40, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    BertForTokenClassification(BertConfig(**sizes, intermediate_size=8)).save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"another kind \(model_type 'bert'\)"):
        Predictor.from_pretrained(tmp_path)


def test_a_name_that_the_hub_does_not_give_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="nobody/nothing is no folder here, and could not be read from the Hub"):
        Predictor.from_pretrained("nobody/nothing")


def test_bad_input_is_named() -> None:
    with pytest.raises(TypeError, match=r"Input 2 is int; give texts \(str\), documents, or rows"):
        PREDICTOR(["患者", 3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"Input 1 is a row with the keys \['note'\]"):
        PREDICTOR({"note": "患者"})
    with pytest.raises(ValueError, match="read_ahead is 0; it counts characters"):
        PREDICTOR.predict(["患者"], read_ahead=0)


@pytest.mark.parametrize("one", ["患者头痛", {"text": "患者头痛", "id": "1"}, Document("患者头痛")])
def test_one_text_alone_is_no_list_of_characters(one: Any) -> None:
    with pytest.raises(TypeError, match=r"predict takes several texts, found one .*; give it in a list"):
        PREDICTOR.predict(one)


def test_rows_keep_the_name_0() -> None:
    [document] = PREDICTOR([{"text": "头痛", "id": 0, "record": 0}])
    assert (document.id, document.record) == ("0", "0")
