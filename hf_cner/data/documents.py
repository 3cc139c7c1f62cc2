"""Spans, documents with spans, and their rows in JSON lines."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from os import PathLike
from typing import Any, Literal

from .displacy import Style, displacy_of
from .files import read_lines
from .json_text import BrokenJson, how_to_rewrite, kind_of, parse_json
from .numbers import integer
from .problems import DataError, Problems
from .reading.foreign import filled_beside, instead_of
from .reading.offsets import Mention, best_of, mentions_of
from .shown import brief, half_surrogate
from .writing import atomic_write

Gold = Literal["required", "optional", "ignored"]
TEXT_KEYS = ("content", "sentence", "context", "originalText", "note", "txt", "data")
_CORRECT = "correct or remove the line"
COUNTED = "offsets count the code points of the text from 0, and ends are exclusive; count them so"


class OffsetFault(ValueError):
    """Offsets that do not fit their text; the message may say how they were counted instead."""

    def __init__(self, found: str, hint: str = "") -> None:
        super().__init__(f"{found} ({hint}; {COUNTED})" if hint else found)
        self.found = found


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
        columns: the other cells of its row in a table, by column; copied to the output, and ignored in comparisons.
    """

    text: str
    spans: tuple[Span, ...] = ()
    id: str = ""
    record: str = ""
    columns: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)

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

    def to_displacy(self, style: Style = "ent") -> dict[str, object]:
        """The input of `displacy.render(…, style=style, manual=True)`; nested entities need the style `span`."""
        return displacy_of(self.text, [(one.start, one.end, one.type) for one in self.spans], style, self.id)

    def with_spans(self, spans: Iterable[Span]) -> Document:
        """The same text with other spans."""
        return Document(self.text, tuple(spans), self.id, self.record, self.columns)


def to_row(document: Document) -> dict[str, Any]:
    """A document as a plain dict: id, record, text, entities (see `entities_of`), any columns."""
    row = {"id": document.id, "record": document.record, "text": document.text, "entities": entities_of(document)}
    return row | ({"columns": dict(document.columns)} if document.columns else {})


def entities_of(document: Document) -> list[dict[str, object]]:
    """The spans of a document as plain dicts: start, end, type, text, perhaps score."""
    entities = []
    for span in document.spans:
        entity: dict[str, object] = {"start": span.start, "end": span.end, "type": span.type}
        entity["text"] = document.mention(span)
        if span.score is not None:
            entity["score"] = span.score
        entities.append(entity)
    return entities


def from_row(row: object, *, gold: Gold = "optional") -> Document:
    """The document of such a dict; id and record may be missing or null. The inverse of `to_row`.

    Args:
        gold: whether `entities` may be missing or null (`optional`), must be given (`required`; an empty list means
            none), or are not read at all (`ignored`).

    Raises:
        OffsetFault: an entity that lies outside the text, or whose mention differs from the text. ValueError: another
            fault: no text, no gold, or an incomplete entity.
    """
    if not isinstance(row, Mapping):
        raise ValueError(f"a JSON {kind_of(row)} where an object should be")
    text = row.get("text")
    if "text" in row and not isinstance(text, str):
        raise ValueError(f"the text {brief(text)}, which is a JSON {kind_of(text)} and no string")
    if not isinstance(text, str):
        raise ValueError(f"no string 'text', but {instead_of('text', row, TEXT_KEYS)}")
    _refuse_halves(text=text)
    names = [_name(row.get(key), key) for key in ("id", "record")]
    entities = None if gold == "ignored" else row.get("entities")
    if entities is None and gold == "required":
        no = f"no 'entities', but {instead_of('entities', row)}"
        raise ValueError("'entities' that are null" if "entities" in row else no)
    if other := entities is not None and filled_beside("entities", row):
        raise ValueError(f"'entities' that are empty beside {brief(other)} with {len(row[other])}")
    if not isinstance(entities, Sequence | None) or isinstance(entities, str):
        raise ValueError(f"'entities' that are a JSON {kind_of(entities)} and no array")
    try:
        spans = tuple(_span(entity, text) for entity in entities or ())
    except OffsetFault as fault:
        raise OffsetFault(fault.found, best_of(mentions_of(row))) from None
    more = row.get("columns")
    return Document(text, spans, names[0], names[1], more if isinstance(more, Mapping) else {})


def _span(entity: object, text: str) -> Span:
    values = entity if isinstance(entity, Mapping) else {}
    start, end = (integer(values.get(key)) for key in ("start", "end"))
    type_ = values.get("type")
    if start is None or end is None or not isinstance(type_, str) or not type_:
        raise ValueError(f"the entity {brief(entity)} without whole numbers 'start' and 'end' and a string 'type'")
    _refuse_halves(type=type_)
    if fault := type_fault(type_):
        raise ValueError(f"the type {type_!a}, which has {fault}; write it without")
    score = values.get("score")
    if score is not None and not _is_finite(score):
        raise ValueError(f"the entity {brief(entity)} with a score that is no number")
    if not 0 <= start < end <= len(text):
        raise OffsetFault(f"the entity {brief(entity)} outside the text of {len(text)} characters")
    mention = values.get("text")
    if mention is not None and mention != text[start:end]:
        raise OffsetFault(f"the entity {brief(entity)} where the text has {brief(text[start:end])}")
    return Span(start, end, type_, None if score is None else float(score))


def _refuse_halves(**named: str) -> None:
    for name, value in named.items():
        if half := half_surrogate(value):
            raise ValueError(f"{half} of the {name}")


def _is_finite(value: object) -> bool:
    try:
        return isinstance(value, Real) and math.isfinite(value)
    except OverflowError:  # a whole number that is larger than any float
        return False


def _name(value: object, key: str) -> str:
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        raise ValueError(f"the {key} {brief(value)}, which is a JSON {kind_of(value)} and no string")
    name = "" if value is None else str(value)
    _refuse_halves(**{key: name})
    return name


def type_fault(name: str) -> str:
    """Why a type's name is refused in reading and writing; empty if it is accepted.

    A blank at its end, or an invisible character, would make two types of one.
    """
    if not name:
        return "no character"
    if name != name.strip():
        return "a blank at its beginning or end"
    joiners = "\u200c\u200d"
    for place, char in enumerate(name):
        inside = char in joiners and 0 < place < len(name) - 1
        if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") and not inside:
            return f"the invisible character {char!a}"
    return ""


def check_characters(document: Document) -> None:
    """Raise DataError for half a surrogate pair in the text, a name or a type: no file in UTF-8 can hold it."""
    names = {"its id": document.id, "its record": document.record}
    types = {f"the type {kind!a}": kind for kind in {span.type for span in document.spans}}
    for span in document.spans:
        if (fault := type_fault(span.type)) and not half_surrogate(span.type):
            raise DataError(
                f"Document {document.id!a}: found the type {span.type!a}, which has {fault}; expected one that can be "
                "read back; rename it."
            )
    for where, text in {"the text": document.text, **names, **types}.items():
        if half := half_surrogate(text):
            raise DataError(f"Document {document.id!a}: found {half} of {where}; expected whole characters; repair it.")


def read_jsonl(
    path: str | PathLike[str], *, problems: Problems | None = None, gold: Gold = "optional"
) -> Iterator[Document]:
    """Documents of a file with one JSON object per line, read lazily; blank lines are ignored.

    Args:
        gold: as `from_row`. If it is required, two different documents with one id are a fault; an equal copy is not.

    Raises:
        DataError: an error of `read_lines`, or a line that is no document; with problems collected, the line is left
            out.
    """
    problems = problems or Problems()
    yield from documents_of_lines(read_lines(path, problems), path, problems, gold=gold)


def documents_of_lines(
    lines: Iterable[tuple[int, str]],
    where: str | PathLike[str],
    problems: Problems,
    *,
    gold: Gold = "optional",
    advice: str = _CORRECT,
) -> Iterator[Document]:
    """The documents in numbered lines of JSON, as `read_jsonl`.

    Args:
        where: the file, or its name in messages.
        advice: what to do about a line that is no document.
    """
    seen: dict[str, tuple[int, int]] = {}  # id → hash of its document, and the line
    hint: str | None = None
    first = True
    for number, line in lines:
        if not line.strip():
            continue
        spread, first = first and how_to_rewrite(line), False
        fix = advice.replace(_CORRECT, spread) if spread else advice
        try:
            document = from_row(parse_json(line), gold=gold)
        except BrokenJson as error:
            again = "" if spread else ", or fetch the file again if it was cut off"
            problems.report(where, number, str(error), "one whole JSON object per line", f"{fix}{again}")
        except OffsetFault as fault:
            hint = _hint(where) if hint is None else hint
            problems.report(where, number, fault.found, "a document that agrees with its text", hint)
        except ValueError as error:
            expected = "a document that agrees with its text"
            if gold == "required":
                expected += ", and entities (start, end, type), or an empty list of them"
            problems.report(where, number, str(error), expected, fix)
        else:
            compared = bool(document.id) and gold == "required"  # else a file may be larger than the memory
            before = seen.setdefault(document.id, (hash(document), number)) if compared else (0, 0)
            if compared and before[0] != hash(document):
                found = f"the id {brief(document.id)} of line {before[1]} once more"
                found += ", with another text or other entities"
                own = "give each document an id of its own, and all its entities; what documents share is 'record'"
                problems.report(where, number, found, "one document under one id", own)
            else:
                yield document


def _hint(path: str | PathLike[str]) -> str:
    """What to do about offsets, after a look at how those of the whole file were counted."""

    def mentions() -> Iterator[Mention]:
        for _, line in read_lines(path, Problems("skip")):
            try:
                yield from mentions_of(parse_json(line))
            except ValueError:
                continue

    best = best_of(mentions())
    return f"{best}: {COUNTED}" if best else "correct the offsets or the mention, or remove the line"


def write_jsonl(documents: Iterable[Document], path: str | PathLike[str]) -> None:
    """Write one JSON object per line; the file takes its name when it is whole. Raises as `check_characters`."""
    with atomic_write(path) as stream:
        for document in documents:
            check_characters(document)
            stream.write(json.dumps(to_row(document), ensure_ascii=False) + "\n")
