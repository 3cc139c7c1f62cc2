"""One small model, and its graphs for each backend: exported once, for all tests that need one."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from hf_cner import CnerConfig, CnerForTokenClassification, Document, Predictor
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.export.folder import export_model
from hf_cner.modeling.characters import CharacterTable

CHARACTERS = "患者头痛天血压右侧。，a0 x"
TOKENIZER = build_character_tokenizer(CHARACTERS)
NOTES = [
    "患者头痛3天。\r\n血压0。",
    "",
    "右侧。头痛，A x\u3000😀天天血压。",
    "头" * 70,
    "患",
    "天。" * 20,
    "患者头痛" * 40,
]
_FOLDERS = tempfile.TemporaryDirectory()


def small_model(**changed: Any) -> CnerForTokenClassification:
    """A random model, whose windows hold 24 characters."""
    set_seed(0)
    slots: dict[str, Any] = {
        "encoder": {"kind": "static", "vocab_size": len(TOKENIZER), "embedding_size": 12},
        "context": {"kind": "bilstm", "hidden_size": 8},
        "entity_types": ["症状", "部位"],
    }
    model = CnerForTokenClassification(
        CnerConfig(
            **(slots | changed),
            non_unit_ids=CharacterTable(TOKENIZER).non_unit_ids,
            windows={"policy": "sentence", "max_length": 24, "overlap": 8},
        )
    )
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(4)
    return model.eval()


@cache
def predictor() -> Predictor:
    return Predictor(small_model(), TOKENIZER)


def exported(to: str = "onnx", precision: str = "fp32") -> Path:
    """The folder of the small model's graphs; nobody writes into it."""
    return _exported(to, precision)


@cache
def _exported(to: str, precision: str) -> Path:
    folder = Path(_FOLDERS.name, f"{to}-{precision}")
    export_model(predictor(), folder, to=to, precision=precision, documents=[Document(text) for text in NOTES])
    return folder
