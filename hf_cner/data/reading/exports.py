"""Common parts of readers for annotation tools: how offsets are counted, and what is left out.

A tool counts offsets in its own way, and an export rarely says how. The mentions decide; without mentions, or if they
fit several ways, the tool's default decides, and the consequences are reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..documents import Document
from ..problems import DataError, Problems
from .offsets import UNIT_NAMES, Counting, place_of, places
from .standoff import Conventions, RawDocument, RawSpan, to_documents


def checked(
    raw: Sequence[RawDocument],
    *,
    units: Sequence[str],
    problems: Problems,
    count: str | None = None,
) -> Iterator[Document]:
    """Documents of one file of an export, with offsets in code points.

    Args:
        raw: the documents of the file, ends exclusive.
        units: units of `offsets` that the tool may count, the default first.
        problems: gets the faults, and a note where offsets were converted.
        count: the unit, if the user names it: a key of `UNIT_NAMES`.

    Raises:
        DataError: what `unit_named` and `to_documents` raise.
    """
    unit, sentence = (unit_named(count), "") if count is not None else _unit_of(raw, units)
    if raw:
        problems.note(f"{raw[0].path}, offsets", sentence and f"{raw[0].path}: {sentence}.")
    conventions = Conventions((), inclusive=False, aliases={}, unit=unit, same=alike, blank=True)
    yield from to_documents(lambda _: raw, conventions, problems)


def unit_named(count: str | None) -> str:
    """The unit of `offsets` with this name; code points by default.

    Raises:
        DataError: an unknown name.
    """
    if count is not None and count not in UNIT_NAMES:
        raise DataError(f"Offsets cannot be counted in {count!r}; choose one of {', '.join(UNIT_NAMES)}.")
    return UNIT_NAMES[count or "code-points"]


def one_annotator(parts: Iterable[tuple[Path, Iterable[Document]]], problems: Problems) -> Iterator[Document]:
    """The documents of several files; equal copies are given once.

    Copies usually come from files of several annotators; if they differ, the second is a fault.
    """
    seen: dict[tuple[str, str], tuple[Path, int]] = {}
    twice = Counter[str]()
    for path, documents in parts:
        for document in documents:
            first, content = seen.setdefault((document.id, document.text), (path, hash(document.spans)))
            if first == path:
                yield document
            elif content == hash(document.spans):
                twice[f"documents that {first.name} has as well"] += 1
            else:
                found = f"document {document.id} of {first.name} once more, with other entities"
                problems.report(
                    path, None, found, "one annotation of a text", "say whose is read with --reading annotator=NAME"
                )
        say_what_is_not_read(path, twice, problems)
        twice.clear()


def alike(text: str, mention: str) -> bool:
    """Whether a part of the text is a mention, apart from blanks and line ends, which tools collapse."""
    return text == mention or text.split() == mention.split()


def say_what_is_not_read(path: Path, left_out: Counter[str], problems: Problems) -> None:
    """A note that counts what an export holds besides entities."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(left_out.items()) if count)
    problems.note(f"{path}, left out", kinds and f"{path}: left out, since documents have entities alone: {kinds}.")


def without_duplicates(spans: Iterable[RawSpan], left_out: Counter[str]) -> tuple[RawSpan, ...]:
    """The spans, of equal ones only the first; the others are counted."""
    kept: dict[tuple[int, int, str], RawSpan] = {}
    for span in spans:
        if kept.setdefault((span.start, span.end, span.type), span) is not span:
            left_out["entities that stand there twice"] += 1
    return tuple(kept.values())


def _unit_of(raw: Iterable[RawDocument], units: Sequence[str]) -> tuple[str, str]:
    """The unit that fits best, of equally good ones the first, and a note about it."""
    fit, stand = Counter[str](), Counter[str]()
    given = spans = 0
    differ = Counter[str]()
    for document in raw:
        tables = {unit: places(document.text, unit) if unit else {} for unit in units}
        if not any(tables.values()):
            continue  # all ways agree
        for span in document.spans:
            spans += 1
            given += span.mention is not None
            found = {unit: _place(document.text, tables[unit], span) for unit in units}
            for unit, place in found.items():
                stand[unit] += place is not None
                if place is not None and span.mention is not None:
                    fit[unit] += alike(document.text[slice(*place)], span.mention)
                differ[unit] += place != found[units[0]]
    best = max(units, key=lambda unit: (fit[unit], stand[unit], -units.index(unit)))
    if not any(differ.values()):
        return units[0], ""
    way = str(Counting(best)) if best else "in code points"
    others = [unit for unit in units if (fit[unit], stand[unit]) == (fit[best], stand[best]) and unit != best]
    if not others:
        evidence = f"{fit[best]:,} of {given:,} mentions" if given else f"{stand[best]:,} of {spans:,} entities"
        return best, f"offsets are counted {way}, as {evidence} say" + ("; converted to code points" if best else "")
    names = " or ".join(str(Counting(unit)) if unit else "in code points" for unit in others)
    most = max(differ[unit] for unit in others)
    return best, (
        f"offsets are taken as counted {way}, as this tool does by default; counted {names}, which no mention rules "
        f"out, {most:,} of {spans:,} entities would be others: say which with --reading count=…"
    )


def _place(text: str, found: dict[int, int], span: RawSpan) -> tuple[int, int] | None:
    start, end = (place_of(found, position, text) for position in (span.start, span.end))
    return (start, end) if start is not None and end is not None and start < end else None
