"""Whether a run's model asks questions, and which."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.queries import queries_for
from ..settings.training import TrainSettings


def queries_of(settings: TrainSettings, entity_types: Sequence[str]) -> dict[str, str] | None:
    """One question per type, in the order of the types; None for a model that asks none.

    A model with an interaction asks questions. `model.queries` is null for the questions of the corpus, a YAML file of
    questions, the name of another corpus, or a mapping from type to question.

    Raises:
        ValueError: a type without a question, or queries for a model that asks none.
    """
    queries = settings.model.queries
    if settings.model.interaction is None:
        if queries is not None:
            raise ValueError(
                "model.queries is set, but a model without an interaction asks no questions; set model.interaction to "
                "{kind: separate}, or leave the queries out."
            )
        return None
    if isinstance(queries, dict):
        missing = [name for name in entity_types if name not in queries]
        if missing:
            raise ValueError(
                f"model.queries has no query for the type {missing[0]!r}; give one question for each of "
                f"{list(entity_types)}."
            )
        return {name: queries[name] for name in entity_types}
    return queries_for(settings.data.corpus or "", entity_types, source=queries)
