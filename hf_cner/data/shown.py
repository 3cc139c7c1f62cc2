"""Content from outside made fit to be shown: short, and without characters that act on a terminal.

All content of files, file names and texts in messages, logs and terminals passes through here. The text of a patient
must not fill a log, and no character of it may move a cursor or reverse a line.
"""

from __future__ import annotations

import re
import reprlib

LONGEST_EXTRACT = 80  # characters of outside content in one place of a message
# Characters that move a cursor, begin an escape sequence, reorder a line or hide letters (tag characters), and halves
# of surrogate pairs, which no output can encode. Joiners, private use and unassigned characters do none of this.
ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2061-\u2064\u2066-\u206f\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e007f\ud800-\udfff]"
)
_MARKUP = re.compile(r"[|<>&`*\[\]~$]")  # an underscore inside a word has no effect


def printable(text: str, *, lines: bool = False) -> str:
    r"""The text with every acting character written as an escape, `\x1b` or `\u202e`.

    Args:
        text: a file name, an id, a type, a message, whole or in part.
        lines: keep line feeds and TABs.
    """

    def escape(match: re.Match[str]) -> str:
        character = match.group()
        return character if lines and character in "\n\t" else _escaped(character)

    return ACTING.sub(escape, text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def markdown_cell(text: str) -> str:
    """The text for a cell of a Markdown table: no character ends the cell, marks up or is HTML."""
    return _MARKUP.sub(lambda match: f"&#{ord(match.group())};", printable(text))


def clipped(text: str, most: int, *, lines: bool = False) -> str:
    """The text as `printable`, cut after `most` characters; a cut is marked with the length of the whole text."""
    shown = printable(text[: most + 1], lines=lines)  # an escape is longer than its character
    return shown if len(shown) <= most else f"{shown[:most]}… ({len(text):,} characters)"


def brief(value: object) -> str:
    """A value as Python writes it, escaped, and cut after `LONGEST_EXTRACT` characters."""
    if isinstance(value, str | bytes):
        shown = repr(value[:LONGEST_EXTRACT])
        return shown if len(value) <= LONGEST_EXTRACT else f"{shown}… ({len(value):,} characters)"
    shown = printable(_EXTRACTS.repr(value))
    return shown if len(shown) <= LONGEST_EXTRACT else f"{shown[:LONGEST_EXTRACT]}…"


_EXTRACTS = reprlib.Repr()
_EXTRACTS.maxlevel, _EXTRACTS.maxstring, _EXTRACTS.maxother = 3, LONGEST_EXTRACT, LONGEST_EXTRACT


def half_surrogate(text: str) -> str:
    """A phrase about the first half of a surrogate pair, which no file in UTF-8 can hold; empty without one."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"half a surrogate pair, {text[error.start]!a}, at position {error.start}"
    return ""
