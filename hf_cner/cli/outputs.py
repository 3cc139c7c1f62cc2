"""What `hf-cner predict` writes: JSON lines, CSV, marked text or HTML; whole or not at all, JSON lines resumable."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rich.console import Console

from ..data.documents import Document, to_row
from ..data.problems import DataError
from ..data.reading.locate import without_gz
from ..data.writing import atomic_write
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
    suffix = Path(without_gz(path.name)).suffix.lower() if path else ""
    return form or _BY_SUFFIX.get(suffix, "jsonl")


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

    A file takes its name only when it is whole; one that ends in `.gz` is packed, a device or pipe is written directly.
    JSON lines are collected in `<name>.partial` beside the file, from which `resume` goes on after a run was cut off;
    the documents that stand there already are not predicted again.

    Args:
        about: what the predictions depend on beside the texts; a run goes on with that alone.
        types: all that there are, so that each has one colour.

    Raises:
        DataError: a folder in place of a file; a partial file that holds other texts than the input, or depends on
            something else.
        ValueError: resuming another format than JSON lines.
    """
    path = None if path is None else Path(os.path.realpath(path))  # behind a link the file is replaced, not the link
    in_parts = form == "jsonl" and path is not None and path.suffix != ".gz" and (path.is_file() or not path.exists())
    if resume and not in_parts:
        raise ValueError("--resume goes on with an --output file of JSON lines; others are written anew.")
    if path is None:
        return _write(predict(documents), _standard_output(form), form, types)
    if not in_parts:
        with atomic_write(path) as stream:
            return _write(predict(documents), stream, form, types)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, depends = path.with_name(f"{path.name}.partial"), path.with_name(f"{path.name}.partial.json")
    remaining = iter(documents)
    known = json.loads(json.dumps(dict(about or {}), default=str))
    done = _skip_done(partial, remaining, known, depends) if resume and partial.exists() else 0
    with atomic_write(depends) as stream:
        json.dump(known, stream, ensure_ascii=False)
    with _appending(partial, anew=not done) as stream:
        done += _write(predict(remaining), stream, form)
    os.replace(partial, path)
    depends.unlink()
    return done


def _standard_output(form: str) -> IO[str]:
    """In UTF-8, as every reader here expects it, whatever the terminal's encoding; marked text is for the terminal."""
    if form != "text" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="strict", newline="")
    return sys.stdout


def _skip_done(partial: Path, documents: Iterator[Document], about: Any, depends: Path) -> int:
    """Pass over the documents that stand in the partial file; a last line that was cut off is removed from it."""
    before = json.loads(depends.read_text(encoding="utf-8")) if depends.is_file() else {}
    if changed := sorted(key for key in {*before, *about} if before.get(key) != about.get(key)):
        raise DataError(
            f"{partial}: found what was predicted with other settings ({', '.join(changed)}), expected one run's; "
            "restore them, or leave out --resume."
        )
    count = length = 0
    with partial.open("r+b") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break
            document, row = next(documents, None), json.loads(line)
            if document is None or (row["text"], row.get("id", "")) != (document.text, document.id):
                raise DataError(
                    f"{partial}:{number}: found another text than in the input, expected what was predicted from the "
                    "same input; remove the file, or leave out --resume."
                )
            count, length = number, length + len(line)
        stream.truncate(length)
    return count


@contextmanager
def _appending(partial: Path, *, anew: bool) -> Iterator[IO[str]]:
    with partial.open("w" if anew else "a", encoding="utf-8", newline="", buffering=1) as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _write(documents: Iterator[Document], stream: IO[str], form: str, types: Sequence[str] = ()) -> int:
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
        print_marked(counted(), console=Console(file=stream, highlight=False), types=types)
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
