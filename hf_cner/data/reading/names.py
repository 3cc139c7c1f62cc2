"""The order and the ending of a file's name."""

from __future__ import annotations

import re

from ..endings import GZIP

_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9_+-]{0,15}")


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which ``a-2`` comes before ``a-10``; digits compare as numbers, the rest as text."""
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts]


def is_packed(name: str) -> bool:
    """Whether the name says that the file is packed with gzip."""
    return name.lower().endswith(GZIP)


def without_gz(name: str) -> str:
    """The file name without a trailing ``.gz``."""
    return name[: -len(GZIP)] if is_packed(name) else name


def suffix_of(name: str) -> str:
    """The ending of a name, in lower case and without ``.gz``: ``.txt``; empty where there is none.

    The part after a point is an ending if it begins with a Latin letter: ``7.2024`` and ``记录.第二版`` have none.
    """
    rest = without_gz(name)
    place = rest.rfind(".")
    return rest[place:].lower() if place > 0 and _SUFFIX.fullmatch(rest, place) else ""
