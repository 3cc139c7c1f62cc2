"""transformers' own token-classification pipeline on every tagging decoder: its labels are the decoded tags."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from cases import ENCODERS, NON_UNITS, SPAN_DECODERS, TYPES
from transformers import pipeline, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.modeling.characters import CharacterTable
from hf_cner.modeling.schemes import decode

TEXT = "患者三天前出现头痛伴恶心"


@pytest.mark.parametrize("encoder", ["static", "elmo", "lattice", "bert"])
@pytest.mark.parametrize("decoder", list(SPAN_DECODERS))
def test_its_labels_are_the_decoded_tags(encoder: str, decoder: str, tmp_path: Path) -> None:
    set_seed(1)
    tokenizer = build_character_tokenizer(sorted(set(TEXT)))
    config = CnerConfig(
        encoder=ENCODERS[encoder] | ({"non_unit_ids": NON_UNITS} if encoder == "elmo" else {}),
        context={"kind": "bilstm", "hidden_size": 6},
        span_decoder=SPAN_DECODERS[decoder],
        entity_types=TYPES,
        non_unit_ids=CharacterTable(tokenizer).non_unit_ids,
    )
    model = CnerForTokenClassification(config).eval()
    with torch.no_grad():
        model.span_decoder.projection.weight.mul_(30)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    stock = pipeline("token-classification", model=str(tmp_path), ignore_labels=[])
    tags = [row["entity"] for row in stock(TEXT)]
    assert len(tags) == len(TEXT) and len(set(tags)) > 1
    scheme = config.span_decoder.get("scheme", "BIOES")
    found = pipeline("clinical-ner", model=str(tmp_path))(TEXT)
    assert decode(tags, scheme) == [(entity["start"], entity["end"], entity["type"]) for entity in found]
