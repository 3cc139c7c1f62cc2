"""Whether a run's model asks questions, and which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..data.queries import queries_for


def queries_of(settings: Mapping[str, Any], entity_types: Sequence[str]) -> dict[str, str] | None:
    """One question per type, in the order of the types; None for a model that asks none.

    A model asks when its settings have an interaction. `model.queries` says what: null takes the questions of the
    corpus, a text is a YAML file of questions or the name of a corpus whose questions fit, a mapping holds them.

    Raises:
        ValueError: a type without a question, queries of another kind, or queries for a model that asks none.
    """
    model = settings["model"]
    queries = model.get("queries")
    if not model.get("interaction"):
        if queries is not None:
            raise ValueError(
                "model.queries is set, but a model without an interaction asks no questions; set model.interaction to "
                "{kind: separate}, or leave the queries out."
            )
        return None
    if isinstance(queries, Mapping):
        missing = [name for name in entity_types if name not in queries]
        if missing:
            raise ValueError(
                f"model.queries has no query for the type {missing[0]!r}; give one question for each of "
                f"{list(entity_types)}."
            )
        return {name: str(queries[name]) for name in entity_types}
    if queries is not None and not isinstance(queries, str):
        raise ValueError(f"model.queries is {queries!r}; give a YAML file, a mapping of type to question, or null.")
    corpus = (settings.get("data") or {}).get("corpus") or ""
    return queries_for(corpus, entity_types, source=queries)
