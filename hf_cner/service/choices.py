"""What one request may choose about prediction, and a model that is asked so for one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data.documents import Document
from .refusal import Refusal

if TYPE_CHECKING:
    from ..inference.predictor import Predictor

OF_DECODER = ("decoding", "threshold", "thresholds")


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Options of one request; None leaves what the service was started with."""

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


def predicting(predictor: Predictor) -> Callable[[Sequence[Document], Choices], list[Document]]:
    """A function that predicts documents by choices; afterwards the predictor is as it was. For one thread."""

    def predict(documents: Sequence[Document], choices: Choices) -> list[Document]:
        decoder: Any = predictor.model.span_decoder
        kept = {
            name: getattr(decoder, name) for name in ("decoding", "threshold", "thresholds") if hasattr(decoder, name)
        }
        predictor.scores = choices.scores
        try:
            try:
                predictor.set_decoding(
                    decoding=choices.decoding, threshold=choices.threshold, thresholds=dict(choices.thresholds)
                )
            except ValueError as error:
                raise Refusal(422, str(error)) from None
            return predictor(documents)
        finally:
            for name, value in kept.items():
                setattr(decoder, name, value)

    return predict
