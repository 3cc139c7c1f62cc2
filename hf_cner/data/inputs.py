"""The inputs of prediction: text files, folders of them, JSON lines, standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import IO

from .bounded import LONGEST_LINE, BoundedReader
from .corpora import read_corpus
from .documents import Document, documents_of_lines
from .endings import TABLES
from .files import decode, decoded, missing, printable, raw_lines
from .problems import DataError, Problems
from .reading.kinds import Kind, foreign_content, kind_of, refused
from .reading.names import suffix_of
from .registry import Options, formats
from .texts import documents_of, files_of

FORMATS = ("auto", "text", "lines", "jsonl")  # and the formats of the registry
STDIN = "standard input"
_ADVICE = "say what it is with --input-format text, lines, jsonl or a format"


def read_inputs(
    source: str, *, form: str = "auto", problems: Problems | None = None, options: Options | None = None
) -> tuple[Iterable[Document], int | None]:
    """The documents of an input, read lazily, and their number if it is known.

    JSON lines, lines and standard input may be larger than the memory. Only the texts are read; entities in JSON lines
    are ignored.

    Args:
        source: a file, a folder (its text files, by name), or `-` for standard input.
        form: `text` (a file is one document), `lines` (a line is one), `jsonl`, or a format of the registry. `auto`
            judges a file by its name and content (a table by its ending) and refuses other files; standard input that
            begins with `{` or `[` is JSON lines, other standard input is one document.
        problems: what to do with lines that cannot be read; its notes say which files of a folder were left out.
        options: of a format of the registry.

    Raises:
        DataError: no such input, one of another kind, a folder without texts, or an error that `problems` raises.
    """
    if form not in FORMATS and form not in formats():
        known = ", ".join(dict.fromkeys((*FORMATS, *formats())))
        raise ValueError(f"The input format is {form!r}; choose one of {known}.")
    problems = problems or Problems()
    if form == "auto" and suffix_of(Path(source).name) in TABLES:
        form = "table"
    if form not in FORMATS:
        if source == "-":
            raise DataError(f"Standard input cannot be read as {form}; write it to a file, and name that.")
        found = read_corpus(form, source, problems=problems, options=options, gold="ignored")
        return found, len(found)
    if given := [name for name, value in (options or {}).items() if value is not None]:
        raise DataError(f"{source}: found no table or export, which alone are read with {given[0]!r}; leave it out.")
    if source == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise DataError("Standard input is closed; expected a text or JSON lines; pipe them in, or name a file.")
        return _standard_input(sys.stdin.buffer, form, problems), None
    path = Path(source)
    if not path.exists():
        raise DataError(missing(path, "file or folder"))
    if path.is_dir():
        if form == "jsonl":
            raise DataError(f"{path}: found a folder, expected one file of JSON lines; name the file.")
        files = [file for file, _ in files_of(path, problems, kinds=("text",))]
        names = [printable(file.relative_to(path).as_posix()) for file in files]
        read = (_file(file, "text", name, form, problems) for file, name in zip(files, names, strict=True))
        return chain.from_iterable(read), None if form == "lines" else len(files)
    kind: Kind = "jsonl" if form == "jsonl" else "text" if form != "auto" else kind_of(path, advice=_ADVICE)
    documents = _file(path, kind, printable(path.name), form, problems)
    first = list(islice(documents, 1))  # most faults of a file are found before anything is computed
    return chain(first, documents), len(first) if kind == "text" and form != "lines" else None


def _file(path: Path, kind: Kind, name: str, form: str, problems: Problems) -> Iterator[Document]:
    """The documents of a file; with `lines` the empty ones too, so that results can be joined by line."""
    for document in documents_of(path, kind, name, by_line=form == "lines", problems=problems):
        own = document.record if kind == "jsonl" else name if form == "lines" else ""
        yield replace(document, record=own)


def _standard_input(stream: IO[bytes], form: str, problems: Problems) -> Iterator[Document]:
    """Its documents; packed data are unpacked, and lines are bounded as in files."""
    lines = raw_lines(BoundedReader(stream, STDIN), STDIN, problems)
    advice = "correct or remove the line"
    if form == "auto":
        begin = _through_first_words(lines)
        lines = chain(begin, lines)
        if begin and begin[-1][1].lstrip()[:1] in (b"{", b"["):
            form, advice = "jsonl", f"{advice}, or say --input-format text if this is prose"
    if form == "jsonl":
        read = decoded(lines, STDIN, problems)
        yield from documents_of_lines(read, STDIN, problems, gold="ignored", advice=advice)
    elif form == "lines":
        for number, line in decoded(lines, STDIN, problems):
            yield Document(line, id=f"stdin:{number}", record="stdin")
    else:
        reported = problems.count
        data = _whole(lines)
        if form == "auto" and (found := foreign_content(data[:65_536], "text")):
            raise refused(STDIN, found, _ADVICE)
        text = decode(data, STDIN, problems)
        if text is not None and problems.count == reported:
            yield Document(text, id="stdin")


def _through_first_words(lines: Iterable[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The blank lines at the beginning, and the first other line."""
    begin: list[tuple[int, bytes]] = []
    for number, raw in lines:
        begin.append((number, raw))
        if raw.strip():
            break
    return begin


def _whole(lines: Iterable[tuple[int, bytes]]) -> bytes:
    """One document; DataError if it is larger than `LONGEST_LINE`."""
    parts: list[bytes] = []
    size = 0
    for _, line in lines:
        parts.append(line)
        size += len(line)
        if size > LONGEST_LINE:
            raise DataError(
                f"{STDIN}: found more than {LONGEST_LINE:,} bytes; expected at most that many in one document; split "
                "it, or send JSON lines, or say --lines where each line is a document."
            )
    return b"".join(parts)
