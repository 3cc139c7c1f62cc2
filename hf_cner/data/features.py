"""From documents to features: windows of characters as ids, with labels for the decoder of a model.

The decoder's targets come from a function (`model.encode_targets`), so this module needs no model. An entity that is
cut by a window's edge has no label in that window (-100 on its characters): an overlapping window holds it whole.
Entities that the decoder or the windows cannot hold are counted and named in the `EntityReport`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..modeling.characters import CharacterTable
from ..modeling.labels import IGNORED
from ..modeling.schemes import inexpressible as tags_cannot_hold
from ..modeling.window_batches import EncodedWindow, Feature, encode_windows, feature_of
from .documents import Document

SpanTuple = tuple[int, int, str]
EncodeTargets = Callable[[Sequence[SpanTuple], int], list[Any]]
Inexpressible = Callable[[Sequence[SpanTuple]], Sequence[tuple[SpanTuple, str]]]


@dataclass(slots=True)
class EntityReport:
    """Counts of the gold entities in features, and of lost ones.

    Attributes:
        documents, windows, entities: how many there are.
        by_scheme: entities that the decoder cannot hold beside the others (overlapping ones in tags, two types on one
            span where a span has one type, those beyond a limit on the width), by reason.
        by_window: entities that no window holds whole.
        examples: a few of the lost ones: (document, start, end, type, reason).
        longest: the longest of the lost ones, likewise.
    """

    documents: int = 0
    windows: int = 0
    entities: int = 0
    by_scheme: Counter[str] = field(default_factory=Counter)
    by_window: int = 0
    examples: list[tuple[str, int, int, str, str]] = field(default_factory=list)
    longest: tuple[str, int, int, str, str] | None = None

    @property
    def lost(self) -> int:
        """Entities without a label anywhere."""
        return sum(self.by_scheme.values()) + self.by_window

    def to_dict(self) -> dict[str, object]:
        """The report as plain data, for a results file."""
        return {
            "documents": self.documents,
            "windows": self.windows,
            "entities": self.entities,
            "lost": self.lost,
            "lost_by_scheme": dict(sorted(self.by_scheme.items())),
            "lost_by_window": self.by_window,
            "longest_lost": list(self.longest) if self.longest else None,
        }

    def __str__(self) -> str:
        text = f"{self.documents} documents, {self.windows} windows, {self.entities} entities"
        if not self.lost:
            return f"{text}, none lost"
        reasons = [f"{count} {reason}" for reason, count in sorted(self.by_scheme.items())]
        reasons += [f"{self.by_window} cut by every window"] if self.by_window else []
        text += f", {self.lost} of them without a label ({', '.join(reasons)}): in the metrics they are misses"
        if self.longest is not None:
            name, start, end, kind, reason = self.longest
            text += f"; the longest has {end - start} characters ({kind} at {start}-{end} in {name}: {reason})"
        return text

    def _lose(self, document: Document, number: int, span: SpanTuple, reason: str) -> None:
        lost = (document.id or str(number), *span, reason)
        if len(self.examples) < 20:
            self.examples.append(lost)
        if self.longest is None or span[1] - span[0] > self.longest[2] - self.longest[1]:
            self.longest = lost


def encode_documents(
    documents: Iterable[Document],
    table: CharacterTable,
    *,
    windows: Mapping[str, object],
    entity_types: Sequence[str],
    encode_targets: EncodeTargets,
    tagging: bool = True,
    inexpressible: Inexpressible | None = None,
    report: EntityReport | None = None,
) -> Iterator[list[EncodedWindow]]:
    """The windows of each document, as ids with labels.

    Args:
        windows: keyword options of `make_windows`.
        entity_types: the types that the model knows.
        encode_targets: targets of spans `(start, end, type)` in a text of so many characters: one number for each
            character (`tagging`), or one `[start, end, type]` for each span.
        tagging: whether the decoder gives one tag to each character; else it gives spans.
        inexpressible: the entities of a document that the decoder cannot hold beside the others, with the reason; they
            get no label. Default: with `tagging` what tags cannot hold, else none.
        report: counts the lost entities.

    Raises:
        ValueError: a document has an entity of a type that the model does not know.
    """
    report = EntityReport() if report is None else report
    known = frozenset(entity_types)
    cannot_hold: Inexpressible = inexpressible or (tags_cannot_hold if tagging else lambda spans: [])
    for number, document in enumerate(documents):
        spans: list[SpanTuple] = [(span.start, span.end, span.type) for span in document.spans]
        for start, end, kind in spans:
            if kind not in known:
                raise ValueError(
                    f"Document {document.id or number!r} has an entity of type {kind!r} at {start}-{end}, but the "
                    f"model knows {list(entity_types)}; train a model with that type, or leave such entities out."
                )
        report.documents += 1
        report.entities += len(spans)
        for lost, reason in cannot_hold(spans):
            report.by_scheme[reason] += 1
            report._lose(document, number, lost, reason)
            spans.remove(lost)  # of duplicates one copy is kept
        yield _labelled(document, number, spans, table, windows, encode_targets, tagging, report)


def build_features(
    encoded: Iterable[Sequence[EncodedWindow]], table: CharacterTable, names: Sequence[str]
) -> list[Feature]:
    """Training features of encoded documents, one for each window that has any label.

    Each is `{"input_ids", "attention_mask", "labels", "length", "document"}`, with `token_type_ids` where the tokenizer
    gives any but 0; `document` is the document's name, for error messages.
    """
    features: list[Feature] = []
    for name, windows in zip(names, encoded, strict=True):
        for window in windows:
            if window.labels and all(label == IGNORED for label in window.labels):
                continue  # only one entity, longer than the window: nothing to learn
            length = len(window.input_ids)
            more = {"attention_mask": [1] * length, "length": length, "document": name}
            features.append(feature_of(window, table) | more)
    return features


def _labelled(
    document: Document,
    number: int,
    spans: list[SpanTuple],
    table: CharacterTable,
    windows: Mapping[str, object],
    encode_targets: EncodeTargets,
    tagging: bool,
    report: EntityReport,
) -> list[EncodedWindow]:
    seen: set[SpanTuple] = set()
    encoded = encode_windows([document.text], table, windows, number)
    for item in encoded:
        first, last = item.window.start, item.window.end
        touching = [span for span in spans if span[0] < last and span[1] > first]
        whole = [span for span in touching if first <= span[0] and span[1] <= last]
        labels = encode_targets([(start - first, end - first, kind) for start, end, kind in whole], last - first)
        if tagging:
            for start, end, _ in touching:
                if start < first or end > last:  # cut: another window may hold it whole
                    inside = slice(max(start, first) - first, min(end, last) - first)
                    labels[inside] = [IGNORED] * (inside.stop - inside.start)
            labels = [*[IGNORED] * len(table.prefix), *labels, *[IGNORED] * len(table.suffix)]
        seen.update(whole)
        item.labels = labels
    for span in spans:
        if span not in seen:
            report.by_window += 1
            report._lose(document, number, span, "cut by every window")
    report.windows += len(encoded)
    return encoded
