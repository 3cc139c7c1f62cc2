"""What `hf-cner predict` reads: text files, folders of them, JSON lines, standard input."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from ..data.documents import Document, from_row, read_jsonl
from ..data.files import missing, printable, read_lines, read_text
from ..data.problems import DataError, Problems
from ..data.reading.locate import walk

FORMATS = ("auto", "text", "lines", "jsonl")
TEXT_SUFFIXES = (".txt", ".txt.gz")
JSONL_SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson")


def read_inputs(
    source: str, *, form: str = "auto", problems: Problems | None = None
) -> tuple[Iterable[Document], int | None]:
    """The documents of an input, and their number where it is known beforehand.

    Args:
        source: a file, a folder (its `.txt` files, by name), or `-` for standard input.
        form: `text` (a file is one document), `lines` (a line is one), `jsonl`; `auto` goes by the file's name, and
            takes standard input as JSON lines when its first line is a JSON object with a text, else as one document.
        problems: what to do with lines that cannot be read.

    Raises:
        DataError: no such input, a folder without texts, or what `problems` raises.
    """
    if form not in FORMATS:
        raise ValueError(f"The input format is {form!r}; choose one of {', '.join(FORMATS)}.")
    problems = problems or Problems()
    if source == "-":
        return _standard_input(sys.stdin.buffer, form, problems), None
    path = Path(source)
    if not path.exists():
        raise DataError(missing(path, "file or folder"))
    if path.is_dir():
        files = sorted(file for file in walk(path) if file.name.lower().endswith(TEXT_SUFFIXES))
        if not files:
            raise DataError(
                f"{path}: found no text file, expected files that end in .txt; name the folder that holds them."
            )
        if form == "jsonl":
            raise DataError(f"{path}: found a folder, expected one file of JSON lines; name the file.")
        names = [printable(file.relative_to(path).as_posix()) for file in files]
        if form == "lines":
            return chain.from_iterable(map(_lines_of, files, names, [problems] * len(files))), None
        return chain.from_iterable(map(_whole, files, names, [problems] * len(files))), len(files)
    if form == "jsonl" or (form == "auto" and path.name.lower().endswith(JSONL_SUFFIXES)):
        documents = list(read_jsonl(path, problems=problems))
    elif form == "lines":
        documents = list(_lines_of(path, printable(path.name), problems))
    else:
        documents = list(_whole(path, printable(path.name), problems))
    return documents, len(documents)


def _whole(path: Path, name: str, problems: Problems) -> Iterator[Document]:
    """The file as one document; none where it cannot be read, for an empty note would be one without findings."""
    reported = len(problems.items)
    text = read_text(path, problems)
    if len(problems.items) == reported:
        yield Document(text, id=name)


def _lines_of(path: Path, name: str, problems: Problems) -> Iterator[Document]:
    """One document for each line, the empty ones too, so that results can be joined by line."""
    for number, line in read_lines(path, problems):
        yield Document(line, id=f"{name}:{number}", record=name)


def _standard_input(stream: BinaryIO, form: str, problems: Problems) -> Iterator[Document]:
    if form in ("auto", "text"):
        first = stream.readline()
        if form == "text" or not _is_row(first):
            text = _decode(first + stream.read(), 1, problems)
            if text is not None:
                yield Document(text.removeprefix("\ufeff"), id="stdin")
            return
        yield from _rows(chain([first], stream), problems)
    elif form == "jsonl":
        yield from _rows(stream, problems)
    else:
        for number, raw in enumerate(stream, 1):
            raw = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
            line = _decode(raw.removesuffix(b"\n").removesuffix(b"\r"), number, problems)
            if line is not None:
                yield Document(line, id=f"stdin:{number}", record="stdin")


def _is_row(line: bytes) -> bool:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and isinstance(row.get("text"), str)


def _rows(lines: Iterable[bytes], problems: Problems) -> Iterator[Document]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            document = from_row(json.loads(line.decode("utf-8-sig")))
        except (ValueError, RecursionError) as error:
            problems.report("standard input", number, str(error), "one JSON object with a text", "correct the line")
        else:
            yield document


def _decode(raw: bytes, line: int, problems: Problems) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        problems.report(
            "standard input", line, f"bytes that are not UTF-8 ({error.reason})", "UTF-8 text", "convert it"
        )
        return None
