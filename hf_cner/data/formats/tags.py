"""How tags are spelled in other people's files: `B-X`, `B_X`, `X-B` or `X_B`, with M for I, L for E and U for S."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SEPARATORS = " \t,"  # between a character and its tag
DIALECTS = ("B-X", "B_X", "X-B", "X_B")

# BMES calls the inside M, BILOU the last L and the unit U.
_LETTERS = {"B": "B", "I": "I", "E": "E", "S": "S", "M": "I", "L": "E", "U": "S"}


class Layout(NamedTuple):
    """How a file spells its tags, and the scheme that they are in."""

    dialect: str
    scheme: str


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
    """The layout that tags are in, given how often each occurs; a dialect or scheme that is given stays as it is.

    The dialect is the one in which most of them can be read, in the order of `DIALECTS`. The scheme follows from the
    letters: with S it is BIOES, with E but no S it is BIOE (where no entity has one character, BIOES means the same),
    else BIO.
    """
    if dialect is None:
        dialect = max(DIALECTS, key=lambda d: sum(n for tag, n in tags.items() if parse_tag(tag, d)))
    if scheme is None:
        letters = {parsed[0] for tag in tags if (parsed := parse_tag(tag, dialect)) is not None}
        scheme = "BIOES" if "S" in letters else "BIOE" if "E" in letters else "BIO"
    return Layout(dialect, scheme)
