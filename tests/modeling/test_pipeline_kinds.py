"""The pipeline from a checkpoint's folder, for every scheme and decoder: what the Predictor finds, streamed alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
from cases import ENCODERS, SCORING_DECODERS, SPAN_DECODERS
from small_tokenizers import character_tokenizer
from transformers import pipeline, set_seed

from hf_cner import CnerConfig, CnerForQuestionAnswering, CnerForTokenClassification, CnerMrcConfig, Predictor
from hf_cner.modeling.characters import CharacterTable

TOKENIZER = character_tokenizer()
NOTES = ["患者头痛3天。\r\n血压0。", "", "右侧。头痛，A x\u3000😀天天血压。", "头痛天右侧，" * 12, "患者"]
SHARED: dict[str, Any] = {
    "context": {"kind": "bilstm", "hidden_size": 8},
    "windows": {"policy": "sentence", "max_length": 24, "overlap": 8},
    "non_unit_ids": CharacterTable(TOKENIZER).non_unit_ids,
}
QUERIES = {"症状": "有头痛，", "部位": "右侧？"}
KINDS: dict[str, dict[str, Any]] = {
    **{name: {"span_decoder": SPAN_DECODERS[name]} for name in ("softmax", "crf-bio", "crf-bioes")},
    **{name: {"span_decoder": decoder} for name, decoder in SCORING_DECODERS.items()},
    "crf-bioe": {"span_decoder": {"kind": "crf", "scheme": "BIOE"}},
    "bert": {"encoder": ENCODERS["bert"], "span_decoder": {"kind": "crf", "scheme": "BIOE"}},
    "questions": {"queries": QUERIES},
}


def model_of(kind: str) -> Any:
    set_seed(3)
    options = {"encoder": {"kind": "static", "vocab_size": 40, "embedding_size": 12}, **SHARED, **KINDS[kind]}
    model: Any
    if kind == "questions":
        options["context"] = {"kind": "none"}
        model = CnerForQuestionAnswering(CnerMrcConfig(**options))
        model.set_queries(QUERIES, TOKENIZER)
    else:
        model = CnerForTokenClassification(CnerConfig(**options, entity_types=["症状", "部位"]))
    with torch.no_grad():  # random, but sure enough of itself to find something
        for parameter in (*model.get_input_embeddings().parameters(), *model.span_decoder.parameters()):
            torch.nn.init.normal_(parameter, std=1.0)
    return model.eval()


@pytest.mark.parametrize("kind", KINDS)
def test_it_finds_what_the_predictor_finds(kind: str, tmp_path: Path) -> None:
    model_of(kind).save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    expected = [
        [(span.start, span.end, span.type, document.mention(span)) for span in document.spans]
        for document in Predictor.from_pretrained(tmp_path)(NOTES)
    ]
    assert sum(map(len, expected)) > 5 and any(end > 30 for _, end, *_ in expected[3])  # beyond the first window
    find = pipeline("clinical-ner", model=str(tmp_path))
    rows = datasets.Dataset.from_dict({"text": NOTES})
    for outputs in (find(NOTES), find(NOTES, batch_size=2), list(find(rows, batch_size=3)), [find(n) for n in NOTES]):
        assert [[(e["start"], e["end"], e["type"], e["text"]) for e in found] for found in outputs] == expected
        for note, found in zip(NOTES, outputs, strict=True):
            assert all(note[e["start"] : e["end"]] == e["text"] and 0 < e["score"] <= 1 for e in found)
