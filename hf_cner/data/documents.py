"""The two words everything is said with: a span, and a document that holds spans; and their rows in JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any

from .files import atomic_write, read_lines
from .problems import Problems


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """An entity: `text[start:end]`, in code points of the unchanged text. A score does not count in comparison."""

    start: int
    end: int
    type: str
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its gold or predicted spans, in text order.

    Attributes:
        text: raw, never edited.
        spans: sorted; a duplicate in the gold stays one.
        id: unique within a corpus.
        record: the patient's file that it belongs to; splits never part a record.
    """

    text: str
    spans: tuple[Span, ...] = ()
    id: str = ""
    record: str = ""

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.spans))
        for span in ordered:
            if not 0 <= span.start < span.end <= len(self.text):
                raise ValueError(
                    f"Document {self.id!r}: the span ({span.start}, {span.end}, {span.type!r}) does not lie in its "
                    f"text of {len(self.text)} characters; offsets count code points from 0, and the end is exclusive."
                )
        object.__setattr__(self, "spans", ordered)

    def mention(self, span: Span) -> str:
        """The characters of a span."""
        return self.text[span.start : span.end]

    def with_spans(self, spans: Iterable[Span]) -> Document:
        """The same text with other spans."""
        return replace(self, spans=tuple(spans))


def to_row(document: Document) -> dict[str, Any]:
    """A document as a plain dict: id, record, text, entities with start, end, type, text and, if known, score."""
    entities = []
    for span in document.spans:
        entity: dict[str, Any] = {
            "start": span.start,
            "end": span.end,
            "type": span.type,
            "text": document.mention(span),
        }
        if span.score is not None:
            entity["score"] = span.score
        entities.append(entity)
    return {"id": document.id, "record": document.record, "text": document.text, "entities": entities}


def from_row(row: Mapping[str, Any]) -> Document:
    """The document of such a dict; id, record and entities may be missing. Raises ValueError with what is wrong."""
    if not isinstance(row, Mapping) or not isinstance(row.get("text"), str):
        raise ValueError("no string 'text'")
    text = row["text"]
    spans = []
    for entity in row.get("entities") or ():
        try:
            span = Span(int(entity["start"]), int(entity["end"]), str(entity["type"]), entity.get("score"))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the entity {entity!r}, which lacks a start, end or type") from error
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError(f"the entity {entity!r} outside the text of {len(text)} characters")
        if entity.get("text") is not None and entity["text"] != text[span.start : span.end]:
            raise ValueError(f"the entity {entity!r}, where the text has {text[span.start : span.end]!r}")
        spans.append(span)
    return Document(text, tuple(spans), str(row.get("id", "")), str(row.get("record", "")))


def read_jsonl(path: str | PathLike[str], *, problems: Problems | None = None) -> Iterator[Document]:
    """Documents of a file with one JSON object per line; blank lines are passed over."""
    problems = problems or Problems()
    for number, line in read_lines(path, problems):
        if not line.strip():
            continue
        try:
            document = from_row(json.loads(line))
        except json.JSONDecodeError as error:
            problems.report(
                path, number, f"broken JSON ({error})", "one whole JSON object", "correct or remove the line"
            )
        except ValueError as error:
            problems.report(
                path, number, str(error), "a document that agrees with its text", "correct or remove the line"
            )
        else:
            yield document


def write_jsonl(documents: Iterable[Document], path: str | PathLike[str]) -> None:
    """Write one JSON object per line; the file takes its name when it is whole."""
    with atomic_write(path) as stream:
        for document in documents:
            stream.write(json.dumps(to_row(document), ensure_ascii=False) + "\n")
