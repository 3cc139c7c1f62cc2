"""Reading corpora and formats by name; `registry.py` says what a module has, and lists them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from unicodedata import normalize

from ..documents import Document, Gold
from ..files import refuse_pipe
from ..own_ids import told_apart
from ..problems import DataError, Problems
from ..reading.detect import exports, guess, same_family
from ..reading.exports import join_notes, one_annotator
from ..reading.folders import what_was_read
from ..reading.locate import SPLITS, by_split, choose_split, matching
from ..registry import Entry, Options, entry, readable


class NoDocuments(DataError):
    """The files exist, and hold no document."""


def entity_types(name: str) -> tuple[str, ...]:
    """The types of a corpus in their fixed order; empty for a format, whose types are in the data."""
    return entry(name).entity_types


def types_in(documents: Iterable[Document]) -> tuple[str, ...]:
    """The types that occur, sorted."""
    return tuple(sorted({span.type for document in documents for span in document.spans}))


def splits(name: str, data_dir: str | PathLike[str] | None = None) -> tuple[str, ...]:
    """The published splits of a folder, of train, validation, test; ``("train",)`` if the files name none."""
    found = entry(name)
    if found.patterns is None or data_dir is None:
        return ("train",)
    path = _existing(data_dir)
    return tuple(_parts(found, path)) or ("train",) if path.is_dir() else ("train",)


def read_corpus(
    name: str,
    data_dir: str | PathLike[str] | None = None,
    *,
    on_error: str = "stop",
    problems: Problems | None = None,
    split: str | None = None,
    options: Options | None = None,
    gold: Gold = "required",
) -> list[Document]:
    """Read a corpus from its folder (or from one of its files).

    Args:
        name: a key of ``REGISTRY``; ``_`` and upper case are forgiven.
        data_dir: the folder as published, or one file of it; not needed for the bundled ``sample``.
        on_error: ``"stop"`` raises at the first fault; ``"skip"`` leaves out the smallest faulty item (an annotation, a
            document) and continues.
        problems: collects the faults, instead of ``on_error``.
        split: ``"train"``, ``"validation"`` or ``"test"`` if the files are published so; by default the training part,
            so that the published test part is never read by mistake.
        options: of the reader, as ``Entry.reading_options`` lists them (of ``conll``: scheme, dialect, separator,
            column); None means that the reader detects the value.
        gold: `ignored` reads only the texts, if the format allows it.

    The notes of ``problems`` name the files of a folder that were not read.

    Raises:
        DataError: an unknown name, a missing folder, a folder of another corpus, no document at all, and with
            ``"stop"`` any fault in the files.
    """
    found, path = check_place(name, data_dir)
    problems = Problems(on_error) if problems is None else problems
    if split is not None and split not in SPLITS:
        raise DataError(f"There is no split {split!r}; choose one of {', '.join(SPLITS)}.")
    given = found.reading(options) | ({"gold": gold} if found.gives_texts else {})
    if found.name == "sample":
        if split not in (None, "train"):
            raise DataError(f"The bundled sample has no splits; leave out split={split!r}.")
        return list(found.module.read(problems=problems))
    if found.published:
        _refuse_other_corpus(found, path)
        return _read_all(found, path, split, problems, given)
    try:
        return _read_all(found, path, split, problems, given)
    except DataError as error:
        likely = sorted(guess(path) - {found.name}) or sorted(exports(path))
        raise type(error)(f"{error} It looks like {' or '.join(likely)}." if likely else str(error)) from error


def check_place(name: str, data_dir: str | PathLike[str] | None) -> tuple[Entry, Path]:
    """The corpus of a name and the place from which it is read, before it is read.

    Raises:
        DataError: an unknown name, a missing place, or a place for the bundled sample.
    """
    found = readable(name)
    if found.name != "sample":
        if data_dir is None:
            raise DataError(f"The corpus {found.name} needs data_dir, the folder that holds {found.layout}.")
        return found, _existing(data_dir)
    if data_dir is not None:
        raise DataError(
            f"{data_dir}: found a file or folder for the corpus sample, which is bundled and read from nowhere else; "
            "name the corpus that lies there (jsonl or conll for a file of yours), or leave the place out."
        )
    return found, Path()


def read_splits(
    name: str,
    data_dir: str | PathLike[str] | None = None,
    *,
    on_error: str = "stop",
    problems: Problems | None = None,
) -> dict[str, list[Document]]:
    """The documents of each published split; if the files name none, everything is ``train``.

    A split without documents is left out: most libraries take no empty split.

    Raises:
        DataError: as ``read_corpus``; ``NoDocuments`` if all splits are empty.
    """
    problems = Problems(on_error) if problems is None else problems
    there = splits(name, data_dir)
    if there == ("train",):
        return {"train": read_corpus(name, data_dir, problems=problems)}
    parts: dict[str, list[Document]] = {}
    for number, split in enumerate(there, 1):
        try:
            parts[split] = read_corpus(name, data_dir, problems=problems, split=split)
        except NoDocuments:
            if number == len(there) and not parts:
                raise
    return parts


def _read_all(found: Entry, path: Path, split: str | None, problems: Problems, options: Options) -> list[Document]:
    read = list(_read(found, path, split, problems, options))
    documents = read if found.published else list(told_apart(read))
    again = sum(one.id != other.id for one, other in zip(read, documents, strict=True))
    said = f"texts with the name of another × {again:,}: they are NAME-2, NAME-3, …, of the record NAME"
    problems.note(f"{path}, ids", f"{path}: {said}." if again else "")
    if path.is_dir():
        problems.note(path, what_was_read(path, problems.opened, _unread(found, path)))
        join_notes(path, problems)
    problems.note(f"{path}, types", _alike(path, documents))
    if not documents:
        unread = sum(problems.unread.values(), Counter[str]())
        kinds = [f"left out: {kind} × {count:,}" for kind, count in sorted(unread.items())]
        kinds += [f"left out: {problems.count}, the first {problems.items[0]}"] if problems.items else []
        left_out = f" ({'; '.join(kinds)})" if kinds else ""
        kind = "folder" if path.is_dir() else "file"
        nothing = f"found no document of {found.name}{left_out}"
        raise NoDocuments(f"{path}: {nothing}; expected {found.layout}; name that {kind}.")
    return documents


def _alike(path: Path, documents: Iterable[Document]) -> str:
    """A sentence about types that differ only in case, width, composition or blanks."""
    groups: dict[str, list[str]] = {}
    for name in types_in(documents):
        groups.setdefault("".join(normalize("NFKC", name).casefold().split()), []).append(name)
    alike = [
        " and ".join(map(ascii if len({*map(str.casefold, g)}) > 1 else repr, g)) for g in groups.values() if g[1:]
    ]
    return f"{path}: found types that look like one: {'; '.join(alike)}; rename them if they are one." if alike else ""


def _unread(found: Entry, folder: Path) -> Mapping[Path, str]:
    """Files of other parts, with the reason why they were not read."""
    groups = {} if found.patterns is None else _parts(found, folder, Problems("skip"))
    return {file: f"put aside as {split}" for split, files in groups.items() for file in files}


def _parts(found: Entry, folder: Path, problems: Problems | None = None) -> dict[str, list[Path]]:
    """The files of each published part; for a format, only whole names count."""
    return by_split(matching(folder, found.patterns or (), problems), folder, words=found.published)


def _read(found: Entry, path: Path, split: str | None, problems: Problems, options: Options) -> Iterator[Document]:
    """The documents of one part; by default a corpus chooses its files, and a format reads the training files."""
    if (path.is_file() or found.patterns is None) and split not in (None, "train"):
        why = "a file is no folder with splits" if path.is_file() else f"{found.name} is not published in splits"
        raise DataError(f"{path}: {why}; leave out split={split!r}.")
    if path.is_file() or found.patterns is None or (split is None and found.published):
        yield from found.read(path, problems=problems, options=options)
        return
    files = choose_split(path, _parts(found, path, problems), split)
    parts = ((file, found.read(file, problems=problems, options=options)) for file in files)
    if "annotator" in found.reading_options:
        yield from one_annotator(parts, problems)
    else:
        yield from (document for _, documents in parts for document in documents)


def _existing(data_dir: str | PathLike[str]) -> Path:
    path = Path(data_dir).expanduser()
    if not path.exists():
        raise DataError(f"{path}: there is no such folder or file; check the path given as data_dir.")
    refuse_pipe(path)
    return path


def _refuse_other_corpus(asked: Entry, path: Path) -> None:
    found = guess(path)
    if found and not any(same_family(asked.name, name) for name in found):
        names = " or ".join(sorted(found))
        raise DataError(
            f"{path}: found files that look like {names}; expected those of {asked.name} ({asked.layout}); read them "
            f"as {names}, or name the folder of {asked.name}."
        )
