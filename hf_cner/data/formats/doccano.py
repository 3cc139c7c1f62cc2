"""doccano's exports and imports of sequence labelling: JSON lines of one text each.

    {"id": 7, "text": "患者头痛。", "label": [[2, 4, "症状"]], "Comments": []}

or, in a project with relations, `"entities": [{"id": 1, "label": "症状", "start_offset": 2, "end_offset": 4}]` and
`"relations"`. Mentions are not exported. The page counts UTF-16 units, or grapheme clusters in a project's "grapheme
mode"; imported offsets keep their counting. doccano keeps unknown keys and exports them again, so a written row says
how its offsets are counted (`offsets`), and which text it is (`id`, `record`).

doccano 1.8.4 exports no CSV for sequence labelling; a table of such rows (`id,text,label`, spans as JSON) is read.

An annotator's export is a file with the annotator's name; in a folder of several, `annotator` chooses a file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path

from ..documents import TEXT_KEYS, Document, Gold, check_characters
from ..endings import JSON
from ..numbers import id_text
from ..overlaps import count_overlaps
from ..problems import Problems
from ..reading.exports import checked, export_items, say_what_is_not_read, unit_named, without_duplicates
from ..reading.foreign import export_of, instead_of
from ..reading.locate import stem
from ..reading.offsets import UNIT_NAMES, positions
from ..reading.standoff import RawDocument, RawSpan, offset
from ..shown import brief
from ..writing import atomic_write
from .written import Lost, Written

NAME = "doccano"
DESCRIPTION = "doccano's JSON lines for sequence labelling: text and label, or text, entities and relations."
LAYOUT = "*.jsonl as doccano exports it, one object per line with text and label ([start, end, type])"
EXAMPLE = {
    "admin.jsonl": '{"id": 1, "text": "患者头痛，查胸部CT。", "label": [[2, 4, "症状"]], "Comments": []}\n'
    '{"id": 2, "text": "无发热。", "entities": [{"id": 5, "label": "症状", "start_offset": 1, "end_offset": 3}], '
    '"relations": [], "Comments": []}\n'
}
PATTERNS = ("*.jsonl", "*.json")
WRITTEN_AS = (".jsonl", JSON)

_SPANS = ("label", "labels", "entities")
_UNITS = ("utf-16", "", "graphemes")  # units that doccano may count, the default first
_BESIDE = {"relations": "relations", "Comments": "comments", "comments": "comments", "cats": "categories"}
_EXPECTED = "a text with label ([[start, end, type], …]) or entities (label, start_offset, end_offset)"


def read(
    path: str | PathLike[str],
    *,
    problems: Problems | None = None,
    count: str | None = None,
    annotator: str | None = None,
    gold: Gold = "required",
) -> Iterator[Document]:
    """The documents of a file with their entities.

    Args:
        count: what the offsets count, a key of `UNIT_NAMES`, if the file does not say it.
        annotator: the name of a file, without its ending; another file holds nothing then.
        gold: as `from_row`.
    """
    unit_named(count)
    problems, place = problems or Problems(), Path(path)
    if annotator is not None and stem(place) != annotator:
        return
    left_out = Counter[str]()
    said: dict[int | None, str] = {}
    raw = list(_documents(place, gold, said, left_out, problems))
    say_what_is_not_read(place, left_out, problems)
    known = set(said.values()) & set(UNIT_NAMES)
    if count is None and len(known) > 1:  # each row is read as it says
        for document in raw:
            own = said[document.line]
            yield from checked([document], units=_UNITS, problems=problems, count=own if own in known else None)
        return
    yield from checked(raw, units=_UNITS, problems=problems, count=count or next(iter(known), None))


def write(documents: Iterable[Document], path: str | PathLike[str], *, count: str = "utf-16") -> Written:
    """Write documents for doccano's import (Sequence Labeling, JSONL, encoding utf_8).

    Args:
        count: the unit of the project: `utf-16`, or another key of `UNIT_NAMES`.

    Returns:
        What was lost: entities that are part of a unit; scores are not written, and an empty text is not imported.
    """
    unit, written = unit_named(count), Written()
    with atomic_write(path) as stream:
        for document in documents:
            check_characters(document)
            labels = _labels(document, unit, written)
            row = {
                "id": document.id,
                "record": document.record,
                "text": document.text,
                "label": labels,
                "offsets": count,
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            written.documents += 1
            written.entities += len(document.spans)
            written.note("documents without a character, which doccano does not import", not document.text)
            written.note("scores that are not written", sum(span.score is not None for span in document.spans))
            overlaps = sum(count_overlaps(document.spans)[:3])
            written.note("pairs of entities that overlap, which only a project that allows it imports", overlaps)
    return written


def _labels(document: Document, unit: str, written: Written) -> list[list[object]]:
    at = positions(document.text, unit)
    labels: list[list[object]] = []
    for span in document.spans:
        whole = not at or all(
            place in (0, len(document.text)) or at[place - 1] < at[place] for place in (span.start, span.end)
        )
        if whole:
            labels.append([at[span.start], at[span.end], span.type] if at else [span.start, span.end, span.type])
        else:
            written.lost.append(Lost(document.id, span, document.mention(span), f"part of one of the {unit}"))
    return labels


def _documents(
    path: Path, gold: Gold, said: dict[int | None, str], left_out: Counter[str], problems: Problems
) -> Iterator[RawDocument]:
    for position, (line, row) in enumerate(export_items(path, problems), 1):
        text = row.get("text", row.get("data"))
        filled = [key for key in _SPANS if isinstance(row.get(key), list) and row[key]]
        key = next((key for key in (*filled, *_SPANS) if isinstance(row.get(key), list)), None)
        if not isinstance(text, str) or (key is None and gold == "required"):
            missing, others = ("label", ()) if isinstance(text, str) else ("text", TEXT_KEYS)
            there = f"{missing!r} with {brief(row[missing])}" if missing in row else ""
            found = there or f"no {missing!r}, but {instead_of(missing, row, others)}"
            problems.report(path, line, found, _EXPECTED, "read it as what it is, or correct or remove the line")
            continue
        if len(filled) > 1 and gold != "ignored":
            found = f"annotations in {' and in '.join(map(repr, filled))}"
            problems.report(path, line, found, "one list of them", "remove the other from the line")
            continue
        if export_of(row).startswith("Label Studio"):
            problems.report(path, line, instead_of("label", row), _EXPECTED, "read it as what it is")
            continue
        said[line] = str(row.get("offsets"))
        for name, kind in _BESIDE.items():
            beside = row.get(name)
            left_out[kind] += len(beside) if isinstance(beside, list) else 0
        labels = row.get(key or "")
        labels = labels if isinstance(labels, list) and gold != "ignored" else []
        spans = [span for label in labels if (span := _span(label, path, line, problems))]
        identity, record = (id_text(row.get(name)) for name in ("id", "record"))
        kept = without_duplicates(spans, left_out)
        yield RawDocument(text, kept, identity or f"{stem(path)}-{position}", path, record, line)


def _span(label: object, path: Path, line: int, problems: Problems) -> RawSpan | None:
    values: list[object] = list(label) if isinstance(label, list) and len(label) == 3 else [None] * 3
    if isinstance(label, Mapping):
        values = [label.get(key) for key in ("start_offset", "end_offset", "label")]
    start, end, kind = offset(values[0]), offset(values[1]), values[2]
    if start is None or end is None or not isinstance(kind, str):
        whole = isinstance(label, str)
        found = f"the label {brief(label)}{', which is one of a whole text' if whole else ''}"
        problems.report(
            path, line, found, _EXPECTED, "export a project of sequence labelling" if whole else "correct it"
        )
        return None
    return RawSpan(start, end, kind, None, line)
