"""Which files of a folder belong to a corpus, in the order in which a person would count them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from ..problems import DataError

SPLITS = ("train", "validation", "test")
# As words of names: train, training, trainset; dev, devset, valid, validation; test, testa, testset.
_SPLIT_WORDS = {
    "train": re.compile(r"train(ing)?(set)?"),
    "validation": re.compile(r"(dev|devel|val|valid|validation)(set)?[ab]?"),
    "test": re.compile(r"test(ing)?(set)?[ab]?"),
}


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which ``a-2`` comes before ``a-10``; digits compare as numbers, the rest as text."""
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts]


def walk(folder: Path) -> Iterator[Path]:
    """Every file below ``folder``, numerically sorted, without hidden ones and what archives of a Mac add."""
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if not any(part.startswith(".") or part == "__MACOSX" for part in parts) and path.is_file():
            found.append((natural_key(path.relative_to(folder).as_posix()), path))
    yield from (path for _, path in sorted(found))


def matching(path: Path, patterns: Iterable[str]) -> list[Path]:
    """Files of ``path`` whose name fits one of the ``patterns`` (``.gz`` or not); a file stands for itself."""
    if path.is_file():
        return [path]
    wanted = tuple(patterns)
    return [file for file in walk(path) if any(fnmatch(without_gz(file.name).lower(), p) for p in wanted)]


def without_gz(name: str) -> str:
    """The file name without a trailing ``.gz``."""
    return name[:-3] if name.lower().endswith(".gz") else name


def stem(path: Path) -> str:
    """File name without ``.gz`` and without one further ending: ``chip.train.gz`` stays ``chip.train``.

    Only endings that say nothing about the content (txt, json, jsonl, csv, conll) are taken off.
    """
    name = without_gz(path.name)
    return re.sub(r"\.(txt|json|jsonl|csv|conll)$", "", name, flags=re.IGNORECASE)


def split_of(path: Path, root: Path | None = None) -> str:
    """The published split that a file's name speaks of, or its folders' below ``root``: train is the default.

    The nearest such word counts: ``CMeEE_train.json``, ``medical.dev``, ``subtask1_test_set_with_answer.json``,
    ``test/notes.jsonl``.
    """
    inside = path.relative_to(root).parts if root is not None and path != root else (path.name,)
    return next((split for part in reversed(inside) if (split := _split_in(part)) is not None), "train")


def _split_in(name: str) -> str | None:
    """The split of the last word in a name that speaks of one."""
    words = reversed(re.split(r"[^a-z]+", name.lower()))
    named = (split for word in words for split, form in _SPLIT_WORDS.items() if form.fullmatch(word))
    return next(named, None)


def by_split(files: Iterable[Path], root: Path | None = None) -> dict[str, list[Path]]:
    """Group files by published split, in the order train, validation, test; splits without a file are left out.

    Args:
        root: the folder in which they were looked for; the names of folders below it count as well.
    """
    groups: dict[str, list[Path]] = {split: [] for split in SPLITS}
    for file in files:
        groups[split_of(file, root if root is not None and root.is_dir() else None)].append(file)
    return {split: group for split, group in groups.items() if group}


def choose_split(path: Path, groups: dict[str, list[Path]], split: str | None) -> list[Path]:
    """The files of one split. Without a wish: train where there is one, else the only split that is there.

    So the published development and test files never slip into the training data.

    Raises:
        DataError: the split is not there, or several are and none of them is train.
    """
    there = ", ".join(groups) or "none"
    if split is None:
        if "train" in groups or len(groups) <= 1:
            return groups.get("train", next(iter(groups.values()), []))
        raise DataError(f"{path}: found the splits {there}; expected train among them; name one that is there.")
    if split not in groups:
        raise DataError(f"{path}: found the splits {there}; expected {split!r}; name one that is there.")
    return groups[split]
