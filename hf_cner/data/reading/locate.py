"""The files of a folder that belong to a corpus, in numeric order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from ..files import printable
from ..problems import DataError, Problems
from .folders import walk
from .names import without_gz

SPLITS = ("train", "validation", "test")
# Names of parts: train, training, trainset; dev, devset, valid, validation; test, testa, testset.
_SPLIT_WORDS = {
    "train": re.compile(r"train(ing)?(set)?"),
    "validation": re.compile(r"(dev|devel|val|valid|validation)(set)?[ab]?"),
    "test": re.compile(r"test(ing)?(set)?[ab]?"),
}


def matching(path: Path, patterns: Iterable[str], problems: Problems | None = None) -> list[Path]:
    """Files of ``path`` whose name fits one of the ``patterns`` (``.gz`` or not); a file stands for itself.

    Raises:
        DataError: a folder that may not be read; with problems collected, it is reported and left out.
    """
    if path.is_file():
        return [path]
    wanted = tuple(patterns)
    return [file for file in walk(path, problems) if any(fnmatch(without_gz(file.name).lower(), p) for p in wanted)]


def stem(path: Path) -> str:
    """File name without ``.gz`` and without one further ending: ``chip.train.gz`` stays ``chip.train``.

    Only endings that say nothing about the content (txt, json, jsonl, csv, conll) are taken off.
    """
    name = printable(without_gz(path.name))
    return re.sub(r"\.(txt|json|jsonl|csv|conll)$", "", name, flags=re.IGNORECASE)


def split_of(path: Path, root: Path | None = None, *, words: bool = True) -> str:
    """The published split in the name of a file, or of its folders below ``root``; by default train.

    The nearest such name counts: ``medical.dev``, ``test/notes.jsonl``. A folder counts if this is its whole name
    (``test``, ``devset``); a file counts by its whole name (``test.jsonl``) or a part between points
    (``notes.dev.conll``).

    Args:
        words: a word of a file's name counts as well, as in the names of published files (``CMeEE_train.json``,
            ``subtask1_test_set_with_answer.json``). Only for corpora: ``blood-test.jsonl`` is no test part.
    """
    found = _split_in(path.name) if words else None
    found = found or next((split for part in path.name.split(".")[:3] if (split := _split_named(part))), None)
    inside = path.relative_to(root).parts[:-1] if root is not None and path != root else ()
    return found or next((split for part in reversed(inside) if (split := _split_named(part))), "train")


def _split_in(name: str) -> str | None:
    """The split of the last such word in a name."""
    words = reversed(re.split(r"[^a-z]+", name.lower()))
    return next((split for word in words if (split := _split_named(word))), None)


def _split_named(word: str) -> str | None:
    """The split with exactly this name."""
    return next((split for split, form in _SPLIT_WORDS.items() if form.fullmatch(word.lower())), None)


def by_split(files: Iterable[Path], root: Path | None = None, *, words: bool = True) -> dict[str, list[Path]]:
    """Group files by published split, in the order train, validation, test; splits without a file are left out.

    A file with a word for a part in its name (``notes_test.jsonl``) is that part also without ``words`` if a file for
    training differs only in this word (``notes_train.jsonl``).

    Args:
        root: the folder that was searched; the names of folders below it count too.
        words: as ``split_of``.
    """
    files = list(files)
    root = root if root is not None and root.is_dir() else None
    there = {file for file in files if _split_in(file.name) == "train"}
    pairs = {(file.parent, _without_split(file.name)) for file in there}
    groups: dict[str, list[Path]] = {split: [] for split in SPLITS}
    for file in files:
        paired = (file.parent, _without_split(file.name)) in pairs
        groups[split_of(file, root, words=words or paired)].append(file)
    return {split: group for split, group in groups.items() if group}


def _without_split(name: str) -> str:
    """A name with its last word for a part replaced by a star."""
    places = [match for match in re.finditer(r"[a-z]+", name.lower()) if _split_named(match[0])]
    return f"{name[: places[-1].start()]}*{name[places[-1].end() :]}" if places else name


def choose_split(path: Path, groups: dict[str, list[Path]], split: str | None) -> list[Path]:
    """The files of one split; by default train, or else the only split.

    So published development and test files never get into the training data.

    Raises:
        DataError: there is no such split, or there are several without train.
    """
    there = ", ".join(groups) or "none"
    if split is None:
        if "train" in groups or len(groups) <= 1:
            return groups.get("train", next(iter(groups.values()), []))
        raise DataError(f"{path}: found the splits {there}; expected train among them; name one of these.")
    if split not in groups:
        raise DataError(f"{path}: found the splits {there}; expected {split!r}; name one of these.")
    return groups[split]
