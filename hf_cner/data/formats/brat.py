"""brat: a folder of texts (`NAME.txt`) with their annotations beside them (`NAME.ann`), one a line.

    T1	Symptom 2 4	头痛
    T2	Symptom 2 4;9 11	头痛 发作

Offsets count code points; if brat turned CRLF into LF, a line end is one character, which the mentions show. An entity
in several pieces is read as one if only blanks or line ends are between them (brat writes an entity across a line end
so). Other such entities are left out, counted and named, and so are events, relations, attributes, notes and
normalisations.

brat's names of types are Latin letters, digits, `-` and `_`. So other types are written as `Type1`, …, with an
`annotation.conf` of all types and a `visual.conf` whose labels hold the real names; these are read again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count, pairwise
from os import PathLike
from pathlib import Path, PurePosixPath

from ..documents import Document, Gold, Span, check_characters
from ..endings import BRAT
from ..files import read_lines, read_text
from ..folders import new_folder
from ..numbers import whole_number
from ..problems import Problems
from ..reading.exports import checked, say_what_is_not_read, without_duplicates
from ..reading.locate import stem
from ..reading.names import without_gz
from ..reading.standoff import RawDocument, RawSpan
from ..shown import brief
from .written import Written, file_name

NAME = "brat"
DESCRIPTION = "brat's folders of .txt and .ann; types with other than Latin names stand in visual.conf."
LAYOUT = "<name>.txt and <name>.ann, an annotation per line (T1, its type and offsets, its mention, parted by TABs)"
EXAMPLE = {
    "note-1.txt": "患者头痛，查胸部CT。\n",
    "note-1.ann": "T1\tSymptom 2 4\t头痛\nT2\tBody 6 8\t胸部\nA1\tNegated T1\n",
    "visual.conf": "[labels]\nSymptom | 症状\n",
}
ENDINGS = (BRAT,)
PATTERNS = ("*.ann",)
FOLDER = True

_UNITS = ("", "crlf", "utf-16")
_OURS = "# Types whose names brat cannot hold, written by hf_cner; they are read from here."
_ENTITY = re.compile(r"(\S+) ([0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*)")
_LINES = re.compile(r"(?<=[^\r\n])[\r\n]+(?=[^\r\n])")  # line ends inside an entity
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_EXPECTED = "T and a number, TAB, type and offsets (Symptom 2 4), TAB, the mention"
_BESIDE = {"R": "relations", "E": "events", "A": "attributes", "M": "attributes", "N": "normalisations", "#": "notes"}


def read(
    path: str | PathLike[str],
    *,
    problems: Problems | None = None,
    count: str | None = None,
    gold: Gold = "required",
) -> Iterator[Document]:
    """The document of a file of annotations and of the text beside it.

    Args:
        path: `NAME.ann` or `NAME.txt`.
        count: what the offsets count, a key of `UNIT_NAMES`; by default the mentions say it.
        gold: as `from_row`.
    """
    problems, place = problems or Problems(), Path(path)
    packed = place.name[len(without_gz(place.name)) :]
    base = without_gz(place.name).rpartition(".")[0] or place.name
    text_file, notes_file = (place.with_name(f"{base}.{ending}{packed}") for ending in ("txt", "ann"))
    if not text_file.exists():
        problems.report(place, None, "annotations without their text", f"{text_file.name} beside them", "put it there")
        return
    before = problems.count
    text = read_text(text_file, problems)
    if problems.count > before:
        return
    left_out = Counter[str]()
    spans: list[RawSpan] = []
    if gold != "ignored" and (notes_file.exists() or gold == "required"):
        spans = list(_entities(notes_file, text, _labels(place.parent, problems), left_out, problems))
    say_what_is_not_read(notes_file, left_out, problems)
    kept = without_duplicates(spans, left_out)
    raw = RawDocument(text, kept, stem(text_file), notes_file, text_path=text_file)
    yield from checked([raw], units=_UNITS, problems=problems, count=count)


def write(documents: Iterable[Document], path: str | PathLike[str]) -> Written:
    """Write a new folder: two files for each document, named by its id or, if that is no file name, by its number."""
    written = Written()
    names: dict[str, str] = {}
    taken: set[str] = set()
    with new_folder(path, writes=_written_here) as folder:
        for number, document in enumerate(documents, 1):
            check_characters(document)
            name = file_name(document, number, taken)
            (folder / f"{name}.txt").write_text(_marked(document.text), encoding="utf-8", newline="")
            lines = [_line(n, span, document, names) for n, span in enumerate(document.spans, 1)]
            (folder / f"{name}.ann").write_text("".join(lines), encoding="utf-8", newline="")
            written.documents += 1
            written.entities += len(document.spans)
            written.note("ids that are no file names, and are not written", name != document.id)
            written.note("records that are not written", document.record not in ("", document.id))
            written.note("scores that are not written", sum(span.score is not None for span in document.spans))
        _write_configuration(folder, names)
    return written


def _written_here(name: PurePosixPath) -> bool:
    return name.suffix in (".txt", BRAT) or str(name) in ("annotation.conf", "visual.conf")


def _marked(text: str) -> str:
    """A text that begins with U+FEFF would lose it in reading, so a byte order mark is put before it."""
    return f"\ufeff{text}" if text.startswith("\ufeff") else text


def _line(number: int, span: Span, document: Document, names: dict[str, str]) -> str:
    """An entity; across a line end in pieces, as in brat."""
    inside = [(m.start() + span.start, m.end() + span.start) for m in _LINES.finditer(document.mention(span))]
    bounds = [span.start, *(place for end in inside for place in end), span.end]
    pieces = list(zip(bounds[::2], bounds[1::2], strict=True))
    places = ";".join(f"{start} {end}" for start, end in pieces)
    shown = re.sub(r"[\r\n]", " ", " ".join(document.text[start:end] for start, end in pieces))
    if span.type not in names:
        used = set(names.values())
        fits = _NAME.fullmatch(span.type) and span.type not in used
        names[span.type] = span.type if fits else next(n for i in count(1) if (n := f"Type{i}") not in used)
    return f"T{number}\t{names[span.type]} {places}\t{shown}\n"


def _write_configuration(folder: Path, names: dict[str, str]) -> None:
    listed = "".join(f"{name}\n" for name in names.values())
    configuration = f"[entities]\n{listed}\n[relations]\n\n[events]\n\n[attributes]\n"
    (folder / "annotation.conf").write_text(configuration, encoding="utf-8", newline="")
    labels = "".join(f"{name} | {kind}\n" for kind, name in names.items() if name != kind)
    if labels:
        (folder / "visual.conf").write_text(f"{_OURS}\n[labels]\n{labels}\n[drawing]\n", encoding="utf-8", newline="")


def _labels(folder: Path, problems: Problems) -> dict[str, str]:
    """Name of a type → its label in `visual.conf`, if we wrote the file or the label is not Latin."""
    path, found, inside = folder / "visual.conf", dict[str, str](), False
    if not path.is_file():
        return found
    ours = False
    problems.opened.add(str(path))
    for _, line in read_lines(path, Problems("skip")):
        ours = ours or line == _OURS
        name, bar, label = line.partition("|")
        if not inside or not bar:
            inside = line.strip() == "[labels]" or (inside and not line.startswith("["))
        elif ours:
            found[name.strip()] = label.strip()
        elif not (first := label.partition("|")[0].strip()).isascii():
            found[name.strip()] = first
    return found


def _entities(
    path: Path, text: str, labels: dict[str, str], left_out: Counter[str], problems: Problems
) -> Iterator[RawSpan]:
    for number, line in read_lines(path, problems):
        cells = line.split("\t", 2)
        if not line.strip():
            continue
        if line[0] in _BESIDE or line.startswith("*"):
            kind = cells[1].split(" ")[0] if len(cells) > 1 else ""
            left_out[f"{_BESIDE.get(line[0], 'equivalences')} ({brief(kind)})"] += 1
            continue
        match = _ENTITY.fullmatch(cells[1]) if len(cells) == 3 and line.startswith("T") else None
        pieces = [tuple(map(whole_number, piece.split(" "))) for piece in match[2].split(";")] if match else []
        if match is None or any(place is None for piece in pieces for place in piece):
            problems.report(path, number, brief(line), _EXPECTED, "correct or remove the line")
            continue
        start, end = min(piece[0] or 0 for piece in pieces), max(piece[1] or 0 for piece in pieces)
        if len(pieces) > 1 and not _are_one(pieces, text):
            left_out[f"entities in several pieces, as {cells[0]} of line {number} ({brief(cells[2])})"] += 1
            continue
        yield RawSpan(start, end, labels.get(match[1], match[1]), cells[2], number)


def _are_one(pieces: list[tuple[int | None, ...]], text: str) -> bool:
    """Whether only blanks and line ends are between the pieces, as brat or Windows counts them."""
    gaps = [(one[1] or 0, other[0] or 0) for one, other in pairwise(pieces)]
    counted = (text, text.replace("\r\n", "\n"))
    return any(all(start <= end and not form[start:end].strip() for start, end in gaps) for form in counted)
