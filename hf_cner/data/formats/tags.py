"""Spellings of tags in other files: `B-X`, `B_X`, `X-B` or `X_B`, with M for I, L for E and U for S."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

SEPARATORS = " \t,"  # between a character and its tag
DIALECTS = ("B-X", "B_X", "X-B", "X_B")

# BMES has M for the inside, BILOU has L for the last and U for the unit.
_LETTERS = {"B": "B", "I": "I", "E": "E", "S": "S", "M": "I", "L": "E", "U": "S"}


class Layout(NamedTuple):
    """A file's spelling of tags, and their scheme."""

    dialect: str
    scheme: str


class Spelling(NamedTuple):
    """What is known about a file before it is read; None is detected.

    Attributes:
        scheme: one of `SCHEME_NAMES`.
        dialect: one of `DIALECTS`.
        separator: between the columns, one character or any of several.
        column: the column of the tag, counted from 1, or from -1 at the end; the character is in the first.
    """

    scheme: str | None = None
    dialect: str | None = None
    separator: str | None = None
    column: int | None = None


def separator_named(name: str | None) -> str | None:
    """A separator, also by the names space, tab and comma.

    Raises:
        ValueError: an empty separator.
    """
    if name == "":
        raise ValueError("The separator of CoNLL files is empty; give space, tab, comma, or a character.")
    return name and {"space": " ", "tab": "\t", "comma": ","}.get(name, name)


# Other names of schemes → our names. In IOB1 an entity begins with B only after another of the same type.
SCHEME_NAMES = {
    **{"BIO": "BIO", "IOB2": "BIO", "IOB1": "IOB1", "BIOE": "BIOE"},
    **dict.fromkeys(("BIOES", "IOBES", "BMES", "BILOU"), "BIOES"),
}


def scheme_named(name: str) -> str:
    """The scheme of this name: BIO, IOB1, BIOE or BIOES.

    Raises:
        ValueError: an unknown name.
    """
    if name.upper() not in SCHEME_NAMES:
        raise ValueError(f"Unknown tag scheme {name!r}; choose one of {', '.join(SCHEME_NAMES)}.")
    return SCHEME_NAMES[name.upper()]


def from_iob1(tags: Sequence[str]) -> list[str]:
    """Tags of IOB1 in BIO: every entity begins with B."""
    found: list[str] = []
    for before, tag in zip(["O", *tags], tags, strict=False):
        found.append(f"B-{tag[2:]}" if tag[0] == "I" and before[2:] != tag[2:] else tag)
    return found


def is_iob1(tags: Sequence[str]) -> bool:
    """Whether tags can be IOB1: only the letters B and I, and B only after an entity of the same type."""
    return all(
        tag == "O" or tag[0] == "I" or (tag[0] == "B" and before[2:] == tag[2:])
        for before, tag in zip(["O", *tags], tags, strict=False)
    )


def check_dialect(dialect: str) -> None:
    """Raise ValueError for a spelling that does not exist."""
    if dialect not in DIALECTS:
        raise ValueError(f"Unknown tag dialect {dialect!r}; choose one of {list(DIALECTS)}.")


def parse_tag(tag: str, dialect: str) -> str | None:
    """The tag in the package's own spelling, `O` or one of B, I, E, S with `-` and the type; None if it is no tag."""
    if tag == "O":
        return tag
    hyphen = dialect[1]
    if dialect[0] == "B":
        letter, mark, name = tag[:1], tag[1:2], tag[2:]
    else:
        letter, mark, name = tag[-1:], tag[-2:-1], tag[:-2]
    return f"{_LETTERS[letter]}-{name}" if letter in _LETTERS and mark == hyphen and name else None


def spell_tag(tag: str, dialect: str) -> str:
    """A tag of the package in one of the dialects; the inverse of `parse_tag`."""
    if tag == "O":
        return tag
    letter, name, hyphen = tag[0], tag[2:], dialect[1]
    return f"{letter}{hyphen}{name}" if dialect[0] == "B" else f"{name}{hyphen}{letter}"


def detect(tags: Mapping[str, int], *, dialect: str | None = None, scheme: str | None = None) -> Layout:
    """The layout of tags, from the number of each; a given dialect or scheme is kept.

    The dialect is the first of `DIALECTS` in which most tags can be read. The scheme follows from the
    letters: with S it is BIOES, with E but no S it is BIOE (where no entity has one character, BIOES means the same),
    else BIO.
    """
    if dialect is None:
        dialect = max(DIALECTS, key=lambda d: sum(n for tag, n in tags.items() if parse_tag(tag, d)))
    if scheme is None:
        letters = {parsed[0] for tag in tags if (parsed := parse_tag(tag, dialect)) is not None}
        scheme = "BIOES" if "S" in letters else "BIOE" if "E" in letters else "BIO"
    return Layout(dialect, scheme)
