"""What comes from outside, as it may be shown: short, and without characters that act on a terminal.

Everything that a message, a log or a terminal gets from a file, a file name or a text passes through here. The text
of a patient must not fill a log, and no character of it may move a cursor or turn a line round.
"""

from __future__ import annotations

import re
import reprlib

LONGEST_EXTRACT = 80  # characters of outside content in one place of a message
# What moves a cursor, begins an escape sequence, reorders a line or hides letters (tag characters), and halves of
# surrogate pairs, which no output can encode. Joiners, private use and unassigned characters do none of this.
ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2061-\u2064\u2066-\u206f\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e007f\ud800-\udfff]"
)
_MARKUP = re.compile(r"[|<>&`*\[\]~$]")  # an underscore inside a word marks up nothing


def printable(text: str, *, lines: bool = False) -> str:
    r"""The text with every acting character written as an escape, `\x1b` or `\u202e`.

    Args:
        text: a file name, an id, a type, a message, whole or in part.
        lines: leave line feeds and TABs as they are.
    """

    def escape(match: re.Match[str]) -> str:
        character = match.group()
        return character if lines and character in "\n\t" else _escaped(character)

    return ACTING.sub(escape, text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def markdown_cell(text: str) -> str:
    """The text as it stands in a cell of a Markdown table: no character of it ends the cell, marks up or is HTML."""
    return _MARKUP.sub(lambda match: f"&#{ord(match.group())};", printable(text))


def clipped(text: str, most: int, *, lines: bool = False) -> str:
    """The text as `printable`, cut after `most` characters; the cut is marked, and the length of the whole is said."""
    shown = printable(text[: most + 1], lines=lines)  # an escape is longer than what it stands for
    return shown if len(shown) <= most else f"{shown[:most]}… ({len(text):,} characters)"


def brief(value: object) -> str:
    """A value as Python would write it, escaped, and cut after `LONGEST_EXTRACT` characters of it."""
    if isinstance(value, str | bytes):
        shown = repr(value[:LONGEST_EXTRACT])
        return shown if len(value) <= LONGEST_EXTRACT else f"{shown}… ({len(value):,} characters)"
    shown = printable(_EXTRACTS.repr(value))
    return shown if len(shown) <= LONGEST_EXTRACT else f"{shown[:LONGEST_EXTRACT]}…"


_EXTRACTS = reprlib.Repr()
_EXTRACTS.maxlevel, _EXTRACTS.maxstring, _EXTRACTS.maxother = 3, LONGEST_EXTRACT, LONGEST_EXTRACT


def half_surrogate(text: str) -> str:
    """What is said of the first half of a surrogate pair, which no file in UTF-8 can hold; empty without one."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"half a surrogate pair, {text[error.start]!a}, at position {error.start}"
    return ""
