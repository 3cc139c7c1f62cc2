"""Texts, with or without annotation, from files, folders and corpora, for prediction and pretraining."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

from .corpora import check_place, read_corpus
from .documents import Document, Gold, read_jsonl
from .endings import JSON_LINES, TABLES, TEXT
from .files import missing, printable, read_lines, read_text
from .problems import DataError, Problems
from .reading.folders import choose
from .reading.kinds import EXPECTED, Kind, judge, kind_by_name, kind_of
from .reading.names import suffix_of
from .registry import Options, readable

UNITS = ("auto", "line", "file")


def read_texts(
    files: Sequence[str | PathLike[str]] = (),
    *,
    corpus: str | None = None,
    data_dir: str | PathLike[str] | None = None,
    options: Options | None = None,
    unit: str = "auto",
    gold: Gold = "ignored",
    problems: Problems | None = None,
) -> list[Document]:
    """Documents of files and of a corpus, without blank ones.

    Args:
        files: text files, JSON lines with a `text` each (other keys are ignored), and folders of such files; see
            `reading.kinds`. Tables (CSV, Excel, Parquet, …) as well, each of them named.
        corpus: name of a corpus, whose training part is read as well, with its gold.
        data_dir: folder of the corpus.
        options: of its reader and of tables, as for `read_corpus`.
        unit: a document of a text file is a `line`, or the whole `file`; `auto` takes lines for a named file, and whole
            files for a folder.
        gold: of the `entities` of JSON lines, as `from_row`.
        problems: what to do with faults; its notes say which files of a folder were left out.

    Documents are named after their files; in a folder, after the path in it, so that names differ.

    Raises:
        DataError: a missing file, a file of another kind, or no text at all.
    """
    if unit not in UNITS:
        raise ValueError(f"The unit of a text file is {unit!r}; choose one of {', '.join(UNITS)}.")
    check_texts(files, corpus, data_dir)
    problems = problems or Problems()
    documents: list[Document] = []
    paths = [Path(name).expanduser() for name in files]
    named = Counter(path.name for path in paths)
    tables = [path for path in paths if suffix_of(path.name) in TABLES and path.is_file()]
    of_tables, of_corpus = _shared_out(options, corpus, tables=bool(tables))
    for path in paths:
        if path.is_dir():
            base = path if len(paths) == 1 else path.parent
            for file, kind in files_of(path, problems, kinds=("text", "jsonl")):
                name = printable(file.relative_to(base).as_posix())
                documents += documents_of(file, kind, name, by_line=unit == "line", gold=gold, problems=problems)
        elif path in tables:
            documents += read_corpus("table", path, problems=problems, options=of_tables, gold=gold)
        else:
            name = printable(path.name if named[path.name] == 1 else path.as_posix())
            documents += documents_of(path, kind_of(path), name, by_line=unit != "file", gold=gold, problems=problems)
    if corpus is not None:
        documents += read_corpus(corpus, data_dir, problems=problems, options=of_corpus)
    documents = [document for document in documents if document.text.strip()]
    if not documents:
        found = "found no text that is not blank in them" if files or corpus else "no file and no corpus was named"
        raise DataError(f"There is nothing to read: {found}; name text files, JSON lines or a corpus.")
    return documents


def _shared_out(options: Options | None, corpus: str | None, *, tables: bool) -> tuple[Options, Options]:
    """The options that tables take, and those of the corpus: where both are read, each gets what it knows."""
    told = {name: value for name, value in (options or {}).items() if value is not None}
    if not tables:
        return {}, told
    known = readable("table").reading_options
    if corpus is None:
        return told, {}
    takes = readable(corpus).reading_options
    return {n: v for n, v in told.items() if n in known}, {
        n: v for n, v in told.items() if n in takes or n not in known
    }


def check_texts(files: Sequence[str | PathLike[str]], corpus: str | None, data_dir: str | PathLike[str] | None) -> None:
    """Raise DataError for a missing file or corpus, or a file of another kind; nothing more is read."""
    for path in (Path(name).expanduser() for name in files):
        if not path.exists():
            raise DataError(missing(path, "file"))
        if path.is_file() and suffix_of(path.name) not in TABLES:
            kind_of(path)
    if corpus is not None:
        check_place(corpus, data_dir)


def files_of(folder: Path, problems: Problems, *, kinds: Sequence[Kind]) -> list[tuple[Path, Kind]]:
    """The files of a folder that hold texts, each with its kind; files that are left out are noted.

    A file whose content contradicts its name is reported and left out.

    Args:
        kinds: the wanted kinds.

    Raises:
        DataError: there is none; with `"stop"`, also any file that cannot be read.
    """

    def reason(path: Path) -> str:
        suffix = suffix_of(path.name)
        if kind_by_name(path) not in kinds or suffix == ".json":  # .json is settings more often than texts
            return suffix or "without an ending"
        kind, other = judge(path)
        if other:
            problems.report(path, None, other, EXPECTED, "save its texts as one of these, or move it away")
            return "of another kind than its name says"
        kind_of_file[path] = kind
        return ""

    kind_of_file: dict[Path, Kind] = {}
    _, chosen = choose(folder, reason, problems)
    if not chosen:
        wanted = " or ".join({"text": TEXT, "jsonl": JSON_LINES}[kind][0] for kind in kinds)
        said = problems.notes.get(str(folder), "").removeprefix(f"{folder}: ").removesuffix(".")
        found = f"found no file that ends in {wanted}{f' ({said})' if said else ''}"
        raise DataError(f"{folder}: {found}; expected the texts; name the folder that holds them.")
    return [(path, kind_of_file[path]) for path in chosen]


def documents_of(
    path: Path, kind: Kind, name: str, *, by_line: bool, gold: Gold = "ignored", problems: Problems
) -> Iterator[Document]:
    """The documents of one file; none if it cannot be read, since an empty text would mean that nothing was found.

    Args:
        name: the documents are named `name`, or `name:LINE`; documents of JSON lines have their own names.
    """
    if kind == "jsonl":
        yield from read_jsonl(path, problems=problems, gold=gold)
    elif by_line:
        for number, line in read_lines(path, problems):
            yield Document(line, id=f"{name}:{number}", record=f"{name}:{number}")
    else:
        reported = problems.count
        text = read_text(path, problems)
        if problems.count == reported:
            yield Document(text, id=name, record=name)
