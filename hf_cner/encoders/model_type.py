"""Which type of encoder a folder holds, where its configuration does not say so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from transformers.models.auto import modeling_auto

HOW_TO_NAME_IT = (
    "with --model-type of `hf-cner encoder import` or `pretrain` (in the settings of `train`: model.encoder.model_type)"
)
# What the names of weights say, the plainest sign first: layers that one type alone has, then the prefix of a type.
SIGNS = (
    ("xlnet", r"(^|\.)mask_emb$"),
    ("albert", r"(^|\.)albert_layer_groups\."),
    ("deberta-v2", r"\.attention\.self\.query_proj\."),
    ("deberta", r"\.attention\.self\.in_proj\."),
    ("longformer", r"\.attention\.self\.query_global\."),
    ("distilbert", r"(^|\.)transformer\.layer\.\d+\.attention\.q_lin\."),
    ("mobilebert", r"(^|\.)embeddings\.embedding_transformation\."),
    ("megatron-bert", r"\.attention\.ln\.weight$"),
    *((name, rf"(^|\.){name}\.") for name in ("electra", "ernie", "rembert", "roformer", "nystromformer", "convbert")),
    *((name, rf"(^|\.){name}\.") for name in ("roberta", "bert")),
)


def model_type_of(settings: Mapping[str, object], names: Iterable[str], *, source: str, chosen: str | None) -> str:
    """The model type: what was chosen, what `settings` says, or what the class named there or the weights' names say.

    Args:
        settings: the configuration as it was published.
        names: of the weights.
        source: the name of the configuration's file: `albert_config.json` says a type as well.
        chosen: what the user chose; it wins.

    Raises:
        ValueError: none of these says it.
    """
    if said := chosen or settings.get("model_type"):
        return str(said)
    for found in (from_architecture(settings.get("architectures")), from_names(names), from_file_name(source)):
        if found:
            return found
    raise ValueError(
        f"{source} has no model_type, and neither its architectures nor the names of the weights say which encoder it "
        f"is; name it {HOW_TO_NAME_IT}, as bert, albert or roberta."
    )


def from_architecture(architectures: object) -> str | None:
    """`["AlbertForMaskedLM"]` is an `albert`; None when the class is unknown to transformers, or of several types."""
    if not isinstance(architectures, list) or not architectures or not isinstance(architectures[0], str):
        return None
    wanted = architectures[0]
    types: set[str] = set()
    for name, table in vars(modeling_auto).items():
        if name.startswith("MODEL_") and name.endswith("_MAPPING_NAMES"):
            types |= {str(kind) for kind, classes in table.items() if wanted == classes or wanted in tuple(classes)}
    plain = re.split(r"For[A-Z]|LMHead|Model$", wanted)[0].lower()
    own = {kind for kind in types if re.sub(r"[-_]", "", kind) == plain} or types
    return own.pop() if len(own) == 1 else None


def from_names(names: Iterable[str]) -> str | None:
    """The type that the names of the weights show, as `albert.` an ALBERT; None without a sign of any."""
    listed = list(names)
    return next((kind for kind, sign in SIGNS if any(re.search(sign, name) for name in listed)), None)


def from_file_name(name: str) -> str | None:
    """`albert_config.json` is the configuration of an `albert`, and `bert_config_large.json` of a `bert`."""
    first = name.split("_config")[0].lower()
    return next((kind for kind, _ in SIGNS if kind.replace("-", "_") == first), None)


def foreign_prefix(prefix: str, own: str) -> str | None:
    """The other type whose name stands before the weights, as `bert` in `module.bert.`; None when there is none.

    Args:
        prefix: what stands before the weights.
        own: the `base_model_prefix` of the type that the configuration names.
    """
    last = prefix.rstrip(".").rpartition(".")[2]
    return last if last != own and last in {kind for kind, _ in SIGNS} else None
