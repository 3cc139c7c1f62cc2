"""The two words everything is said with: a span, and a document that holds spans; and their rows in JSON lines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from os import PathLike
from typing import Any

from .files import read_lines
from .problems import DataError, Problems
from .writing import atomic_write


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
    """The document of such a dict; id, record and entities may be missing or null. The inverse of `to_row`.

    Raises:
        ValueError: says what was found: no text, an entity that lacks something, lies outside the text, or whose
            mention is not what the text has there.
    """
    if not isinstance(row, Mapping):
        raise ValueError(f"a JSON {_kind(row)} where an object should be")
    text = row.get("text")
    if not isinstance(text, str):
        raise ValueError(f"no string 'text', but {', '.join(map(repr, row)) or 'nothing'}")
    if (half := _lone_surrogate(text)) is not None:
        raise ValueError(f"half a surrogate pair, {text[half]!a}, at position {half} of the text")
    entities = row.get("entities")
    if not isinstance(entities, Sequence | None) or isinstance(entities, str):
        raise ValueError(f"'entities' that are a JSON {_kind(entities)} and no array")
    id_, record = ("" if row.get(key) is None else str(row[key]) for key in ("id", "record"))
    return Document(text, tuple(_span(entity, text) for entity in entities or ()), id_, record)


def _span(entity: Any, text: str) -> Span:
    values = entity if isinstance(entity, Mapping) else {}
    start, end = (_whole_number(values.get(key)) for key in ("start", "end"))
    type_ = values.get("type")
    if start is None or end is None or not isinstance(type_, str) or not type_:
        raise ValueError(f"the entity {_brief(entity)} without whole numbers 'start' and 'end' and a string 'type'")
    score = entity.get("score")
    if score is not None and not (isinstance(score, Real) and math.isfinite(score)):
        raise ValueError(f"the entity {_brief(entity)} with a score that is no number")
    if not 0 <= start < end <= len(text):
        raise ValueError(f"the entity {_brief(entity)} outside the text of {len(text)} characters")
    mention = entity.get("text")
    if mention is not None and mention != text[start:end]:
        raise ValueError(
            f"the entity {_brief(entity)} where the text has {text[start:end]!r}{_other_end(entity, text)}"
        )
    return Span(start, end, type_, None if score is None else float(score))


def _whole_number(value: Any) -> int | None:
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None


def _other_end(entity: Mapping[str, Any], text: str) -> str:
    inclusive = text[entity["start"] : entity["end"] + 1] == entity["text"]
    return " (with an inclusive end it would agree; ends are exclusive here)" if inclusive else ""


def _brief(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 200 else shown[:200] + "…"


def _kind(value: Any) -> str:
    kinds = ((bool, "boolean"), (int | float, "number"), (str, "string"), (Sequence, "array"), (Mapping, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def check_characters(document: Document) -> None:
    """Raise DataError for half a surrogate pair in the text, a name or a type: no file in UTF-8 can hold it."""
    names = {"its id": document.id, "its record": document.record}
    types = {f"the type {kind!a}": kind for kind in {span.type for span in document.spans}}
    for where, text in {"the text": document.text, **names, **types}.items():
        if (half := _lone_surrogate(text)) is not None:
            found = f"half a surrogate pair, {text[half]!a}, at position {half} of {where}"
            raise DataError(f"Document {document.id!a}: found {found}; expected whole characters; repair it.")


def _lone_surrogate(text: str) -> int | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def read_jsonl(path: str | PathLike[str], *, problems: Problems | None = None) -> Iterator[Document]:
    """Documents of a file with one JSON object per line, read as they are asked for; blank lines are passed over.

    Raises:
        DataError: what `read_lines` raises, or a line that is no document; with problems collected, it is left out.
    """
    problems = problems or Problems()
    for number, line in read_lines(path, problems):
        if not line.strip():
            continue
        try:
            document = from_row(json.loads(line))
        except json.JSONDecodeError as error:
            found = f"broken JSON ({error.msg.removesuffix(' at')} at column {error.colno} of {len(line)})"
            advice = "correct or remove the line, or fetch the file again if it was cut off"
            problems.report(path, number, found, "one whole JSON object per line", advice)
        except (ValueError, RecursionError) as error:
            problems.report(
                path, number, str(error), "a document that agrees with its text", "correct or remove the line"
            )
        else:
            yield document


def write_jsonl(documents: Iterable[Document], path: str | PathLike[str]) -> None:
    """Write one JSON object per line; the file takes its name when it is whole.

    Raises:
        DataError: a text holds half a surrogate pair, which no file in UTF-8 can.
    """
    with atomic_write(path) as stream:
        for document in documents:
            check_characters(document)
            stream.write(json.dumps(to_row(document), ensure_ascii=False) + "\n")
