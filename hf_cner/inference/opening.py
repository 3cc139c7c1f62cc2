"""A predictor from a checkpoint or an exported graph. Imports nothing heavy before it is called."""

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
    """The predictor of a checkpoint, or of an exported graph without importing torch.

    `chosen` are further options of `Predictor.from_pretrained`, which raises the errors.
    """
    from ..runtime import is_exported, open_graph

    if is_exported(model) or backend not in (None, "torch"):
        options: Any = {"batch_tokens": batch_tokens, "scores": scores}
        return open_graph(model, backend=backend, device=device, chosen=chosen, **options)
    from .predictor import Predictor  # takes seconds

    return Predictor.from_pretrained(model, device=device, scores=scores, batch_tokens=batch_tokens, **chosen)
