"""Configuration of the tagging and span models: four slots, an entity type list, and the windows of the text."""

from __future__ import annotations

import copy
from typing import Any

from transformers import PreTrainedConfig
from transformers.utils import logging

from .labels import labels_in_order, placeholders, scheme_of_tags, twice, types_of_tags
from .schemes import SCHEMES, tag_names
from .windows import check_windows

logger = logging.get_logger(__name__)

Slot = dict[str, Any]

LABELLING = ("entity_types", "id2label", "label2id", "num_labels", "span_decoder")
"""Options that must agree with each other."""

FOREIGN = (
    *("auto_map", "custom_pipelines", "quantization_config", "attn_implementation", "use_cache", "vocab_size"),
    "experts_implementation",
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
            where `span_decoder` names none. A set of tags may lack some (of S- tags in data without such entities).
        id2label: labels that are no tags are legal as well; a tagging decoder then learns them without constraints, and
            gives no spans. Assigned later (`config.id2label = …`, `config.num_labels = …`, `config.entity_types = …`),
            labels, types and scheme follow each other; a model takes them over before it computes.
        num_labels: without names, the labels are `LABEL_0`, `LABEL_1`, …, as transformers has it.
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
        check_windows(self.windows)
        self.non_unit_ids = [0] if non_unit_ids is None else [int(i) for i in non_unit_ids]
        if eval_logits not in ("max_marginal", "emissions"):
            raise ValueError(f"eval_logits is {eval_logits!r}; choose 'max_marginal' or 'emissions'.")
        self.eval_logits = eval_logits
        for name in ("encoder", "context", "attention", "span_decoder"):
            check_slot(name, getattr(self, name))
        if not __name__.startswith("transformers_modules"):
            kwargs.pop("custom_pipelines", None)  # the installed package has registered the task: no code to trust
        if max(len(id2label or {}), num_labels or 0) > 4 * MOST_TYPES + 1:
            raise ValueError(f"There are more labels than a model takes: at most {4 * MOST_TYPES + 1:,}.")
        names = labels_in_order(id2label or {})
        if not names and not entity_types and num_labels is not None:
            names = placeholders(num_labels)
            id2label = dict(enumerate(names))
        if self.gives_tags and "scheme" not in self.span_decoder and (scheme := scheme_of_tags(names)):
            self.span_decoder["scheme"] = scheme
        self.entity_types = list(entity_types or self._types_of(names))
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

        `from_pretrained(…, id2label=…)` would otherwise change the labels alone, and leave types and scheme. Another
        `num_labels` leaves the labels without names, as it does in transformers' own configurations.
        """
        given = {name: kwargs.pop(name) for name in LABELLING if kwargs.get(name) is not None}
        kept = dict(config_dict)
        if "label2id" in given and "id2label" not in given:
            given["id2label"] = {number: name for name, number in given["label2id"].items()}
        named = any(name in given for name in ("id2label", "entity_types", "span_decoder"))
        other_count = bool(kept.get("id2label")) and given.get("num_labels") not in (None, len(kept["id2label"]))
        if "id2label" in given or (other_count and not named):
            kept.pop("entity_types", None)
        if "id2label" in given and "span_decoder" not in given:
            slot = {"kind": "crf", **(kept.get("span_decoder") or {})}
            if gives_tags(slot["kind"]):
                slot["scheme"] = scheme_of_tags(labels_in_order(given["id2label"])) or slot.get("scheme", "BIOES")
            kept["span_decoder"] = slot
        if named or other_count:
            kept.pop("id2label", None)
        return super().from_dict({**kept, **given}, **kwargs)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if "entity_types" not in vars(self) or not vars(self).get("id2label"):
            return  # while it is being made
        if name == "id2label":
            self.adopt_labels()
        elif name in ("entity_types", "span_decoder") and self.entity_types:
            self.id2label = dict(enumerate(self.derived_labels(None)))

    def save_pretrained(self, *args: Any, **kwargs: Any) -> None:
        """As transformers does; what is saved can be loaded, also where the dict `id2label` was changed in place."""
        self.adopt_labels()
        super().save_pretrained(*args, **kwargs)

    def adopt_labels(self) -> None:
        """Make types, scheme and `label2id` those of `id2label`; nothing changes where they are.

        Raises:
            ValueError: repeated labels, or numbers with gaps.
        """
        labels = labels_in_order(self.id2label or {})
        own = vars(self)  # assigning would adopt labels again
        own["label2id"] = {name: number for number, name in enumerate(labels)}
        types = self._types_of(labels)
        if set(types) != set(self.entity_types) or not self.gives_tags:
            own["entity_types"] = types
        old = self.span_decoder.get("scheme", "BIOES")
        if self.gives_tags and (scheme := scheme_of_tags(labels) or old) != old:
            self.span_decoder["scheme"] = scheme
        if limits := self.span_decoder.get("thresholds"):
            self.span_decoder["thresholds"] = {name: limit for name, limit in limits.items() if name in types}

    @property
    def gives_tags(self) -> bool:
        """Whether the decoder gives each unit a tag; others score spans."""
        return gives_tags(self.span_decoder["kind"])

    def _types_of(self, labels: list[str]) -> list[str]:
        """The entity types of these labels; none where a tagging decoder has labels that are no tags."""
        if not self.gives_tags:
            return labels
        scheme = scheme_of_tags(labels)
        if scheme is None and labels not in (["O"], placeholders(len(labels))):
            logger.warning_once(
                f"The labels {labels} are no set of tags of {', '.join(SCHEMES)}: they are learnt without constraints, "
                "and the model gives a label for each unit, but no spans."
            )
        return [] if scheme is None else types_of_tags(labels)

    def derived_labels(self, id2label: dict[int, str] | None) -> list[str]:
        """The labels in the order of their numbers: the tags of the scheme, or the entity types of a span scorer.

        Raises:
            ValueError: labels that do not agree with types and scheme.
        """
        check_types(self.entity_types)
        scheme = self.span_decoder.get("scheme", "BIOES")
        names = tag_names(scheme, self.entity_types) if self.gives_tags else list(self.entity_types)
        if id2label is None:
            return names
        given = labels_in_order(id2label)
        if self.entity_types and given == placeholders(len(names)):  # what transformers fills in by itself
            return names
        if sorted(given) == sorted(names):
            return given  # the same labels in another order
        if self.gives_tags and self._hold(given, scheme):
            return given
        of_scheme = f"the scheme {scheme} with the types {self.entity_types} has the tags"
        what = of_scheme if self.gives_tags else "the types are"
        raise ValueError(
            f"id2label holds {given}, but {what} {names}. Pass entity_types alone, or labels that agree with them."
        )

    def _hold(self, labels: list[str], scheme: str) -> bool:
        """Whether types and scheme are those of an incomplete set of tags, or there are none and the labels no tags."""
        found = scheme_of_tags(labels)
        return found in (None, scheme) and set(self.entity_types) == set(types_of_tags(labels) if found else [])

    @property
    def keys_to_ignore_at_inference(self) -> list[str]:
        """What a plain `Trainer` does not collect; the scores of spans are of another width in every batch."""
        keys = ["emissions", "hidden_states", "attentions"]
        return keys if self.gives_tags else [*keys, "logits"]

    @property
    def vocab_size(self) -> int:
        """Number of rows of the input embedding, wherever the encoder slot keeps it."""
        holder = self.encoder.get("config", self.encoder)
        return int(holder.get("vocab_size", 0))

    @vocab_size.setter
    def vocab_size(self, value: int) -> None:
        self.encoder.get("config", self.encoder)["vocab_size"] = value


def gives_tags(kind: str) -> bool:
    """Whether a kind of decoder gives one tag to each unit; False for an unknown kind, which the model reports."""
    from .decoders import DECODERS  # late: a configuration is read without torch where nothing asks for its labels

    return kind in DECODERS and DECODERS[kind].gives_tags


MOST_TYPES = 2000  # a CRF's transitions are quadratic in them, and so is what checks them


def check_types(types: list[str]) -> None:
    """Raise one clear sentence where entity types are no names, are repeated, or are too many to compute with."""
    if len(types) > MOST_TYPES:
        raise ValueError(f"entity_types holds {len(types):,} types; a model takes at most {MOST_TYPES:,}.")
    if repeated := twice(types):
        raise ValueError(f"entity_types names {repeated} more than once; each type must occur once.")


def check_slot(name: str, slot: Slot) -> None:
    """Raise one clear sentence when a slot is not `{"kind": …}`."""
    if not isinstance(slot, dict) or not isinstance(slot.get("kind"), str):
        raise ValueError(f"The slot {name} must be a dict with a 'kind', as {{'kind': 'none'}}; found {slot!r}.")


def tell_unknown(options: dict[str, object]) -> None:
    """Warn of fields that are neither ours nor transformers', as an older checkpoint may have them; they are kept."""
    known = PreTrainedConfig()
    unknown = [name for name in options if not (name in FOREIGN or name.startswith("_") or hasattr(known, name))]
    if unknown:
        logger.warning(f"The configuration has fields that this version of hf_cner does not use: {unknown}.")
