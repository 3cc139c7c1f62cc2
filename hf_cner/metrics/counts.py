"""What every metric here stands on: hits, false alarms and misses, and gold joined with predictions by position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..data.documents import Document, Span

Key: TypeAlias = tuple[int, int, str]
"""Start, end (half-open, in characters) and type: all that a metric compares; scores play no part."""

SpanSource: TypeAlias = Document | Iterable[Span | Sequence[Any] | Mapping[str, Any]]
"""A document, or its spans as `Span`, as tuples that begin with start, end, type, or as rows with these keys."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Hits (`tp`), predictions without gold (`fp`) and gold without prediction (`fn`), counted in mentions."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def support(self) -> int:
        """Number of gold mentions."""
        return self.tp + self.fn

    @property
    def precision(self) -> float:
        """tp ÷ (tp + fp); 0 where nothing was predicted."""
        return self.tp / (self.tp + self.fp) if self.tp else 0.0

    @property
    def recall(self) -> float:
        """tp ÷ (tp + fn); 0 where there is no gold."""
        return self.tp / (self.tp + self.fn) if self.tp else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 2·tp ÷ (2·tp + fp + fn); 0 without a hit."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self.tp else 0.0

    def as_dict(self) -> dict[str, float | int]:
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "support": self.support,
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
        }


def total(per_type: Mapping[str, Counts]) -> Counts:
    """The micro counts: the sum over all types, those without gold included."""
    return sum(per_type.values(), Counts())


def span_set(source: SpanSource) -> frozenset[Key]:
    """The spans of one document as a set: an exact duplicate, in gold or prediction, counts once."""
    spans = source.spans if isinstance(source, Document) else source
    return frozenset(_key(span) for span in spans)


def _key(span: Span | Sequence[Any] | Mapping[str, Any]) -> Key:
    if isinstance(span, Span):
        return span.start, span.end, span.type
    if isinstance(span, Mapping):
        missing = [name for name in ("start", "end", "type") if name not in span]
        if missing:
            raise ValueError(f"A span has the keys {sorted(span)}: {', '.join(missing)} missing.")
        key = int(span["start"]), int(span["end"]), str(span["type"])
    elif isinstance(span, str) or len(span) < 3:
        raise ValueError(f"A span is {span!r}; give start, end and type, as in (0, 2, '身体部位').")
    else:
        key = int(span[0]), int(span[1]), str(span[2])
    if not 0 <= key[0] < key[1]:
        raise ValueError(f"A span is {key}; its start must lie before its end, which is exclusive, and not before 0.")
    return key


def align(gold: Sequence[SpanSource], predicted: Sequence[SpanSource]) -> list[tuple[frozenset[Key], frozenset[Key]]]:
    """Pair the i-th gold document with the i-th predicted one, as sets of spans.

    Raises:
        ValueError: the two lists differ in length, or two documents at one position differ in text.
    """
    if len(gold) != len(predicted):
        raise ValueError(
            f"There are {len(gold)} gold and {len(predicted)} predicted documents: give one prediction per gold "
            "document, in the same order (a document without entities counts as one)."
        )
    for position, (expected, found) in enumerate(zip(gold, predicted, strict=True)):
        if isinstance(expected, Document) and isinstance(found, Document) and expected.text != found.text:
            raise ValueError(_different_text(position, expected, found))
    return [(span_set(g), span_set(p)) for g, p in zip(gold, predicted, strict=True)]


def _different_text(position: int, gold: Document, predicted: Document) -> str:
    shared = next(
        (i for i, (a, b) in enumerate(zip(gold.text, predicted.text, strict=False)) if a != b),
        min(len(gold.text), len(predicted.text)),
    )
    return (
        f"Gold and predicted document {position} (ids {gold.id!r} and {predicted.id!r}) have different texts: they "
        f"differ from character {shared} on, {gold.text[shared : shared + 12]!r} in gold, "
        f"{predicted.text[shared : shared + 12]!r} predicted. Keep the order of the gold documents and their texts "
        "unchanged."
    )


def types_of(pairs: Iterable[tuple[frozenset[Key], frozenset[Key]]]) -> list[str]:
    """All types that stand in gold or prediction, sorted."""
    return sorted({key[2] for pair in pairs for side in pair for key in side})
