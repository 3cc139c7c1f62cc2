"""Configuration of the question-answering model: the tagging model's slots, an interaction, and one query per type."""

from __future__ import annotations

import copy
from typing import Any

from transformers import PreTrainedConfig

from .configuration_cner import (
    DEFAULT_CONTEXT,
    DEFAULT_ENCODER,
    DEFAULT_WINDOWS,
    MOST_TYPES,
    Slot,
    check_slot,
    check_types,
    tell_unknown,
)
from .labels import labels_in_order, placeholders
from .windows import check_windows

DEFAULT_INTERACTION: Slot = {"kind": "separate"}
DEFAULT_MRC_DECODER: Slot = {"kind": "biaffine"}


class CnerMrcConfig(PreTrainedConfig):
    """Everything that decides what a question-answering model computes.

    Args:
        encoder, context: as in the tagging model's configuration.
        attention: likewise; `none` by default, because the interaction attends already.
        interaction: `{"kind": "separate", …}`: text and queries are encoded apart, then each character attends over
            the query; or `{"kind": "joint"}`: `[CLS] query [SEP] text [SEP]`, one pass for each type.
        span_decoder: `biaffine` (P3), `tags` (per-character softmax over the tags of the asked type) or `pointers`
            (start and end; our own variant).
        entity_types: the types in the order in which labels number them; when left out, those of `queries`.
        queries: one question per type.
        query_ids: the questions as ids with their special tokens, one list per type; the model's `set_queries` fills
            them in.
        dropout: between the encoder and the context layer.
        windows: how a long text is cut; the keyword options of `windows.make_windows`.
        non_unit_ids: token ids that carry no character.
        pad_token_id: fills up shorter queries.
    """

    model_type = "cner-mrc"
    _auto_class = "AutoConfig"
    keys_to_ignore_at_inference = ["emissions", "hidden_states", "attentions", "logits"]  # noqa: RUF012

    def __init__(
        self,
        encoder: Slot | None = None,
        context: Slot | None = None,
        attention: Slot | None = None,
        interaction: Slot | None = None,
        span_decoder: Slot | None = None,
        entity_types: list[str] | None = None,
        queries: dict[str, str] | None = None,
        query_ids: dict[str, list[int]] | None = None,
        dropout: float = 0.1,
        windows: Slot | None = None,
        non_unit_ids: list[int] | None = None,
        pad_token_id: int = 0,
        id2label: dict[int, str] | None = None,
        label2id: dict[str, int] | None = None,
        num_labels: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.encoder = copy.deepcopy(DEFAULT_ENCODER if encoder is None else encoder)
        self.context = copy.deepcopy(DEFAULT_CONTEXT if context is None else context)
        self.attention = copy.deepcopy({"kind": "none"} if attention is None else attention)
        self.interaction = copy.deepcopy(DEFAULT_INTERACTION if interaction is None else interaction)
        self.span_decoder = copy.deepcopy(DEFAULT_MRC_DECODER if span_decoder is None else span_decoder)
        self.dropout = dropout
        self.windows = {**DEFAULT_WINDOWS, **(windows or {})}
        check_windows(self.windows)
        self.non_unit_ids = [0] if non_unit_ids is None else [int(i) for i in non_unit_ids]
        for name in ("encoder", "context", "attention", "interaction", "span_decoder"):
            check_slot(name, getattr(self, name))
        if not __name__.startswith("transformers_modules"):
            kwargs.pop("custom_pipelines", None)  # the installed package has registered the task: no code to trust
        if max(len(id2label or {}), num_labels or 0) > MOST_TYPES:
            raise ValueError(f"There are more labels than a model takes: at most {MOST_TYPES:,}.")
        self.pad_token_id = pad_token_id
        super().__init__(**kwargs)
        given = labels_in_order(id2label or {})
        named = [] if given == placeholders(len(given)) else given  # what transformers fills in by itself
        self.set_queries(dict(queries or {}), dict(query_ids or {}), entity_types or ([] if queries else named))
        self._check_labels(named or self.entity_types)
        if num_labels is not None:
            self.num_labels = num_labels  # refused where there are more or fewer questions
        tell_unknown(kwargs)

    def set_queries(
        self, queries: dict[str, str], query_ids: dict[str, list[int]], entity_types: list[str] | None = None
    ) -> None:
        """Ask these questions; the labels follow. Raises ValueError as `check_queries`, or where a type has no ids."""
        names = list(entity_types or queries)
        check_queries(names, queries)
        if query_ids and (odd := sorted(set(names) ^ set(query_ids))):
            raise ValueError(f"query_ids must hold one list for each of {names}, and nothing else; look at {odd[0]!r}.")
        self.entity_types = names  # before the labels, which are held against them
        self.queries = queries
        self.query_ids = {name: [int(i) for i in ids] for name, ids in query_ids.items()}
        self.id2label = dict(enumerate(names))
        self.label2id = {name: number for number, name in enumerate(names)}

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "id2label" and "entity_types" in vars(self):
            self._check_labels(labels_in_order(value))
        super().__setattr__(name, value)

    def _check_labels(self, labels: list[str]) -> None:
        """Raise ValueError where labels are not the types that are asked for, in their order."""
        if labels != self.entity_types:
            raise ValueError(
                f"A question-answering model has one label for each type that it asks for: the labels are {labels}, "
                f"the types {self.entity_types}. Pass queries={{type: question}}, or call set_queries on the model."
            )

    @property
    def vocab_size(self) -> int:
        """Number of rows of the input embedding, wherever the encoder slot keeps it."""
        return int(self.encoder.get("config", self.encoder).get("vocab_size", 0))

    @vocab_size.setter
    def vocab_size(self, value: int) -> None:
        self.encoder.get("config", self.encoder)["vocab_size"] = value


def check_queries(entity_types: list[str], queries: dict[str, str]) -> None:
    """Raise one clear sentence when types and questions do not go together one to one.

    Raises:
        ValueError: a repeated type, more types than a model takes, a type without a question, a question
            without a type or with an empty one, an empty question, or one question for two types. No questions at all
            are legal: they can be set later.
    """
    check_types(entity_types)
    if not queries:
        return
    missing = [name for name in entity_types if name not in queries]
    if missing:
        raise ValueError(f"No query for the type {missing[0]!r}; give one question for each of {entity_types}.")
    asked: dict[str, str] = {}
    for name, query in queries.items():
        if name not in entity_types:
            raise ValueError(
                f"There is a query for {name!r}, which is none of the types {entity_types}; leave it out, or add the "
                "type."
            )
        if not name.strip():
            raise ValueError(f"The query {query!r} has no type; name what it asks for.")
        if not isinstance(query, str) or not query.strip():
            raise ValueError(f"The query of the type {name!r} is empty; write the question that asks for it.")
        if query in asked:
            raise ValueError(f"The types {asked[query]!r} and {name!r} have the same query {query!r}; ask differently.")
        asked[query] = name
