"""From annotations of corpora and annotation tools (offsets, type, perhaps the mention) to checked documents.

Every reader states whether its end offsets are inclusive (the last character) or exclusive (the character after it). A
mention in the file is compared with ``text[start:end]``. If they differ, the message says how many mentions of the file
and of the corpus would match under the other convention: that is the commonest mistake with these corpora.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import eq
from pathlib import Path

from ..documents import Document, Span, type_fault
from ..numbers import integer, whole_number
from ..problems import Problems
from ..shown import brief
from .offsets import Counting, Mention, Survey, place_of, places


@dataclass(frozen=True, slots=True)
class RawSpan:
    """One annotation of the file; ``end`` in the file's convention, ``mention`` None if none is given."""

    start: int
    end: int
    type: str
    mention: str | None = None
    line: int | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A text with its annotations; ``path`` is the annotations' file, ``line`` the line of the document in it."""

    text: str
    spans: tuple[RawSpan, ...]
    id: str
    path: Path
    record: str = ""
    line: int | None = None
    text_path: Path | None = None  # if it has its own file


@dataclass(frozen=True, slots=True)
class Conventions:
    """The conventions of a corpus: its types, other names for them, and its end offsets.

    Attributes:
        entity_types: empty if any type is allowed.
        inclusive: whether ends are the last character.
        aliases: other names of types.
        unit: of the offsets, a unit of ``offsets``; code points by default.
        same: whether a part of the text equals the mention in the file.
        blank: whether a blank text is allowed.
        told: whether the reader has the option `count`.
    """

    entity_types: Sequence[str]
    inclusive: bool
    aliases: Mapping[str, str]
    unit: str = ""
    same: Callable[[str, str], bool] = eq
    blank: bool = False
    told: bool = False


def to_documents(
    read_raw: Callable[[Problems], Iterable[RawDocument]], conventions: Conventions, problems: Problems
) -> Iterator[Document]:
    """Check raw documents and yield them with half-open spans.

    An annotation with a fault is reported and left out; so is a document without text. ``read_raw`` reads the corpus
    with the given problems; if a mention differs from its text, it is called once more, without reporting problems.
    """
    survey = _Survey(read_raw, told=conventions.told)
    for raw in read_raw(problems):
        if not raw.text.strip() and not conventions.blank:
            where = raw.text_path or raw.path
            line = None if raw.text_path else raw.line
            problems.report(where, line, f"an empty text (document {raw.id})", "some text", "remove the document")
            continue
        found = places(raw.text, conventions.unit) if raw.spans else {}
        spans = [_check(span, raw, found, conventions, survey, problems) for span in raw.spans]
        yield Document(raw.text, tuple(span for span in spans if span is not None), raw.id, raw.record)


def offset(value: object) -> int | None:
    """A whole number, given as JSON number or as decimal digits; None for anything else."""
    return whole_number(value) if isinstance(value, str) else integer(value)


def _check(
    span: RawSpan,
    raw: RawDocument,
    found: Mapping[int, int],
    conventions: Conventions,
    survey: _Survey,
    problems: Problems,
) -> Span | None:
    line = span.line if span.line is not None else raw.line
    type_ = conventions.aliases.get(span.type, span.type)
    fault = type_fault(type_)
    if fault or (conventions.entity_types and type_ not in conventions.entity_types):
        wrong = f"the type {brief(span.type)} in document {raw.id}{f', which has {fault}' if fault else ''}"
        anything = "a type without it" if type_ else "a name"
        known = f"one of {', '.join(conventions.entity_types)}" if conventions.entity_types else anything
        problems.report(raw.path, line, wrong, known, "correct the type, or read it as another corpus")
        return None
    last = span.end + 1 if conventions.inclusive else span.end
    start, end = (place_of(found, position, raw.text) for position in (span.start, last))
    named = f" of {brief(span.mention)}" if span.mention is not None else ""
    what = f"offsets {span.start} to {span.end}{named} ({span.type}) in document {raw.id}"
    side = "inclusive" if conventions.inclusive else "exclusive"
    expected = ""
    if last <= span.start:
        expected = f"an {side} end {'not before' if conventions.inclusive else 'after'} the start"
    elif start is None or end is None or start == end:
        expected = f"offsets inside the text of {len(raw.text)} characters"
        expected += f", counted {Counting(conventions.unit)}" if conventions.unit else ""
    elif span.mention is not None and not conventions.same(raw.text[start:end], span.mention):
        what = f"the mention {brief(span.mention)} at {span.start} to {span.end} in document {raw.id}"
        expected = f"{brief(raw.text[start:end])}, which is there if ends are {side}"
    if expected or start is None or end is None:
        own = Counting(conventions.unit, 0, conventions.inclusive)
        advice = survey.advice(raw.path, own) if span.mention is not None else "correct the offsets"
        if span.mention is None and conventions.told:
            advice += ", or say what they count with --reading count=…"
        problems.report(raw.path, line, what, expected, advice)
        return None
    return Span(start, end, type_, span.score)


class _Survey:
    """How many mentions of the corpus fit each way to count; computed once, at the first difference."""

    def __init__(self, read_raw: Callable[[Problems], Iterable[RawDocument]], *, told: bool) -> None:
        self._read_raw = read_raw
        self._told = told
        self._by_path: dict[Path, Survey] | None = None

    def advice(self, path: Path, own: Counting) -> str:
        if self._by_path is None:
            self._by_path = self._count()
        here = self._by_path.get(path, Survey())
        total = sum(self._by_path.values(), Survey())
        other = own._replace(inclusive=not own.inclusive)
        share = f"{other} {_of(here.fit[other], here.given)} of this file"
        if len(self._by_path) > 1:
            share += f" and {_of(total.fit[other], total.given)} of the corpus"
        share = f"{share} would match; " if total.fit[other] else ""
        if total.fit[other] == total.given and total.fit[own] < total.given:
            name = "exclusive" if own.inclusive else "inclusive"
            verdict = f"these are {name} ends: read it as a corpus that has them, or correct the offsets"
        elif best := total.best(own) or here.best(own):
            verdict = f"{best}: count code points from 0, of the text with its line ends as they are"
            if self._told and (unit := total.best_unit(own)) is not None:
                verdict = f"{best}: read it with --reading count={unit}"
        else:
            verdict = "correct the offsets or the mention (was the text edited after it was annotated?)"
        return f"{share}{verdict}"

    def _count(self) -> dict[Path, Survey]:
        found: dict[Path, Survey] = {}
        for raw in self._read_raw(Problems("skip")):
            survey = found.setdefault(raw.path, Survey())
            for span in raw.spans:
                if span.mention is not None:
                    survey.add(Mention(raw.text, span.start, span.end, span.mention))
        return found


def _of(fit: int, given: int) -> str:
    if fit == given == 1:
        return "the only mention"
    return f"all {given:,} mentions" if fit == given else f"{fit:,} of the {given:,} mentions"
