"""Configuration of the tagging and span models: four slots, an entity type list, and the windows of the text."""

from __future__ import annotations

import copy
from typing import Any

from transformers import PreTrainedConfig
from transformers.utils import logging

from .schemes import SCHEMES, tag_names

logger = logging.get_logger(__name__)

Slot = dict[str, Any]

LABELLING = ("entity_types", "id2label", "label2id", "num_labels", "span_decoder")
"""Options that must agree with each other."""

FOREIGN = (
    *("auto_map", "custom_pipelines", "quantization_config", "attn_implementation", "use_cache", "vocab_size"),
    "experts_implementation",  # transformers 5.2 sets it itself
    *(f"{name}_token_id" for name in ("pad", "unk", "cls", "sep", "bos", "eos", "mask")),
)
"""Fields of a configuration that transformers, or a user of it, may set on any model."""

DEFAULT_ENCODER: Slot = {"kind": "static", "vocab_size": 128, "embedding_size": 128}
DEFAULT_CONTEXT: Slot = {"kind": "bilstm", "hidden_size": 128}
DEFAULT_ATTENTION: Slot = {"kind": "none"}
DEFAULT_SPAN_DECODER: Slot = {"kind": "crf", "scheme": "BIOES"}
DEFAULT_WINDOWS: Slot = {"policy": "sentence", "max_length": 256, "overlap": 64}


class CnerConfig(PreTrainedConfig):
    """Everything that decides what a model computes.

    Each of the four slots is a plain dict `{"kind": …, **options}`; the kinds and options stand in the tables
    `ENCODERS`, `CONTEXTS`, `ATTENTIONS` and `DECODERS`.

    Args:
        encoder: `{"kind": "static", "vocab_size": …, "embedding_size": …}`,
            `{"kind": "pretrained", "config": encoder_config.to_dict()}`, or a kind `elmo` or `lattice`.
        context: `none`, `bilstm`, `bigru`, `idcnn`, `cnn` or `parallel`.
        attention: `none`, `additive` or `multi_head`.
        span_decoder: `softmax` or `crf` (both with `scheme`: BIO, BIOE or BIOES).
        entity_types: the types, in the order in which their labels are numbered. When it is left out and `id2label`
            holds tags (`O`, `B-…`), the types are read from the tags, and the tags keep their numbers; so is the scheme
            where `span_decoder` names none.
        dropout: probability with which an encoder output is dropped before the context layer (P4: 0.5).
        windows: how a long text is cut; the keyword options of `windows.make_windows`, lengths in characters.
        non_unit_ids: token ids that carry no tag (padding, cls, sep, bos, eos); everything else is a unit.
        eval_logits: `"max_marginal"` (in evaluation the argmax of `logits` is the Viterbi path) or `"emissions"`.
    """

    model_type = "cner"
    _auto_class = "AutoConfig"

    def __init__(
        self,
        encoder: Slot | None = None,
        context: Slot | None = None,
        attention: Slot | None = None,
        span_decoder: Slot | None = None,
        entity_types: list[str] | None = None,
        dropout: float = 0.1,
        windows: Slot | None = None,
        non_unit_ids: list[int] | None = None,
        eval_logits: str = "max_marginal",
        id2label: dict[int, str] | None = None,
        label2id: dict[str, int] | None = None,
        num_labels: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.encoder = copy.deepcopy(DEFAULT_ENCODER if encoder is None else encoder)
        self.context = copy.deepcopy(DEFAULT_CONTEXT if context is None else context)
        self.attention = copy.deepcopy(DEFAULT_ATTENTION if attention is None else attention)
        decoder = DEFAULT_SPAN_DECODER if span_decoder is None and not id2label else span_decoder or {"kind": "crf"}
        self.span_decoder = copy.deepcopy(decoder)
        self.dropout = dropout
        self.windows = {**DEFAULT_WINDOWS, **(windows or {})}
        self.non_unit_ids = [0] if non_unit_ids is None else [int(i) for i in non_unit_ids]
        if eval_logits not in ("max_marginal", "emissions"):
            raise ValueError(f"eval_logits is {eval_logits!r}; choose 'max_marginal' or 'emissions'.")
        self.eval_logits = eval_logits
        for name in ("encoder", "context", "attention", "span_decoder"):
            check_slot(name, getattr(self, name))
        if not __name__.startswith("transformers_modules"):
            kwargs.pop("custom_pipelines", None)  # the installed package has registered the task: no code to trust
        names = [name for _, name in sorted((int(i), name) for i, name in (id2label or {}).items())]
        tagging = gives_tags(self.span_decoder["kind"])
        self.entity_types = list(entity_types or (types_of_tags(names) if tagging else names))
        if tagging and "scheme" not in self.span_decoder:
            self.span_decoder |= scheme_of(names, self.entity_types)
        labels = self.derived_labels(id2label)
        if num_labels is not None and num_labels != len(labels):
            raise ValueError(
                f"num_labels is {num_labels}, but there are {len(labels)} labels: {labels}. Leave num_labels out, and "
                "pass entity_types, or id2label with all the tags."
            )
        super().__init__(id2label=dict(enumerate(labels)), label2id={n: i for i, n in enumerate(labels)}, **kwargs)
        tell_unknown(kwargs)

    @classmethod
    def from_dict(cls, config_dict: dict[str, Any], **kwargs: Any) -> Any:
        """As transformers', but new labels, types or a new decoder replace the old ones together.

        `from_pretrained(…, id2label=…)` would otherwise change the labels alone, and leave types and scheme.
        """
        given = {name: kwargs.pop(name) for name in LABELLING if kwargs.get(name) is not None}
        kept = dict(config_dict)
        if "label2id" in given and "id2label" not in given:
            given["id2label"] = {number: name for name, number in given["label2id"].items()}
        if "id2label" in given:
            kept.pop("entity_types", None)
            kept["span_decoder"] = {"kind": "crf", **(kept.get("span_decoder") or {})}
            kept["span_decoder"].pop("scheme", None)  # the tags say which
        if "id2label" in given or "entity_types" in given or "span_decoder" in given:
            kept.pop("id2label", None)
        return super().from_dict({**kept, **given}, **kwargs)

    def derived_labels(self, id2label: dict[int, str] | None) -> list[str]:
        """The labels in the order of their numbers: the tags of the scheme, or the entity types of a span scorer."""
        repeated = {name for name in self.entity_types if self.entity_types.count(name) > 1}
        if repeated:
            raise ValueError(f"entity_types names {sorted(repeated)} more than once; each type must stand there once.")
        if not gives_tags(self.span_decoder["kind"]):
            return list(self.entity_types)
        names = tag_names(self.span_decoder.get("scheme", "BIOES"), self.entity_types)
        if id2label is None:
            return names
        given = [name for _, name in sorted((int(i), name) for i, name in id2label.items())]
        if sorted(given) == sorted(names):
            return given  # the same tags in the order of whoever numbered them
        if given == [f"LABEL_{number}" for number in range(len(names))]:  # what transformers fills in by itself
            return names
        raise ValueError(
            f"id2label holds {given}, but the scheme {self.span_decoder.get('scheme', 'BIOES')} with the types "
            f"{self.entity_types} has the tags {names}. Pass entity_types alone, or labels that agree with the scheme."
        )

    @property
    def keys_to_ignore_at_inference(self) -> list[str]:
        """What a plain `Trainer` does not collect; the scores of spans are of another width in every batch."""
        keys = ["emissions", "hidden_states", "attentions"]
        return keys if gives_tags(self.span_decoder["kind"]) else [*keys, "logits"]

    @property
    def vocab_size(self) -> int:
        """Number of rows of the input embedding, wherever the encoder slot keeps it."""
        holder = self.encoder.get("config", self.encoder)
        return int(holder.get("vocab_size", 0))

    @vocab_size.setter
    def vocab_size(self, value: int) -> None:
        self.encoder.get("config", self.encoder)["vocab_size"] = value


def gives_tags(kind: str) -> bool:
    """Whether a kind of decoder gives one tag to each unit; of an unknown kind the model's own check says more."""
    from .decoders import DECODERS  # late: a configuration is read without torch where nothing asks for its labels

    return kind in DECODERS and DECODERS[kind].gives_tags


def check_slot(name: str, slot: Slot) -> None:
    """Raise one clear sentence when a slot is not `{"kind": …}`."""
    if not isinstance(slot, dict) or not isinstance(slot.get("kind"), str):
        raise ValueError(f"The slot {name} must be a dict with a 'kind', as {{'kind': 'none'}}; found {slot!r}.")


def scheme_of(tags: list[str], entity_types: list[str]) -> Slot:
    """`{"scheme": …}` of the scheme that has just these tags; empty when none has."""
    return next(({"scheme": s} for s in SCHEMES if sorted(tag_names(s, entity_types)) == sorted(tags)), {})


def tell_unknown(options: dict[str, Any]) -> None:
    """Warn of fields that are neither ours nor transformers', as an older checkpoint may have them; they are kept."""
    known = PreTrainedConfig()
    unknown = [name for name in options if not (name in FOREIGN or name.startswith("_") or hasattr(known, name))]
    if unknown:
        logger.warning(f"The configuration has fields that this version of hf_cner does not use: {unknown}.")


def types_of_tags(tags: list[str]) -> list[str]:
    """Entity types in the order of their first tag: `["O", "B-body"]` gives `["body"]`."""
    return list(dict.fromkeys(tag[2:] for tag in tags if tag[:2] in ("B-", "I-", "E-", "S-")))
