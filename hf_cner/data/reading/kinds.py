"""The kind of a file, by its name and its beginning: prose, JSON lines, or something else.

The rule for all readers of texts (prediction, vectors, pretraining). A name with ``.txt`` or no ending is prose,
``.jsonl`` or ``.ndjson`` means JSON lines, and ``.json`` means them if each line is an object; all may be packed with
gzip. Any other ending is refused, and so is a file whose content contradicts its name: a table, JSON or binary data
must never become one long note.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from pathlib import Path
from typing import Literal

from ..endings import JSON, JSON_LINES, KNOWN, TEXT
from ..json_text import parse_json
from ..magic import magic
from ..problems import DataError
from .names import suffix_of

Kind = Literal["text", "jsonl"]

_HEAD = 65_536  # bytes that are read
_OTHER_SHEETS = ("(.xls)", "(.ods)")  # spreadsheets that cannot be read
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*\{\s*")')
_WEB = re.compile(rb"<(?:!doctype|html|table|meta|\?xml)\b", re.IGNORECASE)  # as "Excel" files of many systems are
_TAGGED = re.compile(r"\S{1,20}[ \t,](?:O|[BIESMLU][-_]\S+|\S+[-_][BIESMLU])")
_COLUMN = re.compile(r"[^\W\d][\w ./()-]{0,29}")  # a name begins with a letter, and is no sentence
_NAME_OF_ROW = re.compile(r"(?=[^0-9]{0,8}[0-9])[\w.:/ -]{0,23}\w", re.ASCII)
_COLUMNS = frozenset(
    {"text", "content", "sentence", "note", "id", "label", "labels", "entities", "文本", "正文", "内容"}
)
EXPECTED = "text (.txt) or JSON lines (.jsonl, one object with a text per line), packed with gzip or not"


def kind_by_name(path: Path) -> Kind | None:
    """The kind by the name; None for other names."""
    suffix = suffix_of(path.name)
    if suffix in (*JSON_LINES, JSON):
        return "jsonl"
    return "text" if suffix in ("", *TEXT) else None


def kind_of(path: Path, *, advice: str = "") -> Kind:
    """What a file holds.

    Args:
        advice: what else the caller can do about a file that is refused.

    Raises:
        DataError: the name or the content is neither prose nor JSON lines.
    """
    kind, found = judge(path)
    if found:
        raise refused(path, found, advice)
    return kind


def judge(path: Path) -> tuple[Kind, str]:
    """The kind of a file, and a description if it is neither prose nor JSON lines (else empty)."""
    kind = kind_by_name(path)
    suffix = suffix_of(path.name)
    if kind is None:
        what = KNOWN.get(suffix)
        return "text", f"{what} ({suffix})" if what else f"a file that ends in {suffix}"
    head = _head(path)
    found = foreign_content(head, kind)
    if not found and suffix == JSON and not _first_line_is_object(head):
        found = "JSON that does not stand one object per line"
    return kind, found


def refused(where: object, found: str, advice: str) -> DataError:
    """The error for a file that is neither prose nor JSON lines."""
    more = f", or {advice}" if advice else ""
    if found.endswith(_OTHER_SHEETS):
        return DataError(f"{where}: found {found}; expected a table as .xlsx or .csv; save it as one of these.")
    return DataError(f"{where}: found {found}; expected {EXPECTED}; save the texts as one of these{more}.")


def foreign_content(head: bytes, kind: Kind) -> str:
    """A description of the first bytes if they contradict `kind`; else empty.

    The reader reports bytes that are not UTF-8, with their encoding. UTF-16 without a mark is reported here, since its
    bytes may be valid UTF-8.
    """
    if known := magic(head):
        return known
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        if _is_utf16(head):
            return "UTF-16 without a byte order mark"
        controls = sum(byte < 0x20 and byte not in b"\t\n\v\f\r\x1b" for byte in head)
        if controls >= 4 and controls > 0.1 * len(head):
            return "binary data"
    if kind == "jsonl":
        return ""
    text = head.decode("utf-8-sig", "replace")
    if _JSON.match(text):
        return "JSON under the name of a text"
    lines = [line.rstrip() for line in text.split("\n")[:50] if line.strip()]
    if len(lines) >= 5 and all(_TAGGED.fullmatch(line) for line in lines[:-1]):
        return "a CoNLL file, a character and its tag per line"
    if _is_table(lines):
        return "a table with a line of column names"
    return "a table without a line of column names" if _has_rows_alone(lines) else ""


def no_table(head: bytes) -> str:
    """What the first bytes are, if not a table of text; empty if they may be one."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _JSON.match(text.decode("utf-8", "replace")):
        return "JSON"
    if text.startswith(b"#FORMAT=WebAnno TSV"):
        return "the export of INCEpTION (read it as inception)"
    return "a web page" if _WEB.match(text) else magic(head)


def _is_table(lines: list[str]) -> bool:
    """Whether the first line names columns: one is a usual name, or all lines have as many cells."""
    for mark in "\t,;|":
        if _has_columns(lines, mark):
            return True
        cells = [cell.strip().strip("\"'").casefold() for cell in lines[0].split(mark)] if lines else []
        if 2 <= len(cells) <= 40 and all(0 < len(cell) <= 30 for cell in cells) and _COLUMNS & set(cells):
            return len(lines) > 1 and lines[1].count(mark) >= len(cells) - 1
    return False


def _has_columns(lines: list[str], mark: str) -> bool:
    """Whether all lines have as many cells as the first, and those of the first are names: short, different words."""
    names, *rows = _rows(lines, mark) or [[]]
    named = all(_COLUMN.fullmatch(name) for name in names) and len(set(names)) == len(names)
    return 2 <= len(names) <= 40 and named and len(rows) >= 2 and all(len(row) == len(names) for row in rows[:-1])


def _has_rows_alone(lines: list[str]) -> bool:
    """Whether each line begins with a number, date or id of its own, and all have as many cells: three, with TABs two.

    Two cells between commas may be a list in prose, and so may `1.` before a TAB.
    """
    for mark in "\t,;|":
        rows = _rows(lines, mark)
        widths, ids = {len(row) for row in rows}, {row[0].strip() for row in rows if row}
        fewest = 2 if mark == "\t" else 3
        if len(ids) == len(rows) >= 3 and len(widths) == 1 and fewest <= min(widths) <= 40:
            return all(map(_NAME_OF_ROW.fullmatch, ids))
    return False


def _rows(lines: list[str], mark: str) -> list[list[str]]:
    """The cells of each line; none where these lines are no CSV."""
    try:
        return list(csv.reader(lines, delimiter=mark))[:50]
    except (csv.Error, ValueError):
        return []


def _is_utf16(head: bytes) -> bool:
    """Whether every other byte is 0, or the bytes are no UTF-8 and nearly all Chinese as pairs."""
    half = len(head) // 2
    if half < 2:
        return False
    if max(head[0 : 2 * half : 2].count(0), head[1 : 2 * half : 2].count(0)) > 0.7 * half:
        return True
    try:
        head.decode("utf-8")
        return False
    except UnicodeDecodeError as error:
        if error.start > len(head) - 4:  # cut off inside a character
            return False
    return any(_chinese(head[: 2 * half].decode(form, "replace")) > 0.9 * half for form in ("utf-16-le", "utf-16-be"))


def _chinese(text: str) -> int:
    return sum(
        "\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uffef" or c < "\x80" for c in text
    )


def _first_line_is_object(head: bytes) -> bool:
    line = next((line for line in head.split(b"\n") if line.strip()), b"{}").removeprefix(b"\xef\xbb\xbf").strip()
    if len(line) >= _HEAD - 4:
        return line.startswith(b"{")
    try:
        return isinstance(parse_json(line.decode()), dict)
    except ValueError:
        return False


def _head(path: Path) -> bytes:
    """The first bytes, unpacked; empty for a file that cannot be read, which its reader reports."""
    try:
        with path.open("rb") as plain:
            head = plain.read(_HEAD)
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                head = packed.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""
    return head
