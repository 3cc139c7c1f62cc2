"""The folder of an invented run: what `hf-cner train` leaves, with a model that learnt nothing; code in name only."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from safetensors.torch import save

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.data.documents import Document, Span
from hf_cner.metrics.report import evaluate_documents
from hf_cner.modeling.schemes import tag_names

TYPES = ["症状|体征", "部位"]
GOLD = [
    Document("患者头痛。", (Span(2, 4, TYPES[0]), Span(2, 3, TYPES[1]))),
    Document("查双肺。", (Span(1, 3, TYPES[1]),)),
]
FOUND = [Document("患者头痛。", (Span(2, 4, TYPES[0]),)), Document("查双肺。", (Span(0, 3, TYPES[1]),))]
_SIZES = {"vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4}
CONFIG = {
    "model_type": "cner",
    "entity_types": TYPES,
    "id2label": dict(enumerate(tag_names("BIOES", TYPES))),
    "context": {"kind": "none"},
    "span_decoder": {"kind": "crf", "scheme": "BIOES"},
    "encoder": {
        "kind": "pretrained",
        "config": {"_name_or_path": "/home/chen/encoders/bert", "model_type": "bert", **_SIZES},
    },
    "auto_map": {"AutoConfig": "configuration_cner.CnerConfig", "AutoModelForTokenClassification": "modeling_cner.C"},
    "custom_pipelines": {"clinical-ner": {"impl": "pipeline_cner.P", "pt": ["AutoModelForTokenClassification"]}},
}
CODE = {
    "configuration_cner": "x = 1\n",
    "modeling_cner": "from .crf import CRF\nfrom .configuration_cner import x\n",
    "pipeline_cner": "from .crf import CRF\n",
    "crf": "CRF = 1\n",
}


def results() -> dict[str, Any]:
    """What `results.json` holds."""
    report = evaluate_documents(GOLD, FOUND, types=TYPES)
    return {
        "metrics": {"test": report, "dev": evaluate_documents(GOLD, GOLD, types=TYPES)},
        "protocol": "ward, 7:2:1 by record (train / test / dev), equal texts on one side",
        "data": {
            "corpus": "jsonl",
            "fingerprint": "0123456789abcdef",
            "documents": {"train": 1400, "test": 2, "dev": 2},
            "entities": {"train": 5000, "test": 3, "dev": 3},
            "split": {"shares": "7:2:1", "seed": 42, "hash": "fedcba9876543210"},
            "left_out": ["/home/chen/ward3/a.jsonl:3: found the mention '张三' …"],
            "left_out_count": 12_000,
        },
        "seed": 1,
        "settings": {
            "preset": "bert-bigru-mha-crf",
            "model": {"encoder": {"kind": "pretrained", "name_or_path": "/home/chen/encoders/bert"}},
            "data": {"corpus": "jsonl", "data_dir": "/home/chen/ward3"},
            "output_dir": "/home/chen/out",
        },
        "entities": {
            "documents": 1400,
            "windows": 1500,
            "entities": 5000,
            "lost": 12,
            "longest_lost": ["张三-0012345", 3, 9, "治疗", "overlap"],
        },
        "parameters": 1234567,
        "epochs": 3.0,
        "best_epoch": 2.0,
        "seconds": {"total": 3725.4, "training_epochs": [1.0, 1.0, 1.0]},
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
        "hardware": {"machine": "x86_64", "cores": 8, "threads": 4},
        "checkpoint": "/home/chen/out",
    }


def log() -> list[dict[str, Any]]:
    """What `training_log.json` holds."""
    found: list[dict[str, Any]] = []
    for epoch, (loss, f1) in enumerate([(0.9, 0.1), (0.5, 0.6), (float("nan"), 0.5)], start=1):
        found.append({"loss": loss, "epoch": float(epoch), "step": epoch})
        found.append({"eval_loss": 0.4, "eval_strict_f1": f1, "epoch": float(epoch), "step": epoch})
    return found


@functools.cache
def weights() -> bytes:
    """What `model.safetensors` holds."""
    return save(CnerForTokenClassification(CnerConfig.from_dict(CONFIG)).state_dict(), metadata={"format": "pt"})


def write_run(folder: Path, changed: dict[str, Any] | None = None) -> Path:
    """Write such a folder; `changed` replaces whole files, None leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {
        "config.json": CONFIG,
        "results.json": results(),
        "training_log.json": log(),
        "tokenizer.json": {"version": "1.0"},
        "tokenizer_config.json": {"name_or_path": "/home/chen/encoders/bert", "unk_token": "[UNK]"},
        "split.json": {"hash": "fedcba9876543210", "train": ["record 张三"]},
        "settings.yaml": "output_dir: /home/chen/out\n",
        "training_args.bin": "a pickle",
        "model.safetensors": weights(),
        **{f"{name}.py": text for name, text in CODE.items()},
    }
    for name, value in (content | (changed or {})).items():
        if isinstance(value, bytes):
            (folder / name).write_bytes(value)
        elif value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            (folder / name).write_text(text, encoding="utf-8")
    return folder
