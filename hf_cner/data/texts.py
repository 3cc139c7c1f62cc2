"""Texts without annotation, or with it, from whatever holds them: what pretraining reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

from .corpora import read_corpus
from .documents import Document, read_jsonl
from .files import missing, printable, read_lines, read_text
from .problems import DataError, Problems
from .reading.locate import walk

UNITS = ("auto", "line", "file")
_TEXT = (".txt", ".txt.gz")
_JSON_LINES = (".jsonl", ".jsonl.gz", ".ndjson")


def read_texts(
    files: Sequence[str | PathLike[str]] = (),
    *,
    corpus: str | None = None,
    data_dir: str | PathLike[str] | None = None,
    unit: str = "auto",
    problems: Problems | None = None,
) -> list[Document]:
    """Documents of files and of a corpus, those that hold nothing but blanks left out.

    Args:
        files: text files, JSON lines with a `text` each (other keys do no harm), and folders of such files.
        corpus: name of a corpus, whose training part is read as well, with its gold.
        data_dir: where the corpus lies.
        unit: what one document is in a text file: a `line`, or the whole `file`; `auto` takes the lines of a file that
            is named, and the whole of each file in a folder.
        problems: what to do with faults.

    Documents are named after their files: in a folder by the path there, so that files of one name are told apart.

    Raises:
        DataError: a file that is not there or of another kind, or no text at all.
    """
    if unit not in UNITS:
        raise ValueError(f"The unit of a text file is {unit!r}; choose one of {', '.join(UNITS)}.")
    problems = problems or Problems()
    documents: list[Document] = []
    paths = [Path(name).expanduser() for name in files]
    named = Counter(path.name for path in paths)
    for path in paths:
        inside = sorted(file for file in walk(path) if _known(file)) if path.is_dir() else None
        if inside is None:
            name = path.name if named[path.name] == 1 else path.as_posix()
            documents += _read(path, name, by_line=unit != "file", problems=problems)
        elif inside:
            for file in inside:
                name = file.relative_to(path if len(paths) == 1 else path.parent).as_posix()
                documents += _read(file, name, by_line=unit == "line", problems=problems)
        else:
            raise DataError(f"{path}: found no file that ends in .txt or .jsonl; name the folder that holds the texts.")
    if corpus is not None:
        documents += read_corpus(corpus, data_dir, problems=problems)
    documents = [document for document in documents if document.text.strip()]
    if not documents:
        found = "found no text that is not blank in them" if files or corpus else "no file and no corpus was named"
        raise DataError(f"There is nothing to read: {found}; name text files, JSON lines or a corpus.")
    return documents


def _known(path: Path) -> bool:
    return path.name.lower().endswith((*_TEXT, *_JSON_LINES))


def _read(path: Path, name: str, *, by_line: bool, problems: Problems) -> Iterator[Document]:
    name = printable(name)
    if not path.exists():
        raise DataError(missing(path, "file"))
    if path.name.lower().endswith(_JSON_LINES):
        yield from read_jsonl(path, problems=problems)
    elif not path.name.lower().endswith(_TEXT):
        raise DataError(
            f"{path}: found a file that ends in {path.suffix or 'nothing'}; expected .txt or .jsonl (or .gz of them); "
            "rename it, or read it as a corpus."
        )
    elif by_line:
        for number, line in read_lines(path, problems):
            yield Document(line, id=f"{name}:{number}", record=f"{name}:{number}")
    else:
        yield Document(read_text(path, problems), id=name, record=name)
