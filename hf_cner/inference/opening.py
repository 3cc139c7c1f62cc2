"""A predictor from whatever holds a model: a checkpoint, or a graph that was exported. Light until it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..runtime.finder import EntityFinder


def open_predictor(
    model: str,
    *,
    backend: str | None = None,
    device: str | None = None,
    scores: bool = True,
    batch_tokens: int | None = None,
    **chosen: Any,
) -> EntityFinder:
    """A model's predictor, or an exported graph's, which comes without torch; `chosen` as `decoding_options` gives."""
    from ..runtime import is_exported, open_graph

    if is_exported(model) or backend not in (None, "torch"):
        options: Any = {"batch_tokens": batch_tokens, "scores": scores}
        return open_graph(model, backend=backend, device=device, chosen=chosen, **options)
    from .predictor import Predictor  # takes seconds: what needs no model is refused before

    return Predictor.from_pretrained(model, device=device, scores=scores, batch_tokens=batch_tokens, **chosen)
