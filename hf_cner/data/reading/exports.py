"""Common parts of readers for annotation tools: how offsets are counted, and what is left out.

Tools count offsets differently, and an export rarely says how. The mentions decide. Without mentions, or if they fit
several ways, the tool's default decides, and a note says how many entities the other ways would change.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..documents import Document
from ..endings import TABLES
from ..json_text import JsonError, parse_json
from ..problems import DataError, Problems
from ..table_files import open_table
from .json_items import json_items
from .names import suffix_of
from .offsets import UNIT_NAMES, Counting, place_of, places
from .standoff import Conventions, RawDocument, RawSpan, to_documents

_SEVERAL = 4  # so many files share one note


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
    unit, why, whole = (unit_named(count), "", "") if count is not None else _unit_of(raw, units)
    if raw:
        key = f"{raw[0].path}, offsets"
        problems.note(key, why and f"{raw[0].path}: offsets are {why}.")
        problems.of_many[key] = whole
    conventions = Conventions((), inclusive=False, aliases={}, unit=unit, same=alike, blank=True, told=True)
    yield from to_documents(lambda _: raw, conventions, problems)


def export_items(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, object]]]:
    """(line, row) of an export: an array or lines of JSON, or a table with JSON in its cells."""
    if suffix_of(path.name) not in TABLES:
        yield from json_items(path, problems)
        return
    table = open_table(path, problems)
    for number, cells in table.rows:
        yield number, with_json(dict(zip(table.names, cells, strict=True)))


def with_json(row: dict[str, object]) -> dict[str, object]:
    """A row of a table; cells with JSON lists or objects are parsed, but for the text."""
    return {key: value if key == "text" else _json_of(value) for key, value in row.items()}


def _json_of(cell: object) -> object:
    if not isinstance(cell, str) or cell[:1] not in ("[", "{"):
        return cell
    try:
        return parse_json(cell)
    except JsonError:
        return cell


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
    """Note how much of an export was left out, by kind."""
    problems.unread[str(path)] = +left_out
    problems.note(f"{path}, left out", _left_out(str(path), left_out))


def _left_out(where: str, left_out: Counter[str]) -> str:
    kinds = ", ".join(f"{kind} × {count:,}" for kind, count in sorted(left_out.items()) if count)
    return kinds and f"{where}: left out: {kinds}."


def join_notes(folder: Path, problems: Problems) -> None:
    """Replace the notes on several files of a folder by one note with the sums."""
    files = [path for path, counts in problems.unread.items() if counts and Path(path).is_relative_to(folder)]
    if len(files) >= _SEVERAL:
        for path in files:
            problems.note(f"{path}, left out", "")
        total = sum((problems.unread[path] for path in files), Counter[str]())
        problems.note(f"{folder}, left out", _left_out(f"{folder}, {len(files):,} files", total))
    alike = defaultdict[str, list[str]](list)
    for key in problems.notes:
        if (whole := problems.of_many.get(key)) and Path(key).is_relative_to(folder):
            alike[whole].append(key)
    for whole, keys in alike.items():
        if len(keys) >= _SEVERAL:
            for key in keys:
                problems.note(key, "")
            problems.note(f"{folder}, {whole}", f"{folder}: the offsets of {len(keys):,} files are {whole}.")


def without_duplicates(spans: Iterable[RawSpan], left_out: Counter[str]) -> tuple[RawSpan, ...]:
    """The spans, of equal ones only the first; the others are counted."""
    kept: dict[tuple[int, int, str], RawSpan] = {}
    for span in spans:
        if kept.setdefault((span.start, span.end, span.type), span) is not span:
            left_out["repeated entities"] += 1
    return tuple(kept.values())


def _unit_of(raw: Iterable[RawDocument], units: Sequence[str]) -> tuple[str, str, str]:
    """The unit that fits best, of equally good ones the first; a note about it, and a note for several such files."""
    fit, stand = Counter[str](), Counter[str]()
    given = 0
    found: list[dict[str, tuple[int, int] | None]] = []  # of each span, where it lies in each unit
    for document in raw:
        tables = {unit: places(document.text, unit) if unit else {} for unit in units}
        if not any(tables.values()):
            continue  # all ways agree
        for span in document.spans:
            given += span.mention is not None
            found.append({unit: _place(document.text, tables[unit], span) for unit in units})
            for unit, place in found[-1].items():
                stand[unit] += place is not None
                if place is not None and span.mention is not None:
                    fit[unit] += alike(document.text[slice(*place)], span.mention)
    best = max(units, key=lambda unit: (fit[unit], stand[unit], -units.index(unit)))
    differ = {unit: sum(place[unit] != place[best] for place in found) for unit in units}
    if not any(differ.values()) or (given and not fit[best]):
        return units[0], "", ""
    spans = len(found)
    way = f"counted {str(Counting(best)) if best else 'in code points'}"
    others = [unit for unit in units if differ[unit] and (fit[unit], stand[unit]) == (fit[best], stand[best])]
    if not others:
        what, number, of = ("mentions", fit[best], given) if given else ("entities", stand[best], spans)
        then = "; converted to code points" if best else ""
        return best, f"{way}, as {number:,} of {of:,} {what} say{then}", f"{way}, as their {what} say{then}"
    names = " or ".join(str(Counting(unit)) if unit else "in code points" for unit in others)
    most = max(differ[unit] for unit in others)
    why = (
        "as this tool does by default"
        if best == units[0]
        else f"since counted {Counting(units[0])} {spans - stand[units[0]]:,} entities would not fit the text"
    )
    end = f"counted {names}, which no mention rules out, %s would be others: say which with --reading count=…"
    taken = f"taken as {way}, {why}; {end}"
    return best, taken % f"{most:,} of {spans:,} entities", taken % "some entities"


def _place(text: str, found: dict[int, int], span: RawSpan) -> tuple[int, int] | None:
    start, end = (place_of(found, position, text) for position in (span.start, span.end))
    return (start, end) if start is not None and end is not None and start < end else None
