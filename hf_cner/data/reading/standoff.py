"""From annotations as files give them (offsets, type, perhaps the mention) to checked documents.

Every reader states whether its end offsets are inclusive (the last character) or exclusive (the one after it). Where
the file also gives the mention, ``text[start:end]`` is compared with it, character by character; on a difference the
message says how many annotations of the file and of the corpus each of the two conventions would match, because
reading one release with the other's convention is the commonest mistake with these corpora.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..documents import Document, Span
from ..numbers import whole_number
from ..problems import Problems
from ..shown import brief
from .offsets import Counting, Mention, Survey


@dataclass(frozen=True, slots=True)
class RawSpan:
    """One annotation as the file has it; ``end`` in the file's own convention, ``mention`` None where none is given."""

    start: int
    end: int
    type: str
    mention: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A text with its annotations; ``path`` is the annotations' file, ``line`` where the document stands in it."""

    text: str
    spans: tuple[RawSpan, ...]
    id: str
    path: Path
    record: str = ""
    line: int | None = None
    text_path: Path | None = None  # where it is a file of its own


@dataclass(frozen=True, slots=True)
class Conventions:
    """What a corpus promises: its types, other names for them, and where its end offsets stand."""

    entity_types: Sequence[str]
    inclusive: bool
    aliases: Mapping[str, str]


def to_documents(
    read_raw: Callable[[Problems], Iterable[RawDocument]], conventions: Conventions, problems: Problems
) -> Iterator[Document]:
    """Check raw documents and yield them with half-open spans.

    An annotation with a fault is reported and left out; so is a document without any text. ``read_raw`` reads the
    corpus with the given problems; it is called a second time, silently, only when a mention differs from its text.
    """
    survey = _Survey(read_raw)
    for raw in read_raw(problems):
        if not raw.text.strip():
            where = raw.text_path or raw.path
            line = None if raw.text_path else raw.line
            problems.report(where, line, f"an empty text (document {raw.id})", "some text", "remove the document")
            continue
        spans = [_check(span, raw, conventions, survey, problems) for span in raw.spans]
        yield Document(raw.text, tuple(span for span in spans if span is not None), raw.id, raw.record)


def offset(value: object) -> int | None:
    """A whole number, given as JSON number or as decimal digits; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return whole_number(value) if isinstance(value, str) else None


def _check(
    span: RawSpan, raw: RawDocument, conventions: Conventions, survey: _Survey, problems: Problems
) -> Span | None:
    line = span.line if span.line is not None else raw.line
    type_ = conventions.aliases.get(span.type, span.type)
    if type_ not in conventions.entity_types:
        found = f"the type {brief(span.type)} in document {raw.id}"
        known = ", ".join(conventions.entity_types)
        problems.report(raw.path, line, found, f"one of {known}", "correct the type, or read it as another corpus")
        return None
    end = span.end + 1 if conventions.inclusive else span.end
    named = f" of {brief(span.mention)}" if span.mention is not None else ""
    what = f"offsets {span.start} to {span.end}{named} ({span.type}) in document {raw.id}"
    side = "inclusive" if conventions.inclusive else "exclusive"
    expected = ""
    if end <= span.start:
        expected = f"an {side} end {'not before' if conventions.inclusive else 'after'} the start"
    elif span.start < 0 or end > len(raw.text):
        expected = f"offsets inside the text of {len(raw.text)} characters"
    elif span.mention is not None and raw.text[span.start : end] != span.mention:
        what = f"the mention {brief(span.mention)} at {span.start} to {span.end} in document {raw.id}"
        expected = f"{brief(raw.text[span.start : end])}, which stands there when ends are {side}"
    if expected:
        advice = survey.advice(raw.path, conventions.inclusive) if span.mention is not None else "correct the offsets"
        problems.report(raw.path, line, what, expected, advice)
        return None
    return Span(span.start, end, type_)


class _Survey:
    """How well each way to count fits the whole corpus, found out on the first difference and then kept."""

    def __init__(self, read_raw: Callable[[Problems], Iterable[RawDocument]]) -> None:
        self._read_raw = read_raw
        self._by_path: dict[Path, Survey] | None = None

    def advice(self, path: Path, inclusive: bool) -> str:
        if self._by_path is None:
            self._by_path = self._count()
        here = self._by_path.get(path, Survey())
        total = sum(self._by_path.values(), Survey())
        own, other = Counting(inclusive=inclusive), Counting(inclusive=not inclusive)
        share = f"{other} {_of(here.fit[other], here.given)} of this file"
        if len(self._by_path) > 1:
            share += f" and {_of(total.fit[other], total.given)} of the corpus"
        if total.fit[other] == total.given and total.fit[own] < total.given:
            name = "exclusive" if inclusive else "inclusive"
            verdict = f"these are {name} ends: read it as a corpus that has them, or correct the offsets"
        elif best := total.best(own) or here.best(own):
            verdict = f"{best}: count code points from 0, of the text with its line ends as they are"
        else:
            verdict = "correct the offsets or the mention"
        return f"{share} would match; {verdict}"

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
