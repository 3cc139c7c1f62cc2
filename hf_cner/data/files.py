"""Reading text files of any origin; `writing` writes them."""

from __future__ import annotations

import codecs
import difflib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .bounded import BROKEN, LONGEST_LINE, BoundedReader, LongLine
from .magic import magic
from .problems import DataError, Problems
from .shown import printable as escaped

Where = str | os.PathLike[str]
"""A file, or a name for messages."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"
# From this character on UTF-8 needs three or more bytes. Text in another encoding rarely forms these by chance, but
# often forms two bytes: 头 in GBK is good UTF-8 for another character.
_CJK = "\u0800"
_ICONV = {"gb18030": "GB18030", "big5": "BIG5", "utf_16_le": "UTF-16LE", "utf_16_be": "UTF-16BE"}
_TOO_FEW = 32  # bytes beyond ASCII: fewer are too few for frequencies of characters


def read_text(path: str | os.PathLike[str], problems: Problems | None = None, *, most: int = LONGEST_LINE) -> str:
    """The text of a UTF-8 file, gzip'd or not: without a byte order mark, otherwise unchanged.

    Args:
        path: the file.
        problems: collects faults of the content; the text is then empty.
        most: bytes, by default those of one document; files of many documents are given `LARGEST_FILE`.

    Raises:
        DataError: no such file, a folder, a broken archive, more bytes than allowed, or bytes that are not UTF-8; the
            likely encoding is named. With problems collected, faults of the content are reported.
    """
    problems = problems or Problems()
    return decode(read_bytes(path, problems, most=most).removeprefix(_BOM), path, problems) or ""


def read_bytes(path: str | os.PathLike[str], problems: Problems, *, most: int) -> bytes:
    """The bytes of a file, with gzip unpacked; empty for a broken file, which is reported. Raises as above."""
    problems.opened.add(os.fspath(path))
    try:
        with _opened(path) as reader:
            return reader.whole(most)
    except BROKEN as error:
        _report_broken(path, error, problems)
        return b""


def decode(data: bytes, where: Where, problems: Problems, *, advice: str = "") -> str | None:
    """Bytes as UTF-8; None for another encoding, which is reported with the line and the likely encoding.

    Args:
        advice: what to do about another encoding, instead of converting.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if what := magic(data):
            _report_foreign(where, what, problems)
            return None
        line = data[: error.start].count(b"\n") + 1
        byte = data[error.start : error.start + 1]
        _report_encoding(where, line, byte, _likely(data), problems, instead=advice)
        return None


def read_lines(path: str | os.PathLike[str], problems: Problems | None = None) -> Iterator[tuple[int, str]]:
    r"""Number, from 1, and text of every line, without its `\n` or `\r\n`. No other character ends a line.

    The file is read line by line, so it may be larger than the memory. Errors are those of `read_text`; with problems
    collected, a line that is not UTF-8 or longer than `LONGEST_LINE` is reported and left out (its number is then
    missing); a file in another encoding is reported once, and not read further.
    """
    problems = problems or Problems()
    problems.opened.add(os.fspath(path))
    with _opened(path) as reader:
        yield from decoded(raw_lines(reader, path, problems), path, problems)


def raw_lines(reader: BoundedReader, where: Where, problems: Problems) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of every line with its end, up to damaged packed data, which are reported."""
    try:
        for number, line in enumerate(reader.lines(), 1):
            if isinstance(line, LongLine):
                found, expected = f"a line of {line:,} bytes", f"at most {LONGEST_LINE:,}"
                problems.report(where, number, found, expected, "split the document, or fetch the file again")
            else:
                yield number, line.removeprefix(_BOM) if number == 1 else line
    except BROKEN as error:
        _report_broken(where, error, problems)


def decoded(lines: Iterable[tuple[int, bytes]], where: Where, problems: Problems) -> Iterator[tuple[int, str]]:
    """The text of each line, without its end; other encodings as in `read_lines`."""
    understood = False  # a line had good UTF-8 characters, so the file is in UTF-8 and a bad line is a damaged one
    for number, data in lines:
        if number == 1 and (what := magic(data)):
            _report_foreign(where, what, problems)
            return
        try:
            line = data.decode("utf-8")
        except UnicodeDecodeError as error:
            likely = "UTF-8" if understood else _likely(data)
            rest = likely not in ("", "UTF-8")  # the whole file is in that encoding
            _report_encoding(where, number, data[error.start : error.start + 1], likely, problems, rest=rest)
            if rest:
                return
            continue
        understood = understood or max(line, default="") >= _CJK
        yield number, line.removesuffix("\n").removesuffix("\r")


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[BoundedReader]:
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path}: found a folder; expected a file; name a file in it.")
    if not path.exists():
        raise DataError(missing(path, "file"))
    refuse_pipe(path)
    try:
        with path.open("rb") as stream:
            yield BoundedReader(stream, path)
    except PermissionError as error:
        raise DataError(
            f"{path}: found a file that may not be read; expected one that may; change its mode."
        ) from error


def _report_broken(where: Where, error: BaseException, problems: Problems) -> None:
    found = f"broken gzip data ({escaped(str(error))})"
    problems.report(where, None, found, "a whole file", "fetch it again (nothing from there on was read)")


def _report_foreign(where: Where, what: str, problems: Problems) -> None:
    problems.report(where, None, what, "UTF-8 text", "unpack or convert it, or name another file")


def refuse_pipe(path: Path) -> None:
    """Raise DataError for a pipe or a device, which can be read only once."""
    if not (path.is_file() or path.is_dir()):
        raise DataError(
            f"{path}: found a pipe or a device; expected a file; write what comes out of it to a file first."
        )


def printable(name: str) -> str:
    r"""A file name as text that UTF-8 can hold, the same under every locale.

    The bytes of a name are read as UTF-8 under every locale; other bytes become `\xNN`. Composed and decomposed
    characters are not changed.
    """
    try:
        data = os.fsencode(name)
    except UnicodeEncodeError:  # not a name from a file system with this locale
        return name.encode("utf-8", "backslashreplace").decode("utf-8")
    return data.decode("utf-8", "backslashreplace")


def missing(path: Path, kind: str) -> str:
    """A sentence for a missing file or folder, with similar names if there are any."""
    gone = path  # the first missing part of the path
    while gone.parent != gone and not gone.parent.exists():
        gone = gone.parent
    names = sorted(p.name for p in gone.parent.iterdir() if p.exists()) if gone.parent.is_dir() else []
    near = difflib.get_close_matches(gone.name, names, n=3)
    hint = f"did you mean {' or '.join(str(gone.parent / name) for name in near)}?" if near else "check the path."
    return f"{path}: found no such {kind}{'' if gone == path else f', not even {gone}'}; expected a {kind}; {hint}"


def _likely(data: bytes) -> str:
    """The likely encoding of bytes that are not UTF-8, as `iconv` names it; empty if none fits."""
    if data.startswith(_UTF16):
        return "UTF-16"
    beyond_ascii = len(data.translate(None, bytes(range(0x80))))
    good = sum(len(char.encode()) for char in data.decode("utf-8", "ignore") if char >= _CJK)
    if 2 * good > beyond_ascii:
        return "UTF-8"  # damaged or cut off
    if beyond_ascii >= _TOO_FEW:
        return _by_frequency(data)
    try:
        codecs.getincrementaldecoder("gb18030")().decode(data)  # also if they end inside a character
    except UnicodeDecodeError:
        return ""
    return "GB18030"


def _by_frequency(data: bytes) -> str:
    """The encoding in which the bytes make the most usual characters; up to three at their end may be cut off.

    Only four encodings are tried: with 12 characters and fewer charset-normalizer takes GB18030 for UTF-16 or Big5, and
    finds no encoding for text that is cut inside a character. From 16 characters on it was right about all of 384
    beginnings of clinical texts (in Big5 of an invented text).
    """
    from charset_normalizer import from_bytes  # loads in 0.1 s, and only broken input needs it

    ends = (len(data) - cut for cut in range(4))
    found = (from_bytes(data[:end], cp_isolation=list(_ICONV)).best() for end in ends)
    return next((_ICONV[best.encoding] for best in found if best is not None), "")


def _report_encoding(
    where: Where, line: int, byte: bytes, likely: str, problems: Problems, *, rest: bool = False, instead: str = ""
) -> None:
    names = {"UTF-8": "it is mostly UTF-8", "GB18030": "it looks like GBK/GB18030"}
    looks = f" ({names.get(likely, f'it looks like {likely}')})" if likely else ""
    advice = instead or f"convert it with `iconv -f {likely or 'ITS-ENCODING'} -t UTF-8`"
    if likely == "UTF-8":
        advice = "it may be damaged or cut off: fetch it again"
    if rest:
        advice += " (nothing from there on was read)"
    problems.report(where, line, f"the byte 0x{byte.hex()}, which is not UTF-8{looks}", "UTF-8 text", advice)
