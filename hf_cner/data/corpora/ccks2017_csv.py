"""The organisers' CSV gold of CCKS-2017's test set, beside text files that have no annotation files.

Columns id (the record's number), section, and ``mention start end type;mention start end type;…`` with inclusive ends.
Some rows are quoted, mentions contain blanks (and may contain commas and semicolons), and there may be a header row.
Blanks also separate the parts of an entry, so blanks at the ends of a mention are not compared with its offsets.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..bounded import LARGEST_FILE
from ..documents import Document
from ..files import read_text
from ..numbers import whole_number
from ..problems import DataError, Problems
from ..reading.locate import matching
from ..reading.sections import SectionKey, section_files, section_key
from ..reading.standoff import Conventions, RawDocument, RawSpan, to_documents
from ..shown import brief
from .ccks2017 import CITATION, ENTITY_TYPES, LICENCE

NAME = "ccks2017-csv"
DESCRIPTION = "CCKS-2017 task 2, test set: text files and the organisers' gold in one CSV file."
LAYOUT = "section folders with <section>-<n>.txtoriginal.txt (or .txt) and one CSV file with id, section, entities"
EXAMPLE = {
    "一般项目/一般项目-301.txtoriginal.txt": "患者头痛，查胸部CT。",
    "gold.csv": 'id,section,entities\n301,一般项目,"头痛 2 3 症状和体征;胸部 6 7 身体部位"\n',
}

CONVENTIONS = Conventions(ENTITY_TYPES, inclusive=True, aliases={})
# Linear: the parts of an entry cannot take each other's characters, and each token is read at most three times.
_ENTRY = re.compile(r"(.*?)[ \t]([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t]+([^\s;]+)\s*(?:;|$)", re.DOTALL)
_DIGITS = "0123456789"

__all__ = ["CITATION", "CONVENTIONS", "DESCRIPTION", "ENTITY_TYPES", "EXAMPLE", "LAYOUT", "LICENCE", "NAME", "read"]


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield one document per row, in the order of the CSV file, ``id`` as ``诊疗经过-301`` and ``record`` as ``301``.

    ``folder`` holds the texts and one CSV file at any depth, or is the CSV file itself with the texts below its folder.
    A row without a text, and a text without a row, are reported.
    """
    yield from to_documents(partial(_read_raw, folder), CONVENTIONS, problems)


def _read_raw(folder: Path, problems: Problems) -> Iterator[RawDocument]:
    path, texts = _csv_file(folder, problems), _texts(folder if folder.is_dir() else folder.parent, problems)
    seen: set[SectionKey] = set()
    for line, key, cell in _rows(path, problems):
        text_path = texts.get(key)
        if key in seen:
            problems.report(path, line, f"a second row for {key.id}", "one row per section", "join or remove it")
        elif text_path is None:
            found = f"a row for {key.id}, of which there is no text"
            problems.report(path, line, found, f"{key.id}.txtoriginal.txt below the folder", "add the text")
        else:
            before = problems.count
            text = read_text(text_path, problems)
            if problems.count == before:
                spans = tuple(_spans(cell, text, path, line, problems))
                yield RawDocument(text, spans, key.id, path, str(key.number), line, text_path)
        seen.add(key)
    for key in sorted(texts.keys() - seen, key=lambda key: key.order):
        found = f"a text without a row in {path.name} ({key.id})"
        advice = "add a row, with an empty third column where the text has no entity, or remove the text"
        problems.report(texts[key], None, found, "a row for each text", advice)


def _csv_file(folder: Path, problems: Problems) -> Path:
    found = matching(folder, ("*.csv",), problems)
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "no CSV file"
        raise DataError(f"{folder}: found {names}; expected one CSV file; name the CSV file itself, beside its texts.")
    return found[0]


def _texts(folder: Path, problems: Problems) -> dict[SectionKey, Path]:
    """Here a file ``<section>-<n>.txt`` is the text, unless there is a ``.txtoriginal.txt`` for the section."""
    texts, others = section_files(folder, problems)
    return {**others, **texts}


def _rows(path: Path, problems: Problems) -> Iterator[tuple[int, SectionKey, str]]:
    """Yield (line on which the row ends, section and record, third column)."""
    reader = csv.reader(io.StringIO(read_text(path, problems, most=LARGEST_FILE), newline=""))
    try:
        for position, row in enumerate(reader):
            if not any(cell.strip() for cell in row):
                continue
            name = row[0].strip().removesuffix(".txt")
            number = whole_number(name[len(name.rstrip(_DIGITS)) :])
            if number is None and position == 0:
                continue  # the header
            section = re.sub(r"^[0-9]+-", "", row[1].strip()) if len(row) > 1 else ""
            if number is None or not section:
                expected = "id, section, entities"
                problems.report(path, reader.line_num, f"the row {brief(row)}", expected, "correct or remove the row")
                continue
            # In a row without quotes a comma inside a mention cuts the third column: join it again.
            yield reader.line_num, section_key(section, number), ",".join(row[2:]).rstrip(",")
    except csv.Error as error:
        found = f"broken CSV ({brief(str(error))[1:-1]})"
        problems.report(path, reader.line_num, found, "rows of three columns", "look for a stray quote")


def _spans(cell: str, text: str, path: Path, line: int, problems: Problems) -> Iterator[RawSpan]:
    position = 0
    while match := _ENTRY.match(cell, position):
        start, end = int(match[2]), int(match[3])
        mention = match[1]
        here = text[start : end + 1]
        if here.strip() == mention.strip():
            mention = here
        yield RawSpan(start, end, match[4], mention, line)
        position = match.end()
    rest = cell[position:].strip()
    if rest:
        problems.report(
            path, line, f"the entry {brief(rest)}", "mention start end type;", "correct or remove the entry"
        )
