"""One module per corpus, and the table that names them.

A module has ``NAME``, ``ENTITY_TYPES``, ``DESCRIPTION``, ``LICENCE``, ``CITATION`` (BibTeX), ``LAYOUT`` (what its
folder looks like) and ``read(folder, *, problems) -> Iterator[Document]``; where the published files come in splits,
also ``PATTERNS``. To add a corpus, write such a module, one line in ``CORPORA`` and a script in ``dataset_scripts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import ModuleType
from unicodedata import normalize

from ..documents import Document
from ..files import refuse_pipe
from ..formats.tags import Spelling
from ..problems import DataError, Problems
from ..reading.detect import exports, guess, same_family
from ..reading.folders import what_was_read
from ..reading.locate import SPLITS, by_split, choose_split, matching

# Name of the corpus → module in this folder; modules are imported when they are needed.
CORPORA = {
    "sample": "sample",
    "ccks2017": "ccks2017",
    "ccks2017-csv": "ccks2017_csv",
    "ccks2017-early": "ccks2017_early",
    "ccks2018": "ccks2018",
    "ccks2019": "ccks2019",
    "cmeee": "cmeee",
    "cblue-cmeee": "cblue_cmeee",
    "tcm-literature": "tcm_literature",
    "tcm-literature5": "tcm_literature5",
    "tcm-formulas": "tcm_formulas",
    "tcm-leaflets": "tcm_leaflets",
    "jsonl": "jsonl",
    "conll": "conll",
}
_GENERIC = ("sample", "jsonl", "conll")
_NOTHING: Mapping[str, Spelling] = {}


class NoDocuments(DataError):
    """The files are there, and hold no document."""


def corpus_key(name: str) -> str:
    """A name as ``CORPORA`` spells it: ``_`` and upper case are forgiven."""
    return name.lower().replace("_", "-")


def corpus_module(name: str) -> ModuleType:
    """The module of a corpus.

    Raises:
        DataError: there is no corpus of that name; the message has the nearest names.
    """
    wanted = corpus_key(name)
    if wanted not in CORPORA:
        near = get_close_matches(wanted, CORPORA, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "give one of these."
        raise DataError(f"There is no corpus {name!r}; known are {', '.join(CORPORA)}: {hint}")
    return import_module(f".{CORPORA[wanted]}", __name__)


def entity_types(name: str) -> tuple[str, ...]:
    """The types of a corpus in their fixed order; empty for ``jsonl`` and ``conll``, whose types stand in the data."""
    types: tuple[str, ...] = corpus_module(name).ENTITY_TYPES
    return types


def types_in(documents: Iterable[Document]) -> tuple[str, ...]:
    """The types that occur, sorted: the entity types of a generic corpus."""
    return tuple(sorted({span.type for document in documents for span in document.spans}))


def splits(name: str, data_dir: str | PathLike[str] | None = None) -> tuple[str, ...]:
    """The published splits that a folder holds, of train, validation, test; ``("train",)`` where files do not say."""
    patterns = getattr(corpus_module(name), "PATTERNS", None)
    if patterns is None or data_dir is None:
        return ("train",)
    path = _existing(data_dir)
    return tuple(_parts(corpus_module(name), path, patterns)) or ("train",) if path.is_dir() else ("train",)


def read_corpus(
    name: str,
    data_dir: str | PathLike[str] | None = None,
    *,
    on_error: str = "stop",
    problems: Problems | None = None,
    split: str | None = None,
    spelling: Spelling | None = None,
) -> list[Document]:
    """Read a corpus from its folder (or from one of its files).

    Args:
        name: a key of ``CORPORA``; ``_`` and upper case are forgiven.
        data_dir: the folder as published, or one file of it; not needed for the bundled ``sample``.
        on_error: ``"stop"`` raises at the first fault; ``"skip"`` leaves out the smallest thing (an annotation, a
            document) and goes on.
        problems: collects what was left out; takes the place of ``on_error``.
        split: ``"train"``, ``"validation"`` or ``"test"`` where the files are published so; by default the training
            part, so that the published test part never slips in.
        spelling: of ``conll``: its scheme, dialect, separator and column, as far as they are known.

    Which files of a folder were not read is said in the notes of ``problems``.

    Raises:
        DataError: an unknown name, a missing folder, a folder of another corpus, no document at all, and with
            ``"stop"`` any fault in the files.
    """
    module = corpus_module(name)
    problems = Problems(on_error) if problems is None else problems
    if split is not None and split not in SPLITS:
        raise DataError(f"There is no split {split!r}; choose one of {', '.join(SPLITS)}.")
    options = _options(module, spelling)
    if module.NAME == "sample":
        if split not in (None, "train"):
            raise DataError(f"The bundled sample has no splits; leave out split={split!r}.")
        if data_dir is not None:
            raise DataError(
                f"{data_dir}: found a file or folder for the corpus sample, which is bundled and read from nowhere "
                "else; name the corpus that lies there (jsonl or conll for a file of yours), or leave the place out."
            )
        return list(module.read(problems=problems))
    if data_dir is None:
        raise DataError(f"The corpus {module.NAME} needs data_dir, the folder that holds {module.LAYOUT}.")
    path = _existing(data_dir)
    if module.NAME not in _GENERIC:
        _refuse_other_corpus(module, path)
        return _read_all(module, path, split, problems)
    try:
        return _read_all(module, path, split, problems, options)
    except DataError as error:
        likely = sorted(guess(path) - {module.NAME}) or sorted(exports(path))
        raise type(error)(f"{error} It looks like {' or '.join(likely)}." if likely else str(error)) from error


def read_splits(
    name: str,
    data_dir: str | PathLike[str] | None = None,
    *,
    on_error: str = "stop",
    problems: Problems | None = None,
) -> dict[str, list[Document]]:
    """The documents of each published split; where the files speak of none, everything is ``train``.

    A split whose files hold no document is left out: most libraries take no empty one.

    Raises:
        DataError: as ``read_corpus``; ``NoDocuments`` when all splits are empty.
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


def _options(module: ModuleType, spelling: Spelling | None) -> Mapping[str, Spelling]:
    if spelling is None or spelling == Spelling():
        return {}
    if module.NAME != "conll":
        named = ", ".join(name for name, value in spelling._asdict().items() if value is not None)
        raise DataError(f"The corpus {module.NAME} has no tags in columns; found {named}, which only conll files have.")
    return {"spelling": spelling}


def _read_all(
    module: ModuleType, path: Path, split: str | None, problems: Problems, options: Mapping[str, Spelling] = _NOTHING
) -> list[Document]:
    documents = list(_read(module, path, split, problems, options))
    if path.is_dir():
        problems.note(path, what_was_read(path, problems.opened, _unread(module, path)))
    problems.note(f"{path}, types", _alike(path, documents))
    if not documents:
        left_out = f" (left out: {problems.count}, the first {problems.items[0]})" if problems.items else ""
        found = f"found no document of {module.NAME}{left_out}"
        raise NoDocuments(f"{path}: {found}; expected {module.LAYOUT}; name that folder.")
    return documents


def _alike(path: Path, documents: Iterable[Document]) -> str:
    """A sentence about types that nobody means to be two: equal but for case, width, composition or blanks."""
    groups: dict[str, list[str]] = {}
    for name in types_in(documents):
        groups.setdefault("".join(normalize("NFKC", name).casefold().split()), []).append(name)
    alike = [
        " and ".join(map(ascii if len({*map(str.casefold, g)}) > 1 else repr, g)) for g in groups.values() if g[1:]
    ]
    return f"{path}: found types that look like one: {'; '.join(alike)}; rename them if they are one." if alike else ""


def _unread(module: ModuleType, folder: Path) -> Mapping[Path, str]:
    """Which files stand for a part of their own: why they were not read, where they were not."""
    patterns = getattr(module, "PATTERNS", None)
    groups = {} if patterns is None else _parts(module, folder, patterns, Problems("skip"))
    return {file: f"put aside as {split}" for split, files in groups.items() for file in files}


def _parts(
    module: ModuleType, folder: Path, patterns: Iterable[str], problems: Problems | None = None
) -> dict[str, list[Path]]:
    """The files of each published part; of anybody's files only whole names count."""
    return by_split(matching(folder, patterns, problems), folder, words=module.NAME not in _GENERIC)


def _read(
    module: ModuleType, path: Path, split: str | None, problems: Problems, options: Mapping[str, Spelling]
) -> Iterator[Document]:
    patterns = getattr(module, "PATTERNS", None)
    if split is None or path.is_file() or patterns is None:
        if split not in (None, "train"):
            why = "a file is no folder with splits" if path.is_file() else f"{module.NAME} is not published in splits"
            raise DataError(f"{path}: {why}; leave out split={split!r}.")
        yield from module.read(path, problems=problems, **options)
        return
    for file in choose_split(path, _parts(module, path, patterns, problems), split):
        yield from module.read(file, problems=problems, **options)


def _existing(data_dir: str | PathLike[str]) -> Path:
    path = Path(data_dir).expanduser()
    if not path.exists():
        raise DataError(f"{path}: there is no such folder or file; check the path given as data_dir.")
    refuse_pipe(path)
    return path


def _refuse_other_corpus(module: ModuleType, path: Path) -> None:
    found = guess(path)
    if found and not any(same_family(module.NAME, name) for name in found):
        names = " or ".join(sorted(found))
        raise DataError(
            f"{path}: found files that look like {names}; expected those of {module.NAME} ({module.LAYOUT}); read them "
            f"as {names}, or name the folder of {module.NAME}."
        )
