"""A predictor whose encoder has linear layers that are large enough for ways to differ."""

from __future__ import annotations

from typing import Any

import torch
from transformers import BertConfig, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.modeling.characters import CharacterTable

TOKENIZER = build_character_tokenizer("患者头痛天血压右侧。，a0 x")
NOTES = [
    "患者头痛3天。\r\n血压0。",
    "",
    "右侧。头痛，A x天天血压。",
    "头" * 70,
    "患者头痛3天。\r\n血压0。",
    "天。" * 20,
]


def encoder_model(seed: int = 0) -> Any:
    """Two layers of 64 with random weights."""
    set_seed(seed)
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
    bert = BertConfig(vocab_size=len(TOKENIZER), **sizes)
    config = CnerConfig(
        encoder={"kind": "pretrained", "config": bert.to_dict()},
        context={"kind": "none"},
        entity_types=["症状", "部位"],
        non_unit_ids=CharacterTable(TOKENIZER).non_unit_ids,
        windows={"policy": "sentence", "max_length": 24, "overlap": 8},
    )
    model = CnerForTokenClassification(config).eval()
    torch.nn.init.normal_(model.span_decoder.projection.weight)  # or every score would be about the same
    return model
