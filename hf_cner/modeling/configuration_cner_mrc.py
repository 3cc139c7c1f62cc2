"""Configuration of the question-answering model: the tagging model's slots, an interaction, and one query per type."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedConfig

from .configuration_cner import DEFAULT_CONTEXT, DEFAULT_ENCODER, DEFAULT_WINDOWS, Slot, check_slot

if TYPE_CHECKING:  # never run: transformers copies into a checkpoint the files that an entry file names itself
    from .schemes import check_scheme  # noqa: F401

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
        entity_types: the types in the order in which labels number them.
        queries: one question per type.
        query_ids: the questions as ids with their special tokens, one list per type.
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
        **kwargs: Any,
    ) -> None:
        self.encoder = copy.deepcopy(DEFAULT_ENCODER if encoder is None else encoder)
        self.context = copy.deepcopy(DEFAULT_CONTEXT if context is None else context)
        self.attention = copy.deepcopy({"kind": "none"} if attention is None else attention)
        self.interaction = copy.deepcopy(DEFAULT_INTERACTION if interaction is None else interaction)
        self.span_decoder = copy.deepcopy(DEFAULT_MRC_DECODER if span_decoder is None else span_decoder)
        self.dropout = dropout
        self.windows = {**DEFAULT_WINDOWS, **(windows or {})}
        self.non_unit_ids = [0] if non_unit_ids is None else [int(i) for i in non_unit_ids]
        for name in ("encoder", "context", "attention", "interaction", "span_decoder"):
            check_slot(name, getattr(self, name))
        if not __name__.startswith("transformers_modules"):
            kwargs.pop("custom_pipelines", None)  # the installed package has registered the task: no code to trust
        self.entity_types = list(entity_types or [])
        self.queries = dict(queries or {})
        self.query_ids = {name: [int(i) for i in ids] for name, ids in (query_ids or {}).items()}
        check_queries(self.entity_types, self.queries)
        labels = dict(enumerate(self.entity_types))
        self.pad_token_id = pad_token_id
        super().__init__(id2label=labels, label2id={n: i for i, n in labels.items()}, **kwargs)

    @property
    def vocab_size(self) -> int:
        """Number of rows of the input embedding, wherever the encoder slot keeps it."""
        return int(self.encoder.get("config", self.encoder).get("vocab_size", 0))

    @vocab_size.setter
    def vocab_size(self, value: int) -> None:
        self.encoder.get("config", self.encoder)["vocab_size"] = value


def check_queries(entity_types: list[str], queries: dict[str, str]) -> None:
    """Raise one clear sentence when a type has no question, a question is empty, or two types have the same one."""
    missing = [name for name in entity_types if name not in queries]
    if queries and missing:
        raise ValueError(f"No query for the type {missing[0]!r}; give one question for each of {entity_types}.")
    for name, query in queries.items():
        if not query.strip():
            raise ValueError(f"The query of the type {name!r} is empty; write the question that asks for it.")
    asked: dict[str, str] = {}
    for name, query in queries.items():
        if query in asked:
            raise ValueError(f"The types {asked[query]!r} and {name!r} have the same query {query!r}; ask differently.")
        asked[query] = name
