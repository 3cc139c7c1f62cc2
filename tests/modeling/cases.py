"""Tiny configurations shared by the model tests: one list of cases over all slots."""

from __future__ import annotations

from typing import Any

from transformers import AlbertConfig, BertConfig, DebertaV2Config, ElectraConfig, RobertaConfig, XLNetConfig

from hf_cner import CnerConfig

TYPES = ["疾病和诊断", "身体部位"]
VOCABULARY = 40  # 0 pad, 1 unknown, 2 cls, 3 sep, the rest are characters
NON_UNITS = [0, 2, 3]

_SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}

ENCODERS: dict[str, dict[str, Any]] = {
    "static": {"kind": "static", "vocab_size": VOCABULARY, "embedding_size": 12},
    "static-bigrams": {
        "kind": "static",
        "vocab_size": VOCABULARY,
        "embedding_size": 12,
        "bigram_vocab_size": 7,
        "bigram_size": 4,
    },
    "elmo": {
        "kind": "elmo",
        "vocab_size": VOCABULARY,
        "embedding_size": 6,
        "hidden_size": 9,
        "non_unit_ids": NON_UNITS,
    },
    "lattice": {
        "kind": "lattice",
        "vocab_size": VOCABULARY,
        "embedding_size": 6,
        "word_size": 5,
        "hidden_size": 7,
        "lexicon_size": 3,
        "lexicon_nodes": 6,
        "longest_word": 3,
    },
    "bert": {"kind": "pretrained", "config": BertConfig(**_SIZES).to_dict()},
    "albert": {"kind": "pretrained", "config": AlbertConfig(**_SIZES, embedding_size=8).to_dict()},
    "roberta": {"kind": "pretrained", "config": RobertaConfig(**_SIZES).to_dict()},
    "electra": {"kind": "pretrained", "config": ElectraConfig(**_SIZES, embedding_size=8).to_dict()},
    "deberta-v2": {"kind": "pretrained", "config": DebertaV2Config(**_SIZES).to_dict()},
    "xlnet": {
        "kind": "pretrained",
        "config": XLNetConfig(
            vocab_size=VOCABULARY, d_model=16, n_layer=2, n_head=2, d_inner=32, pad_token_id=0
        ).to_dict(),
    },
}

CONTEXTS: dict[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "bilstm": {"kind": "bilstm", "hidden_size": 6},
    "bigru": {"kind": "bigru", "hidden_size": 6, "num_layers": 2},
    "idcnn": {"kind": "idcnn", "filters": 10},
    "cnn": {"kind": "cnn", "filters": 5},
    "parallel": {
        "kind": "parallel",
        "branches": [{"kind": "bilstm", "hidden_size": 6}, {"kind": "cnn", "kernel_sizes": [3, 5], "filters": 6}],
    },
}

ATTENTIONS: dict[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "additive": {"kind": "additive"},
    "multi_head": {"kind": "multi_head", "num_heads": 4},
}

SPAN_DECODERS: dict[str, dict[str, Any]] = {
    "softmax": {"kind": "softmax", "scheme": "BIO"},
    "crf-bio": {"kind": "crf", "scheme": "BIO"},
    "crf-bioe-free": {"kind": "crf", "scheme": "BIOE", "constrained": False},
    "crf-bioes": {"kind": "crf", "scheme": "BIOES"},
}

SCORING_DECODERS: dict[str, dict[str, Any]] = {  # those that score spans, not tags
    "biaffine": {"kind": "biaffine", "size": 8, "dropout": 0.0},
    "biaffine-banded": {"kind": "biaffine", "size": 8, "dropout": 0.0, "max_width": 3, "position": "rotary"},
    "global-pointer": {"kind": "global_pointer", "size": 8, "dropout": 0.0},
}


def config(
    encoder: str = "static",
    context: str = "bilstm",
    attention: str = "none",
    span_decoder: str = "crf-bioes",
    **options: Any,
) -> CnerConfig:
    return CnerConfig(
        encoder=ENCODERS[encoder],
        context=CONTEXTS[context],
        attention=ATTENTIONS[attention],
        span_decoder=(SPAN_DECODERS | SCORING_DECODERS)[span_decoder],
        entity_types=TYPES,
        non_unit_ids=NON_UNITS,
        **options,
    )


CASES = {
    **{f"encoder-{name}": {"encoder": name} for name in ENCODERS},
    **{f"context-{name}": {"context": name} for name in CONTEXTS},
    **{f"attention-{name}": {"attention": name} for name in ATTENTIONS},
    **{f"decoder-{name}": {"span_decoder": name} for name in SPAN_DECODERS},
    "all-slots": {"encoder": "bert", "context": "parallel", "attention": "multi_head"},
}

SPAN_CASES = {f"decoder-{name}": {"span_decoder": name} for name in SCORING_DECODERS}
