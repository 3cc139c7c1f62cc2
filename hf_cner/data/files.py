"""Reading text files as they really come, and writing files so that none is ever half-written."""

from __future__ import annotations

import difflib
import gzip
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .problems import DataError, Problems

_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(path: str | os.PathLike[str], problems: Problems | None = None) -> str:
    """The text of a UTF-8 file, gzip'd or not: a byte order mark removed, line ends and everything else untouched.

    Raises:
        DataError: no such file, a folder, or bytes that are not UTF-8; the likely encoding is named. With problems
            collected rather than raised, the text is then empty.
    """
    path = Path(path)
    data = _bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = f"bytes that are not UTF-8{_likely(data)}"
        source = "GB18030" if "GB" in found else "UTF-16" if "UTF-16" in found else "ENCODING"
        advice = f"convert it with `iconv -f {source} -t UTF-8`"
        (problems or Problems()).report(path, line, found, "UTF-8 text", advice)
        return ""


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise DataError(f"{path}: found a folder; expected a file; name the file.")
    if not path.exists():
        raise DataError(missing(path, "file"))
    data = path.read_bytes()
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError) as error:
        raise DataError(f"{path}: found broken gzip data ({error}); expected a whole file; fetch it again.") from error


def missing(path: Path, kind: str) -> str:
    """A sentence that says that a file or folder is not there, with near names where there are any."""
    names = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "check the path."
    return f"{path}: no such {kind}; {hint}"


def _likely(data: bytes) -> str:
    if data.startswith(_UTF16):
        return " (it looks like UTF-16)"
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return " (it looks like GBK/GB18030)"


def read_lines(path: str | os.PathLike[str], problems: Problems | None = None) -> Iterator[tuple[int, str]]:
    r"""Number, from 1, and text of every line, without its `\n` or `\r\n`. No other character ends a line."""
    lines = read_text(path, problems).split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, 1):
        yield number, line.removesuffix("\r")


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """A text file that takes its name only when it is whole; after an error the old file stands as it was."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
