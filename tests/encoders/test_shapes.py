"""Each shape trains, knows every character, is transformers' own encoder, and predicts the same when it is saved."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from closeness import assert_close
from published_shapes import STYLES, write
from small_runs import WORDS, notes, trainer

from hf_cner.inference.predictor import Predictor
from hf_cner.training.build import build

SENTENCE = "患者发热，今日右上腹痛。"
MODEL = {
    "context": {"kind": "none"},
    "attention": {"kind": "none"},
    "span_decoder": {"kind": "crf", "scheme": "BIOES"},
    "dropout": 0.1,
    "windows": {"policy": "sentence", "max_length": 24, "overlap": 8},
}
FORMS = (
    *("model.safetensors", "model.safetensors in parts", "pytorch_model.bin", "pytorch_model.bin in parts"),
    *("legacy", "half"),
)
KINDS = [
    *((kind, "vocab.txt") for kind in ("bert", "albert", "roberta", "electra", "ernie", "deberta-v2", "deberta")),
    *((kind, "vocab.txt") for kind in ("longformer", "big_bird", "rembert", "distilbert", "roformer", "xlm-roberta")),
    *(("bert", "tokenizer.json"), ("albert", "tokenizer.json"), ("deberta-v2", "tokenizer.json")),
    *(("xlnet", "spiece.model"), ("albert", "spiece.model")),
]
# Every kind with one form of weights and one style of names, so that each of these occurs with several kinds.
FEW = [(*kind, FORMS[i % len(FORMS)], list(STYLES)[i % len(STYLES)]) for i, kind in enumerate(KINDS)]
ALL = [(*kind, form, style) for kind, form, style in itertools.product(KINDS, FORMS, STYLES)]


def named(case: tuple[str, ...]) -> str:
    return "-".join(part.replace(" ", "-") for part in case)


@pytest.mark.parametrize("case", FEW, ids=named)
def test_a_published_encoder_trains_saves_and_predicts_the_same(case: tuple[str, ...], tmp_path: Path) -> None:
    kind, vocabulary, form, style = case
    model, tokenizer, encoded = read(kind, vocabulary, form, style, folder=tmp_path / "published")
    run = trainer(
        tmp_path / "run", model=model, processing_class=tokenizer, arguments_of={"max_steps": 2, "eval_strategy": "no"}
    )
    run.train()
    run.save_model(str(tmp_path / "saved"))
    texts = [document.text for document in notes(6, 5)]
    loaded = Predictor.from_pretrained(tmp_path / "saved", scores=False)
    with torch.no_grad():  # spans alone would say little: after two steps there may be none
        assert_close(loaded.model(**encoded).emissions, model.eval()(**encoded).emissions)
    before = Predictor(model, tokenizer, scores=False).predict(texts)
    assert list(before) == list(loaded.predict(texts))


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in ALL if case not in FEW], ids=named)
def test_every_shape_is_read_as_transformers_own_encoder(case: tuple[str, ...], tmp_path: Path) -> None:
    kind, vocabulary, form, style = case
    read(kind, vocabulary, form, style, folder=tmp_path / "published")


def read(kind: str, vocabulary: str, form: str, style: str, *, folder: Path) -> tuple[Any, Any, Any]:
    """Model, tokenizer and an encoded sentence of a published encoder whose vectors are what transformers computes."""
    reference = write(folder, kind, vocabulary=vocabulary, weights=form, style=style)
    if form == "half":  # what the file holds, in the precision that it is read into
        reference = reference.half().float()
    slot = {"kind": "pretrained", "name_or_path": str(folder)}
    notes_of_run: dict[str, Any] = {}
    model, tokenizer = build({"model": {**MODEL, "encoder": slot}}, notes(8), list(WORDS), notes=notes_of_run)
    assert notes_of_run["encoder"]["model_type"] == kind
    encoded = tokenizer(SENTENCE, return_tensors="pt")
    assert tokenizer.unk_token_id not in encoded["input_ids"][0].tolist()
    assert len(encoded["input_ids"][0]) == len(SENTENCE) + 2
    with torch.no_grad():
        ours = model.eval().cner.encoder(**encoded).last_hidden_state
        accepted = encoded if kind != "distilbert" else {k: v for k, v in encoded.items() if k != "token_type_ids"}
        theirs = reference(**accepted).last_hidden_state
    assert_close(ours, theirs)
    return model, tokenizer, encoded
