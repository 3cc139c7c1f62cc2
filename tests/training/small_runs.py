"""Invented notes, a small model and quick arguments, for the tests of training."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase, TrainerCallback

from hf_cner import CnerConfig, CnerForTokenClassification, CnerTrainer, CnerTrainingArguments, Document, Span
from hf_cner.data.tokenizer import build_character_tokenizer

torch.set_num_threads(1)  # the layers are tiny, and tests share the machine

WORDS = {"症状": ["发热", "咳嗽", "右上腹痛", "头晕"], "部位": ["腹部", "双肺", "肝", "头颅"]}
OPENINGS, ENDS = ["患者", "今日", "查体示", "无", "伴", "复查"], ["，", "。", "。", "、"]
CHARACTERS = sorted(set("".join([*WORDS["症状"], *WORDS["部位"], *OPENINGS, *ENDS])))


def notes(count: int, seed: int = 0, *, longest: int = 6) -> list[Document]:
    """Notes of uneven lengths, with one entity in each clause."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        text, spans = "", []
        for _ in range(chance.randint(1, longest)):
            text += chance.choice(OPENINGS)
            kind = chance.choice(list(WORDS))
            word = chance.choice(WORDS[kind])
            spans.append(Span(len(text), len(text) + len(word), kind))
            text += word + chance.choice(ENDS)
        found.append(Document(text, tuple(spans), id=f"note-{seed}-{number}", record=f"record-{number}"))
    return found


def tokenizer() -> PreTrainedTokenizerBase:
    return build_character_tokenizer(CHARACTERS)


def config(**options: Any) -> CnerConfig:
    settings: dict[str, Any] = {
        "encoder": {"kind": "static", "vocab_size": len(tokenizer()), "embedding_size": 16},
        "context": {"kind": "bilstm", "hidden_size": 16},
        "span_decoder": {"kind": "crf", "scheme": "BIOES"},
        "entity_types": list(WORDS),
        "windows": {"policy": "sentence", "max_length": 24, "overlap": 8},
        "dropout": 0.1,
        "pad_token_id": 0,
    }
    return CnerConfig(**{**settings, **options})


def model(seed: int = 0, **options: Any) -> CnerForTokenClassification:
    torch.manual_seed(seed)
    return CnerForTokenClassification(config(**options))


def arguments(folder: Path | str, **options: Any) -> CnerTrainingArguments:
    settings: dict[str, Any] = {
        "per_device_train_batch_size": 8,
        "num_train_epochs": 2,
        "learning_rate": 1e-2,
        "use_cpu": True,
        "disable_tqdm": True,
        "logging_strategy": "no",
    }
    return CnerTrainingArguments(str(folder), **{**settings, **options})


def trainer(folder: Path | str, *, arguments_of: dict[str, Any] | None = None, **options: Any) -> CnerTrainer:
    settings: dict[str, Any] = {
        "args": arguments(folder, **(arguments_of or {})),
        "train_dataset": notes(64, 1),
        "eval_dataset": notes(24, 2),
        "processing_class": tokenizer(),
    }
    if "model" not in options and "model_init" not in options:
        settings["model"] = model()
    return CnerTrainer(**{**settings, **options})


class Break(TrainerCallback):
    """Breaks a run off before a step, as a person at the keyboard does."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            raise KeyboardInterrupt
