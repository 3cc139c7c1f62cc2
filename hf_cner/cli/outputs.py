"""The outputs of `hf-cner predict`: JSON lines (resumable), CSV, marked text, HTML, or a format; written whole."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import IO, Any

from rich.console import Console

from ..data.documents import Document, to_row
from ..data.endings import DELIMITED, JSON, JSON_LINES, PAGES, TABLES
from ..data.folders import refuse_inputs
from ..data.formats.table import COLUMNS_OF_ROWS, entity_rows
from ..data.problems import DataError
from ..data.queries import read_queries
from ..data.reading.names import is_packed, suffix_of, without_gz
from ..data.registry import Entry, Options, by_ending, entry, formats, key
from ..data.streams import is_stream
from ..data.table_writing import write_delimited
from ..data.writing import OF_ROWS, atomic_write, check_ending, check_output
from ..inference.marked import print_marked
from ..viewer.page import rows_of, write_page
from .console import messages
from .partial import partial_file

OWN_FORMATS = ("jsonl", "csv", "text", "html")  # besides the formats of the registry
_BY_SUFFIX = {
    **dict.fromkeys((*JSON_LINES, JSON), "jsonl"),
    **dict.fromkeys(DELIMITED, "csv"),
    ".txt": "text",
    **dict.fromkeys(PAGES, "html"),
}

Predict = Callable[[Iterable[Document]], Iterator[Document]]


def output_format(form: str | None, path: Path | None) -> str:
    """The chosen format; else by the file's name; else JSON lines, or marked text on a terminal.

    Raises:
        ValueError: no such format; a name that promises another form.
    """
    known = (*OWN_FORMATS, *(name for name in formats() if entry(name).writes and name not in OWN_FORMATS))
    form = form and key(form)
    if form is not None and form not in known:
        raise ValueError(f"The output format is {form!r}; choose one of {', '.join(known)}.")
    if form is None and path is None:
        return "text" if sys.stdout.isatty() else "jsonl"
    if form is not None and form not in OWN_FORMATS:
        check_format_output(entry(form), path)
        return form
    suffix = Path(without_gz(path.name)).suffix.lower() if path else ""
    if path is not None and form in (None, "csv") and suffix in TABLES and not is_stream(path) and not_packed(path):
        check_format_output(entry("table"), path)
        return "table"
    found = by_ending(suffix) if form is None and suffix not in (*_BY_SUFFIX, *TABLES) else None
    if found is not None and found.writes and not found.folder:
        check_format_output(found, path)
        return found.name
    if path is not None and not is_stream(path):
        other = f" (a table: {', '.join(TABLES)}), or a --format ({', '.join(known)})"
        check_ending(path, () if form else _BY_SUFFIX, more="" if form else other)
    return form or _BY_SUFFIX.get(suffix, "jsonl")


def not_packed(path: Path) -> bool:
    """Whether a table can have this name: only CSV and TSV are packed with gzip."""
    return not is_packed(path.name) or suffix_of(path.name) in DELIMITED


def check_format_output(found: Entry, path: Path | None, inputs: Iterable[str | PathLike[str] | None] = ()) -> None:
    """Check that a format may be written to a place, before anything is read or computed.

    Raises:
        DataError: standard output, a place of another form, or an error of `check_output` or `refuse_inputs`.
    """
    if path is None:
        raise DataError(f"{found.name} is written to a {'folder' if found.folder else 'file'}: name it with --output.")
    if found.folder:
        if path.exists():
            raise DataError(f"{path}: found a file or folder; expected the name of a new folder; choose another.")
        refuse_inputs(path, inputs)
        return
    check_output(path, inputs=inputs, endings=found.written_as, never=() if found.written_as else OF_ROWS)


def format_options(form: str, told: Options, queries: Path | None, *, resume: bool = False) -> dict[str, object]:
    """The options of a format of the registry, checked; with the questions of the model.

    Raises:
        DataError: options that the format does not take, or a missing option.
    """
    if form in OWN_FORMATS and told:
        raise DataError(f"{form} is written without {', '.join(told)}; leave out --writing.")
    if form in OWN_FORMATS:
        return {}
    if resume:
        raise DataError("--resume continues an --output file of JSON lines; other formats are written again.")
    found = entry(form)
    if "queries" in found.writing_options:
        if queries is None:
            raise DataError(f"{form} is written with the questions that were asked; name them with --queries FILE.")
        told = {**told, "queries": read_queries(queries)}
    return found.writing(told)


def endings_of(form: str) -> tuple[str, ...]:
    """The only endings that a file of a format may have; empty if any ending of a text is allowed."""
    return () if form in OWN_FORMATS else entry(form).written_as


def write_format(documents: Iterable[Document], path: Path, form: str, options: Options) -> int:
    """Write a format of the registry, and report what it cannot hold; returns the number of documents.

    Args:
        options: options that the format does not take are ignored.
    """
    found = entry(form)
    taken = {name: value for name, value in options.items() if name in found.writing_options}
    written = found.write(documents, path, options=found.writing(taken))
    if written.lost or written.notes or written.beside:
        messages().print(f"{path}: {written.summary()}", markup=False, soft_wrap=True)
    return written.documents


def write_predictions(
    predict: Predict,
    documents: Iterable[Document],
    path: Path | None,
    form: str,
    *,
    resume: bool = False,
    about: Mapping[str, Any] | None = None,
    types: Sequence[str] = (),
) -> int:
    """Predict and write; returns the number of documents written.

    A file takes its name only when it is whole; a name that ends in `.gz` means a packed file; a stream, a pipe or a
    device is written to directly. JSON lines are collected in `<name>.partial` beside the file, from which `resume`
    continues an interrupted run; documents in it are not predicted again.

    Args:
        about: what the predictions depend on besides the texts; a run is resumed only with the same.
        types: all types, so that each has one colour.

    Raises:
        DataError: a folder in place of a file; a partial file without `resume`; a partial file that is damaged, holds
            other texts than the input, or depends on something else.
        Held: another run writes the file.
        ValueError: resuming another format than JSON lines.
    """
    in_parts = form == "jsonl" and path is not None and not is_packed(path.name) and not is_stream(path)
    if resume and not in_parts:
        raise ValueError("--resume continues an --output file of JSON lines; other formats are written again.")
    if path is None:
        return _write(predict(documents), _standard_output(form), form, types)
    if not in_parts:
        with atomic_write(path) as stream:
            return _write(predict(documents), stream, form, types, title=path.name)
    with partial_file(path, documents, about=about or {}, resume=resume) as (stream, remaining, done):
        return done + _write(predict(remaining), stream, form)


def _standard_output(form: str) -> IO[str]:
    """Standard output, in UTF-8 under any encoding of the terminal; marked text is for the terminal."""
    if form != "text" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="strict", newline="")
    return sys.stdout


def _write(
    documents: Iterator[Document], stream: IO[str], form: str, types: Sequence[str] = (), *, title: str = "hf_cner"
) -> int:
    number = 0

    def counted() -> Iterator[Document]:
        nonlocal number
        for document in documents:
            number += 1
            yield document

    if form == "jsonl":
        for document in counted():
            stream.write(json.dumps(to_row(document), ensure_ascii=False) + "\n")
    elif form == "csv":
        write_delimited(stream, COLUMNS_OF_ROWS, entity_rows(counted()), bom=False)
    elif form == "html":
        write_page(stream, rows_of(counted()), title=title, types=types)
    else:
        print_marked(counted(), console=Console(file=stream, highlight=False), types=types)
    return number
