"""Files that are no text, by their first bytes."""

from __future__ import annotations

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


def magic(head: bytes) -> str:
    """What a file is whose first bytes are these; empty if they may begin a text."""
    return next((what for mark, what in _MAGIC if head.startswith(mark)), "")
