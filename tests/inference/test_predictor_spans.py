"""Predictors of span and question-answering checkpoints: from a folder, with other questions and another decoding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForQuestionAnswering, AutoTokenizer, pipeline, set_seed

from hf_cner import CnerConfig, CnerForQuestionAnswering, CnerForTokenClassification, CnerMrcConfig, Predictor
from hf_cner.data.problems import DataError
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.modeling.characters import CharacterTable

CHARACTERS = "患者头痛天血压右侧。，a0 x有哪些症状部位检查？"
TOKENIZER = build_character_tokenizer(CHARACTERS)
QUERIES = {"症状": "有哪些症状？", "部位": "有哪些部位？"}
NOTES = ["患者头痛3天。\r\n血压0。", "", "右侧。头痛，A x\u3000😀天天血压。", "头" * 70, "患者", "天。" * 20]
BASE: dict[str, Any] = {
    "encoder": {"kind": "static", "vocab_size": len(TOKENIZER), "embedding_size": 12},
    "context": {"kind": "bilstm", "hidden_size": 8},
    "non_unit_ids": CharacterTable(TOKENIZER).non_unit_ids,
    "windows": {"policy": "sentence", "max_length": 24, "overlap": 8},
}


def span_model(decoder: str = "global_pointer") -> Any:
    set_seed(0)
    config = CnerConfig(**BASE, span_decoder={"kind": decoder}, entity_types=list(QUERIES))
    return louder(CnerForTokenClassification(config))


def questioning_model() -> Any:
    set_seed(0)
    config = CnerMrcConfig(**BASE, interaction={"kind": "separate", "hidden_size": 8}, entity_types=list(QUERIES))
    model = CnerForQuestionAnswering(config)
    model.set_queries(QUERIES, TOKENIZER)
    return louder(model)


def louder(model: Any) -> Any:
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model.eval()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    questioning_model().save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("make", [span_model, questioning_model], ids=["spans", "questions"])
def test_spans_nest_and_agree_with_the_texts_whatever_the_batches(make: Any) -> None:
    model = make().double()
    found = Predictor(model, TOKENIZER)(NOTES)
    assert [document.text for document in found] == NOTES
    spans = [span for document in found for span in document.spans]
    assert any(a.start <= b.start and b.end <= a.end and a != b for d in found for a in d.spans for b in d.spans)
    assert all(span.score is not None and 0.5 <= span.score <= 1 for span in spans)
    for other in (Predictor(model, TOKENIZER, batch_tokens=1), Predictor(model, TOKENIZER, batch_tokens=10_000)):
        again = [span for document in other(NOTES) for span in document.spans]
        assert again == spans
        assert [span.score for span in again] == pytest.approx([span.score for span in spans], abs=1e-12)


def test_decoding_and_thresholds_are_chosen_at_prediction() -> None:
    nested = Predictor(span_model(), TOKENIZER)(NOTES)
    flat = Predictor(span_model(), TOKENIZER, decoding="flat")(NOTES)
    all_of_them = Predictor(span_model(), TOKENIZER, decoding="crossing", threshold=0.1)(NOTES)
    counts = [sum(len(document.spans) for document in found) for found in (flat, nested, all_of_them)]
    assert counts[0] < counts[1] < counts[2]
    for document in flat:
        assert all(a.end <= b.start for a, b in zip(document.spans, document.spans[1:], strict=False))
    kinds = {span.type for document in all_of_them for span in document.spans}
    only = Predictor(span_model(), TOKENIZER, decoding="crossing", threshold=0.1, thresholds={"症状": 1.0})(NOTES)
    assert {span.type for document in only for span in document.spans} == kinds - {"症状"} != set()
    with pytest.raises(ValueError, match=r"thresholds names the types \['药物'\]"):
        Predictor(span_model(), TOKENIZER, thresholds={"药物": 0.4})
    config = CnerConfig(**BASE, entity_types=list(QUERIES))
    with pytest.raises(ValueError, match="The decoder 'crf' gives one tag to each character, so there is nothing to"):
        Predictor(CnerForTokenClassification(config), TOKENIZER, decoding="flat")


def test_a_questioning_checkpoint_comes_back_through_every_door(checkpoint: Path) -> None:
    expected = Predictor(questioning_model(), TOKENIZER)(NOTES)
    assert any(document.spans for document in expected)
    assert Predictor.from_pretrained(checkpoint)(NOTES) == expected
    assert AutoConfig.from_pretrained(checkpoint).queries == QUERIES
    model = AutoModelForQuestionAnswering.from_pretrained(checkpoint)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    assert tokenizer("患者")["input_ids"] == TOKENIZER("患者")["input_ids"]
    assert Predictor(model, tokenizer)(NOTES) == expected
    answers = pipeline("clinical-ner", model=str(checkpoint))(NOTES)
    assert [[(e["start"], e["end"], e["type"]) for e in row] for row in answers] == [
        [(span.start, span.end, span.type) for span in document.spans] for document in expected
    ]


def test_other_questions_can_be_asked_types_that_training_did_not_know_included(
    checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "queries.yaml"
    path.write_text("检查: 做了哪些检查？\n部位: 有哪些部位？\n", encoding="utf-8")
    predictor = Predictor.from_pretrained(checkpoint, queries=path, threshold=0.4)
    assert predictor.entity_types == ["检查", "部位"]
    kinds = {span.type for document in predictor(NOTES) for span in document.spans}
    assert "检查" in kinds and kinds <= {"检查", "部位"}
    same = Predictor.from_pretrained(checkpoint)
    before = same(NOTES)
    same.set_queries({"检查": "做了哪些检查？"})
    assert {span.type for document in same(NOTES) for span in document.spans} <= {"检查"}
    same.set_queries(QUERIES)
    assert same(NOTES) == before
    path.write_text("检查: \n", encoding="utf-8")
    with pytest.raises(DataError, match="found an empty query for '检查'"):
        Predictor.from_pretrained(checkpoint, queries=path)
    with pytest.raises(ValueError, match="This model asks no questions"):
        Predictor(span_model(), TOKENIZER, queries=QUERIES)
