"""Reading WebAnno TSV 3, as INCEpTION exports it; what it looks like stands in `inception.py`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from ..documents import Document, Gold
from ..files import read_lines
from ..numbers import whole_number
from ..problems import DataError, Problems
from ..reading.exports import checked, say_what_is_not_read, without_duplicates
from ..reading.names import suffix_of, without_gz
from ..reading.standoff import RawDocument, RawSpan
from ..shown import brief, printable

NAMED_ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
_UNITS = ("utf-16", "")  # what INCEpTION counts; programs that write such files may count code points
_LINGUISTIC = "de.tudarmstadt.ukp.dkpro.core.api."  # layers of words and sentences, no entities
_INITIAL = "INITIAL_CAS"  # the export's name for the text without annotations, beside those of annotators
_ESCAPED = re.compile(r"\\(->|.)", re.DOTALL)
_SIGNS = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}
_PARTS = re.compile(r"(?:\\.|[^|\\])+")
_VALUE = re.compile(r"((?:\\.|[^\\\[])*)(?:\[([0-9]{1,18})\])?")
_ROW = "sentence-token, begin-end, the token and a cell for each feature, between TABs"


class _Layer(NamedTuple):
    """A layer: its name, what it holds (SP, RL, CH), its features, and the number of its first cell."""

    name: str
    kind: str
    features: list[str]
    first: int


class _Row(NamedTuple):
    """A token: the line that it stands on, its offsets as they are given, and the cells of the layers."""

    line: int
    start: int
    end: int
    token: str
    cells: list[str]


@dataclass
class _File:
    """What a file holds: its layers, its text so far, and the rows of its tokens."""

    layers: list[_Layer] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    text: str = ""
    sentence: list[str] = field(default_factory=list)  # read, and not yet put into the text
    filled: int = 0


def read(
    path: str | PathLike[str],
    *,
    problems: Problems | None = None,
    layer: str | None = None,
    feature: str | None = None,
    annotator: str | None = None,
    count: str | None = None,
    gold: Gold = "required",
) -> Iterator[Document]:
    """The document of a file.

    Args:
        layer: the layer of the entities, its whole name or what stands behind the last point; by default that of named
            entities, or the only layer of spans that is no linguistic one.
        feature: the feature that holds the type; by default `value`, or the only one.
        annotator: whose file is read: a project's export has a folder for each text, with a file for each annotator.
        count: what the offsets count, a key of `UNIT_NAMES`; by default the tokens say it.
        gold: as `from_row`.

    Raises:
        DataError: no WebAnno TSV 3, no such layer or feature, or several that can be meant.
    """
    problems, place = problems or Problems(), Path(path)
    project = suffix_of(place.parent.name) != ""  # as `note.txt/anna.tsv`
    name = without_gz(place.name).removesuffix(".tsv")
    if annotator is not None and name != annotator:
        return
    left_out = Counter[str]()
    if project and annotator is None and name == _INITIAL:
        left_out["texts before their annotation"] += 1
        say_what_is_not_read(place, left_out, problems)
        return
    before = problems.count
    found = _read(place, problems)
    if problems.count > before and not found.rows:
        return
    spans: list[RawSpan] = []
    if gold != "ignored":
        spans = list(_spans(found, place, layer, feature, left_out))
    left_out["characters between sentences, which the file does not hold (taken for line ends)"] += found.filled
    say_what_is_not_read(place, left_out, problems)
    identity = printable(place.parent.name) if project else printable(name)
    raw = RawDocument(found.text, without_duplicates(spans, left_out), identity, place)
    yield from checked([raw], units=_UNITS, problems=problems, count=count)


def _read(path: Path, problems: Problems) -> _File:
    found = _File()
    for number, line in read_lines(path, problems):
        if number == 1 and not line.startswith("#FORMAT=WebAnno TSV 3"):
            raise DataError(
                f"{path}: found {brief(line)} in the first line; expected #FORMAT=WebAnno TSV 3.x; export the texts as "
                "WebAnno TSV v3.3."
            )
        if line.startswith("#T_") and not found.rows:
            kind, _, rest = line[3:].partition("=")
            name, *features = rest.removesuffix("|").split("|")  # a layer without features ends in a bar
            last = found.layers[-1] if found.layers else None
            first = last.first + max(1, len(last.features)) if last else 0
            found.layers.append(_Layer(name, kind, features, first))
        elif line.startswith("#Text="):
            found.sentence.append(line.removeprefix("#Text="))
        elif line and not line.startswith("#"):
            _token(line, number, found, path, problems)
    _close(found, None)
    return found


def _token(line: str, number: int, found: _File, path: Path, problems: Problems) -> None:
    cells = line.split("\t")
    begin, dash, end = cells[1].partition("-") if len(cells) > 2 else ("", "", "")
    start, stop = whole_number(begin), whole_number(end)
    last = found.layers[-1] if found.layers else None
    wanted = 3 + (last.first + max(1, len(last.features)) if last else 0)
    if start is None or stop is None or not dash or len(cells) < wanted:
        problems.report(path, number, brief(line), f"{wanted} cells: {_ROW}", "export the text again")
        return
    token = unescaped(cells[2])
    if found.sentence:
        _close(found, (start, token))
    found.rows.append(_Row(number, start, stop, token, cells[3:wanted]))


def _close(found: _File, first: tuple[int, str] | None) -> None:
    """Put a sentence into the text, at the place that its first token says."""
    sentence = "\n".join(map(unescaped, found.sentence))
    found.sentence.clear()
    if first is None:
        found.text += sentence
        return
    start, token = first
    missing = start - max(0, sentence.find(token)) - len(found.text.encode("utf-16-le", "surrogatepass")) // 2
    if 0 < missing <= 1_000_000:
        found.filled += missing
        found.text += "\n" + " " * (missing - 1)
    found.text += sentence


def _spans(
    found: _File, path: Path, layer: str | None, feature: str | None, left_out: Counter[str]
) -> Iterator[RawSpan]:
    chosen = _chosen(found.layers, path, layer)
    which = _feature(chosen, path, feature)
    for other in found.layers:
        kind = {"RL": "relations", "CH": "chains"}.get(other.kind, "annotations")
        if other is not chosen and (number := len(_gathered(found.rows, other.first))):
            left_out[f"{kind} of the layer {brief(other.name.rpartition('.')[2])}"] += number
    for value, rows in _gathered(found.rows, chosen.first + (which or 0)):
        name = chosen.name.rpartition(".")[2] if which is None else value
        if not name:
            left_out["annotations without a value"] += 1
            continue
        mention = "".join(
            ("" if n == 0 or row.start <= rows[n - 1].end else " ") + row.token for n, row in enumerate(rows)
        )
        yield RawSpan(min(r.start for r in rows), max(r.end for r in rows), name, mention, rows[0].line)


def _gathered(rows: Sequence[_Row], cell: int) -> list[tuple[str, list[_Row]]]:
    """The annotations of a column: the value of each (empty where it has none), and the rows of its tokens."""
    found: dict[object, tuple[str, list[_Row]]] = {}
    for row in rows:
        for number, part in enumerate(_PARTS.findall(row.cells[cell]) if row.cells[cell] != "_" else ()):
            match = _VALUE.fullmatch(part)
            value, mark = (match[1], match[2]) if match else (part, None)
            key = ("mark", mark) if mark else (row.line, number)
            value = "" if value == "*" else unescaped(value)
            found.setdefault(key, (value, []))[1].append(row)
    return list(found.values())


def _chosen(layers: Sequence[_Layer], path: Path, name: str | None) -> _Layer:
    spans = [layer for layer in layers if layer.kind == "SP"]
    there = ", ".join(brief(layer.name) for layer in spans[:12]) or "none"
    if name is not None:
        named = [layer for layer in spans if name in (layer.name, layer.name.rpartition(".")[2])]
    else:
        named = [layer for layer in spans if layer.name == NAMED_ENTITY]
        named = named or [layer for layer in spans if not layer.name.startswith(_LINGUISTIC)]
    if len(named) != 1:
        expected = f"the layer {name!r}" if name is not None else "one of entities"
        raise DataError(f"{path}: found the layers {there}; expected {expected}; name it with --reading layer=NAME.")
    return named[0]


def _feature(layer: _Layer, path: Path, name: str | None) -> int | None:
    """Which of the layer's features holds the type; None where it has none, so that its name is the type."""
    wanted = name if name is not None else "value"
    if wanted in layer.features:
        return layer.features.index(wanted)
    if name is None and len(layer.features) < 2:
        return 0 if layer.features else None
    there = ", ".join(map(brief, layer.features[:12])) or "none"
    expected = f"the feature {name!r}" if name is not None else "one that holds the type"
    found = f"found the features {there} of {brief(layer.name)}"
    raise DataError(f"{path}: {found}; expected {expected}; name it with --reading feature=NAME.")


def unescaped(text: str) -> str:
    """A cell or a sentence without its escapes."""
    return _ESCAPED.sub(lambda match: _SIGNS.get(match[1], match[1]), text)
