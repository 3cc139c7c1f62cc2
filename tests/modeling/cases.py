"""Tiny configurations shared by the model tests: one list of cases over all slots.

What stands in a table of `hf_cner.modeling` and not here gets a case with its default options, so that a new entry is
tested by being registered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn
from transformers import AlbertConfig, BertConfig, DebertaV2Config, ElectraConfig, RobertaConfig, XLNetConfig

from hf_cner import CnerConfig
from hf_cner.modeling import attention, context, decoders, encoders
from hf_cner.modeling.slots import options_of

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


def with_every_kind(
    cases: dict[str, dict[str, Any]], table: Mapping[str, type[nn.Module]], **sizes: Any
) -> dict[str, dict[str, Any]]:
    """The cases, and one for each kind of the table that has none; of `sizes` it gets what it takes."""
    rest = set(table) - {case["kind"] for case in cases.values()}
    new = {kind: {"kind": kind} | {k: v for k, v in sizes.items() if k in options_of(table[kind])} for kind in rest}
    return cases | dict(sorted(new.items()))


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
ENCODERS = with_every_kind(ENCODERS, encoders.ENCODERS, vocab_size=VOCABULARY, non_unit_ids=NON_UNITS)

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
CONTEXTS = with_every_kind(CONTEXTS, context.CONTEXTS)

ATTENTIONS: dict[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "additive": {"kind": "additive"},
    "multi_head": {"kind": "multi_head", "num_heads": 4},
}
ATTENTIONS = with_every_kind(ATTENTIONS, attention.ATTENTIONS)

SPAN_DECODERS: dict[str, dict[str, Any]] = {
    "softmax": {"kind": "softmax", "scheme": "BIO"},
    "crf-bio": {"kind": "crf", "scheme": "BIO"},
    "crf-bioe-free": {"kind": "crf", "scheme": "BIOE", "constrained": False},
    "crf-bioes": {"kind": "crf", "scheme": "BIOES"},
}
SPAN_DECODERS = with_every_kind(SPAN_DECODERS, {k: d for k, d in decoders.DECODERS.items() if d.gives_tags})

SCORING_DECODERS: dict[str, dict[str, Any]] = {  # those that score spans, not tags
    "biaffine": {"kind": "biaffine", "size": 8, "dropout": 0.0},
    "biaffine-banded": {"kind": "biaffine", "size": 8, "dropout": 0.0, "max_width": 3, "position": "rotary"},
    "global-pointer": {"kind": "global_pointer", "size": 8, "dropout": 0.0},
}
SCORING_DECODERS = with_every_kind(SCORING_DECODERS, {k: d for k, d in decoders.DECODERS.items() if not d.gives_tags})


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
