"""Tables of texts: CSV, TSV, Excel, Parquet and Arrow, a text per row, its entities as JSON in a column.

    id,record,text,ward,entities
    a,r,患者头痛。,3,"[{""start"": 2, ""end"": 4, ""type"": ""症状""}]"

If only one column can hold the texts, it is chosen and reported. Other columns are copied to the output. The texts are
written with a column of entities, or with `entities=rows` the entities alone, one a row, each with the columns of its
text.
"""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import chain, islice
from math import isfinite
from os import PathLike
from pathlib import Path

from ..documents import TEXT_KEYS, Document, Gold, check_characters, entities_of, from_row
from ..endings import EXCEL, TABLES
from ..json_text import parse_json
from ..own_ids import with_own_id
from ..problems import DataError, Problems
from ..reading.exports import with_json
from ..reading.foreign import instead_of
from ..reading.locate import stem
from ..shown import brief
from ..table_files import open_table
from ..table_writing import Row, unescaped, write_table
from .written import Written

NAME = "table"
DESCRIPTION = "CSV, TSV, Excel, Parquet, Arrow: a text per row, its entities as JSON, or a table of the entities."
LAYOUT = "*.csv, *.xlsx, *.parquet, … with a column of texts, and one of entities (start, end, type) as JSON"
EXAMPLE = {
    "notes.csv": 'id,text,ward,entities\na,患者头痛，查胸部CT。,3,"[{""start"": 2, ""end"": 4, ""type"": ""症状""}]"\n'
}
ENDINGS = tuple(ending for ending in TABLES if ending != ".tsv")  # .tsv is CoNLL's by default
PATTERNS = tuple(f"*{ending}" for ending in TABLES)
WRITTEN_AS = TABLES

ENTITIES = "entities"
_TEXT_NAMES = ("text", *TEXT_KEYS, "文本", "正文", "内容", "病历", "病历内容", "记录")
_ID_NAMES = ("id", "document", "编号", "病案号", "住院号", "病历号")
_RECORD = "record"
_LOOKED_AT = 100  # rows that are used for a guess
_PROSE = 15  # characters that texts have on average, unlike other columns
COLUMNS_OF_ROWS = ("document", "record", "start", "end", "type", "text", "score")


def read(
    path: str | PathLike[str],
    *,
    problems: Problems | None = None,
    text_column: str | None = None,
    id_column: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    gold: Gold = "required",
) -> Iterator[Document]:
    """The documents of a table, read lazily.

    Args:
        text_column: the column of the texts; by default the only possible one.
        id_column: the column of their ids; by default a column of that name, else rows are numbered.
        encoding: of CSV and TSV, by default UTF-8.
        sheet: of Excel, by default the only one.
        gold: as `from_row`; if it is ignored, a row without a text is an empty document.

    Raises:
        DataError: an error of `open_table`, or no such column.
    """
    problems, place = problems or Problems(), Path(path)
    table = open_table(place, problems, encoding=encoding, sheet=sheet)
    rows = iter(table.rows)
    head = list(islice(rows, _LOOKED_AT))
    text = _column(text_column, table.names, place) if text_column else _guess_text(table.names, head, place)
    name = _column(id_column, table.names, place) if id_column else _only(table.names, _ID_NAMES)
    said = f"the texts are read from the column {text!r}" if text_column is None else ""
    if name is not None and id_column is None:
        said += f", and their names from {name!r}" if said else f"the names of the texts are read from {name!r}"
    problems.note(f"{place}, columns", said and f"{place}: {said}.")
    if gold == "required" and ENTITIES not in table.names:
        first = dict(zip(table.names, head[0][1] if head else table.names, strict=True))
        there = instead_of(ENTITIES, with_json(first))
        raise DataError(f"{place}: found no column {ENTITIES!r}, but {there}; expected one of JSON; add it.")
    empty, ids = 0, Counter[str]()
    for number, cells in chain(head, rows):
        row = dict(zip(table.names, cells, strict=True))
        content = row[text]
        if content is not None and not isinstance(content, str):
            found = f"{brief(_plain(content))} in the column {text!r}, which is no text"
            problems.report(place, number, found, "a text", "name the column of the texts with --text-column")
            continue
        row = {key: _plain(cell) for key, cell in row.items()}
        row = {key: unescaped(cell) for key, cell in row.items()} if place.suffix.lower() in EXCEL else row
        if not row[text]:
            empty += 1
        if row[text] or gold == "ignored":
            document = _document(row, text, name, number, place, gold, problems)
            if document is not None:
                yield with_own_id(document, ids)
    again = sum(count - 1 for count in ids.values() if count > 1)
    said = f"rows with the name of another × {again:,}, as of a patient with several notes: they are NAME-2, NAME-3, …"
    problems.note(f"{place}, names", f"{place}: {said}, of the record NAME." if again else "")
    then = "they are empty documents" if gold == "ignored" else "they are left out"
    said = (
        f"{place}: rows without a text (an empty cell, or a formula whose value was never saved) × {empty:,}: {then}."
    )
    problems.note(f"{place}, empty", said if empty else "")


def write(
    documents: Iterable[Document], path: str | PathLike[str], *, entities: str = "column", formulas: str = "guard"
) -> Written:
    """Write a table in the form that the file's name says.

    Args:
        entities: as a `column` of JSON beside the texts, or as `rows`, one for each entity.
        formulas: `guard` puts an apostrophe before a cell of CSV or TSV that a spreadsheet would run; `keep` does not.

    Raises:
        DataError: another word for one of these; or an error of `write_table`.
    """
    for value, known in ((entities, ("column", "rows")), (formulas, ("guard", "keep"))):
        if value not in known:
            raise DataError(f"A table is not written with {value!r}; choose one of {', '.join(known)}.")
    written = Written()
    counted = _counted(documents, written)
    first = list(islice(counted, _LOOKED_AT))
    more = list(dict.fromkeys(key for document in first for key in document.columns))
    everything = chain(first, counted)
    if entities == "rows":
        names, rows = (
            [*COLUMNS_OF_ROWS, *(_free(key, COLUMNS_OF_ROWS, more) for key in more)],
            entity_rows(everything, more),
        )
    else:
        own = ("id", "record", "text", ENTITIES)
        names = ["id", "record", "text", *(_free(key, own, more) for key in more), ENTITIES]
        rows = _text_rows(everything, more)
    write_table(Path(path), names, rows, guard=formulas == "guard")
    return written


def entity_rows(documents: Iterable[Document], more: Sequence[str] = ()) -> Iterator[Row]:
    """One row for each entity; none for a document without entities."""
    for number, document in enumerate(documents, 1):
        for span in document.spans:
            mention = document.mention(span)
            own = (document.id or str(number), document.record, span.start, span.end, span.type, mention, span.score)
            yield [*own, *(document.columns.get(key) for key in more)]


def _text_rows(documents: Iterable[Document], more: Sequence[str]) -> Iterator[Row]:
    for document in documents:
        found = json.dumps(entities_of(document), ensure_ascii=False)
        carried = [document.columns.get(key) for key in more]
        yield [document.id, document.record, document.text, *carried, found]


def _counted(documents: Iterable[Document], written: Written) -> Iterator[Document]:
    for document in documents:
        check_characters(document)
        written.documents += 1
        written.entities += len(document.spans)
        yield document


def _free(name: str, taken: Sequence[str], more: Sequence[str]) -> str:
    """The name of a copied column, changed if it is one of ours, to one that no copied column has either."""
    free = name
    while free in taken or (free != name and free in more):
        free += " (input)"
    return free


def _document(
    row: dict[str, object],
    text: str,
    name: str | None,
    number: int,
    path: Path,
    gold: Gold,
    problems: Problems,
) -> Document | None:
    own = {"text": row[text] or "", "id": _name(row.get(name)) if name else "", "record": _name(row.get(_RECORD))}
    own["id"] = own["id"] or f"{stem(path)}-{number}"
    try:
        cell = row.get(ENTITIES)
        found_ = parse_json(cell) if isinstance(cell, str) and gold != "ignored" else cell
        document = from_row({**own, ENTITIES: found_}, gold=gold)
    except ValueError as error:
        problems.report(path, number, str(error), "entities as JSON (start, end, type)", "correct or remove the row")
        return None
    ours = {text, name, _RECORD, ENTITIES}
    carried = {key: cell for key, cell in row.items() if key not in ours}
    return Document(document.text, document.spans, document.id, document.record, carried)


def _column(wanted: str, names: Sequence[str], path: Path) -> str:
    if wanted in names:
        return wanted
    near = get_close_matches(wanted, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else "name one that is there."
    raise DataError(f"{path}: found no column {wanted!r}, but {', '.join(map(brief, names[:12]))}; {hint}")


def _only(names: Sequence[str], known: Sequence[str]) -> str | None:
    found = [name for name in names if name.strip().casefold() in known]
    return found[0] if len(found) == 1 else None


def _guess_text(names: Sequence[str], rows: Sequence[tuple[int, Sequence[object]]], path: Path) -> str:
    """The column with a usual name, or the only column of prose."""
    named = [name for known in _TEXT_NAMES for name in names if name.strip().casefold() == known.casefold()]
    if named[:1] == ["text"] or len(named) == 1:
        return named[0]
    prose = []
    for place, name in enumerate(names):
        cells = [cells[place] for _, cells in rows if cells[place] is not None]
        texts = [cell for cell in cells if isinstance(cell, str)]
        if name != ENTITIES and texts and len(texts) == len(cells) and sum(map(len, texts)) > _PROSE * len(texts):
            prose.append(name)
    if len(prose) == 1 and not named:
        return prose[0]
    others = [name for name in names if name.strip().casefold() not in (ENTITIES, _RECORD, *_ID_NAMES)]
    if len(others) == 1:
        return others[0]
    there = ", ".join(map(brief, names[:12]))
    raise DataError(
        f"{path}: found the columns {there}; expected to know which holds the texts; say --text-column NAME."
    )


def _name(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return "" if value is None else str(int(value) if isinstance(value, float) and whole else value)


def _plain(cell: object) -> object:
    """A cell that JSON and every table can hold: dates become texts."""
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, float) and not isfinite(cell):
        return None
    if cell is None or isinstance(cell, str | int | float | bool | list | dict):
        return cell
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)
