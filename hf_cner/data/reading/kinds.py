"""What a file is, by its name and by how it begins: prose, JSON lines, or something that is neither.

The one rule for whoever reads texts (prediction, vectors, pretraining). A name that ends in ``.txt`` or in nothing is
prose, one in ``.jsonl`` or ``.ndjson`` holds JSON lines, and ``.json`` holds them where each of its lines is an object;
all of them may be packed with gzip. Any other ending is refused, and so is a file whose content contradicts its name: a
table, JSON or binary data must never become one long note.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from pathlib import Path
from typing import Literal

from ..json_text import parse_json
from ..problems import DataError
from .names import suffix_of

Kind = Literal["text", "jsonl"]

TEXT = (".txt", ".text")
JSON_LINES = (".jsonl", ".ndjson", ".jsonlines")
_HEAD = 65_536  # bytes that are looked at
_NAMES = {
    **dict.fromkeys((".csv", ".tsv", ".psv"), "a table"),
    **dict.fromkeys((".xls", ".xlsx", ".xlsm", ".ods"), "a spreadsheet"),
    **dict.fromkeys((".parquet", ".arrow", ".feather"), "a table of columns"),
    **dict.fromkeys((".doc", ".docx", ".odt", ".rtf", ".wps"), "a document of a word processor"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst"), "an archive"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".dcm"), "a picture"),
    **dict.fromkeys((".conll", ".bio", ".bioes", ".bioe", ".bmes", ".iob"), "a CoNLL file"),
    **{".pdf": "a PDF", ".html": "a web page", ".htm": "a web page", ".xml": "XML", ".ann": "annotations of brat"},
}
_OTHER_SHEETS = ("(.xls)", "(.ods)")  # of programs whose other files are read as tables
_MAGIC = (
    (b"PK\x03\x04", "a zip archive, as of .docx and .xlsx"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"\xd0\xcf\x11\xe0", "an old document of Word or Excel"),
    (b"SQLite format 3", "a database"),
    (b"BZh9", "data packed with bzip2"),
    (b"\xfd7zXZ", "data packed with xz"),
    (b"\x28\xb5\x2f\xfd", "data packed with zstd"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"{\\rtf", "RTF"),
)
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*\{\s*")')
_WEB = re.compile(rb"<(?:!doctype|html|table|meta|\?xml)\b", re.IGNORECASE)  # as "Excel" files of many systems are
_TAGGED = re.compile(r"\S{1,20}[ \t,](?:O|[BIESMLU][-_]\S+|\S+[-_][BIESMLU])")
_COLUMN = re.compile(r"[^\W\d][\w ./()-]{0,29}")  # a name: it begins with a letter, and is no sentence
_COLUMNS = frozenset(
    {"text", "content", "sentence", "note", "id", "label", "labels", "entities", "文本", "正文", "内容"}
)
EXPECTED = "text (.txt) or JSON lines (.jsonl, one object with a text per line), packed with gzip or not"


def kind_by_name(path: Path) -> Kind | None:
    """What the name says; None where it is no name of a text."""
    suffix = suffix_of(path.name)
    if suffix in JSON_LINES or suffix == ".json":
        return "jsonl"
    return "text" if suffix in ("", *TEXT) else None


def kind_of(path: Path, *, advice: str = "") -> Kind:
    """What a file holds.

    Args:
        advice: what else the caller can do about a file that is refused.

    Raises:
        DataError: the name or the content of something that is neither prose nor JSON lines.
    """
    kind, found = judge(path)
    if found:
        raise refused(path, found, advice)
    return kind


def judge(path: Path) -> tuple[Kind, str]:
    """What a file holds, and what it is instead where it is neither prose nor JSON lines (else empty)."""
    kind = kind_by_name(path)
    suffix = suffix_of(path.name)
    if kind is None:
        what = _NAMES.get(suffix)
        return "text", f"{what} ({suffix})" if what else f"a file that ends in {suffix}"
    head = _head(path)
    found = foreign_content(head, kind)
    if not found and suffix == ".json" and not _first_line_is_object(head):
        found = "JSON that does not stand one object per line"
    return kind, found


def refused(where: object, found: str, advice: str) -> DataError:
    """The error for what is neither prose nor JSON lines."""
    more = f", or {advice}" if advice else ""
    if found.endswith(_OTHER_SHEETS):
        return DataError(f"{where}: found {found}; expected a table as .xlsx or .csv; save it as one of these.")
    return DataError(f"{where}: found {found}; expected {EXPECTED}; save the texts as one of these{more}.")


def foreign_content(head: bytes, kind: Kind) -> str:
    """What the first bytes of something are, where they are not what `kind` says; empty where they may be.

    Bytes that are not UTF-8 are left to the reader, which names their encoding; UTF-16 without a mark is named here,
    since such bytes may well be UTF-8 for something else.
    """
    if magic := _magic(head):
        return magic
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
    return "a table with a line of column names" if _is_table(lines) else ""


def no_table(head: bytes) -> str:
    """What the first bytes of something are that its name calls a table of text; empty where it may be one."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _JSON.match(text.decode("utf-8", "replace")):
        return "JSON"
    if text.startswith(b"#FORMAT=WebAnno TSV"):
        return "the export of INCEpTION (read it as inception)"
    return "a web page" if _WEB.match(text) else _magic(head)


def _magic(head: bytes) -> str:
    return next((what for mark, what in _MAGIC if head.startswith(mark)), "")


def _is_table(lines: list[str]) -> bool:
    """Whether the first line names columns: one of a text or its name, or any, where each line has as many cells."""
    for mark in "\t,;|":
        if _has_columns(lines, mark):
            return True
        cells = [cell.strip().strip("\"'").casefold() for cell in lines[0].split(mark)] if lines else []
        if 2 <= len(cells) <= 40 and all(0 < len(cell) <= 30 for cell in cells) and _COLUMNS & set(cells):
            return len(lines) > 1 and lines[1].count(mark) >= len(cells) - 1
    return False


def _has_columns(lines: list[str], mark: str) -> bool:
    """Whether all lines have as many cells as the first, and those of the first are names: short, different words."""
    try:
        names, *rows = list(csv.reader(lines, delimiter=mark))[:50]
    except (csv.Error, ValueError):
        return False
    named = all(_COLUMN.fullmatch(name) for name in names) and len(set(names)) == len(names)
    return 2 <= len(names) <= 40 and named and len(rows) >= 2 and all(len(row) == len(names) for row in rows[:-1])


def _is_utf16(head: bytes) -> bool:
    """Whether every other byte is nil, or the bytes are no UTF-8 and nearly all Chinese as pairs."""
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
    """The first bytes, unpacked; what cannot be read has none, and its reader says why."""
    try:
        with path.open("rb") as plain:
            head = plain.read(_HEAD)
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                head = packed.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""
    return head
