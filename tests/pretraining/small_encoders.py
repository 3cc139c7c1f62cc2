"""Invented texts, their entities, and a tiny encoder, for the tests of pretraining."""

from __future__ import annotations

import random
from pathlib import Path

from transformers import BertTokenizer, PreTrainedTokenizerBase

from hf_cner import Document, Span
from hf_cner.data.tokenizer import character_tokenizer_from

WORDS = ["头痛", "发热", "咳嗽", "右上腹痛", "双下肢水肿", "冠状动脉支架植入术"]
BETWEEN = ["患者", "今日", "无", "伴", "查体示", "，", "。", "、", "三天前"]
CHARACTERS = sorted(set("".join([*WORDS, *BETWEEN])))
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]"]
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def tokenizer() -> PreTrainedTokenizerBase:

    vocabulary = {name: number for number, name in enumerate([*SPECIALS, *CHARACTERS])}
    return character_tokenizer_from(BertTokenizer(vocab=vocabulary))


def notes(count: int, seed: int = 0, *, parts: int = 12) -> list[Document]:
    """Notes of uneven lengths, with their entities as gold."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        text, spans = "", []
        for _ in range(chance.randint(2, parts)):
            text += chance.choice(BETWEEN)
            word = chance.choice(WORDS)
            spans.append(Span(len(text), len(text) + len(word), "症状"))
            text += word + chance.choice("，。。")
        found.append(Document(text, tuple(spans), id=f"note-{number}", record=f"record-{number}"))
    return found


def written(path: Path, documents: list[Document]) -> Path:
    path.write_text("\n".join(document.text for document in documents), encoding="utf-8")
    return path
