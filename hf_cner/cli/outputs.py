"""What `hf-cner predict` writes: JSON lines, CSV, marked text or HTML; whole or not at all, JSON lines resumable."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rich.console import Console

from ..data.documents import Document, to_row
from ..data.files import atomic_write
from ..data.problems import DataError
from ..inference.marked import marked_html, print_marked

FORMATS = ("jsonl", "csv", "text", "html")
_BY_SUFFIX = {".csv": "csv", ".txt": "text", ".html": "html", ".htm": "html"}

Predict = Callable[[Iterable[Document]], Iterator[Document]]


def output_format(form: str | None, path: Path | None) -> str:
    """The format asked for; else by the file's name; else JSON lines, or marked text on a terminal.

    Raises:
        ValueError: no such format.
    """
    if form is not None and form not in FORMATS:
        raise ValueError(f"The output format is {form!r}; choose one of {', '.join(FORMATS)}.")
    if form is None and path is None:
        return "text" if sys.stdout.isatty() else "jsonl"
    return form or _BY_SUFFIX.get(path.suffix.lower() if path else "", "jsonl")


def write_predictions(
    predict: Predict, documents: Iterable[Document], path: Path | None, form: str, *, resume: bool = False
) -> int:
    """Predict and write; returns the number of documents written.

    A file takes its name only when it is whole. JSON lines are collected in `<name>.partial` beside it, from which
    `resume` goes on after a run was cut off; the documents that stand there already are not predicted again.

    Raises:
        DataError: the partial file holds other texts than the input.
        ValueError: resuming another format than JSON lines.
    """
    if resume and (form != "jsonl" or path is None):
        raise ValueError("--resume goes on with an --output file of JSON lines; other formats are written anew.")
    if path is None:
        return _write(predict(documents), sys.stdout, form)
    if form != "jsonl":
        with atomic_write(path) as stream:
            return _write(predict(documents), stream, form)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    remaining = iter(documents)
    done = _skip_done(partial, remaining) if resume and partial.exists() else 0
    with _appending(partial, anew=not done) as stream:
        done += _write(predict(remaining), stream, form)
    os.replace(partial, path)
    return done


def _skip_done(partial: Path, documents: Iterator[Document]) -> int:
    """Pass over the documents that stand in the partial file; a last line that was cut off is removed from it."""
    content = partial.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with partial.open("r+b") as stream:
            stream.truncate(len(whole))
    rows = whole.decode("utf-8").split("\n")[:-1]
    for number, row in enumerate(rows, 1):
        document = next(documents, None)
        if document is None or json.loads(row)["text"] != document.text:
            raise DataError(
                f"{partial}:{number}: found another text than in the input, expected what was predicted from the same "
                "input; remove the file, or leave out --resume."
            )
    return len(rows)


@contextmanager
def _appending(partial: Path, *, anew: bool) -> Iterator[IO[str]]:
    with partial.open("w" if anew else "a", encoding="utf-8", newline="", buffering=1) as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _write(documents: Iterator[Document], stream: IO[str], form: str) -> int:
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
        _write_csv(counted(), stream)
    elif form == "html":
        stream.write(marked_html(counted(), page=True))
    else:
        print_marked(counted(), console=Console(file=stream, highlight=False))
    return number


def _write_csv(documents: Iterable[Document], stream: IO[str]) -> None:
    """One row for each entity; a document without any has none."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["document", "record", "start", "end", "type", "text", "score"])
    for number, document in enumerate(documents, 1):
        name = document.id or str(number)
        for span in document.spans:
            score = "" if span.score is None else repr(span.score)
            writer.writerow([name, document.record, span.start, span.end, span.type, document.mention(span), score])
