"""The options that a request may choose, and a model that uses them for one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data.documents import Document
from .refusal import Refusal

if TYPE_CHECKING:
    from ..runtime.finder import EntityFinder


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Options of one request; None means the option of the service."""

    scores: bool = True
    decoding: str | None = None
    threshold: float | None = None
    thresholds: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(
        cls, *, scores: bool, decoding: str | None, threshold: float | None, thresholds: Mapping[str, float] | None
    ) -> Choices:
        """From plain values."""
        pairs = tuple(sorted((thresholds or {}).items()))
        return cls(scores=scores, decoding=decoding, threshold=threshold, thresholds=pairs)


def predicting(predictor: EntityFinder) -> Callable[[Sequence[Document], Choices], list[Document]]:
    """A function that predicts documents with choices, and then resets the decoder. For one thread."""
    finder: Any = predictor  # a graph has no model and no other decoding
    decoder = getattr(getattr(finder, "model", None), "span_decoder", None)

    def predict(documents: Sequence[Document], choices: Choices) -> list[Document]:
        asked = {"decoding": choices.decoding, "threshold": choices.threshold, "thresholds": dict(choices.thresholds)}
        kept = {name: getattr(decoder, name) for name in asked if hasattr(decoder, name)}
        finder.scores = choices.scores
        try:
            if any(value not in (None, {}) for value in asked.values()):
                _choose(finder, decoder, asked)
            return predictor(documents)
        finally:
            for name, value in kept.items():
                setattr(decoder, name, value)

    return predict


def _choose(finder: Any, decoder: object, asked: Mapping[str, object]) -> None:
    if decoder is None:
        raise Refusal(422, "An exported graph gives tags, so there is nothing to choose by decoding and thresholds.")
    try:
        finder.set_decoding(**asked)
    except ValueError as error:
        raise Refusal(422, str(error)) from None
