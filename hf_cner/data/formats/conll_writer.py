"""Writing CoNLL files; `conll.py` describes them, and what they cannot hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from os import PathLike
from typing import IO

from ...modeling.schemes import Triple, check_scheme, encode, inexpressible
from ..documents import Document, Span, check_characters
from ..problems import DataError
from ..writing import atomic_write
from .conll_reader import DOCSTART
from .tags import SEPARATORS, check_dialect, detect, parse_tag, separator_named, spell_tag
from .written import Lost, Written

_LINE_END = re.compile(r"\r\n|\r|\n")


def write(
    documents: Iterable[Document],
    path: str | PathLike[str],
    *,
    scheme: str = "BIO",
    dialect: str = "B-X",
    separator: str = " ",
) -> Written:
    """Write the documents; the file takes its name when it is whole.

    Records of several sentences are marked by `-DOCSTART-`, and so is every later record.

    Returns:
        What was lost: entities that overlap a longer one, or that hold a line end.

    Raises:
        DataError: a type that a tag cannot hold.
        ValueError: an unknown scheme, dialect or separator.
    """
    scheme = scheme.upper()
    check_scheme(scheme)
    check_dialect(dialect)
    separator = separator_named(separator) or ""
    if separator not in tuple(SEPARATORS):
        raise ValueError(f"The separator is {separator!r}; choose space, tab or comma.")
    written = Written()
    records = _Records(written)
    used: Counter[str] = Counter()
    with atomic_write(path) as stream:
        for document in documents:
            _check_types(document)
            check_characters(document)
            written.documents += 1
            written.entities += len(document.spans)
            sentences = list(_lines(document, written))
            if sentences and records.begins(document, several=len(sentences) > 1):
                stream.write(f"{DOCSTART}{separator}O\n\n")
            for text, spans in sentences:
                tags = [spell_tag(tag, dialect) for tag in encode(spans, len(text), scheme)]
                used.update(tags)
                rows = (f"{char}{separator}{tag}\n" for char, tag in zip(text, tags, strict=True))
                _write(stream, "".join(rows))
        _check_read_back(used, dialect)
    return written


def _check_types(document: Document) -> None:
    for span in document.spans:
        if set(span.type) & {*SEPARATORS, *"\r\n"} or not span.type:
            expected = "one that is not empty and has no blank, tab, comma or line end"
            raise DataError(f"Document {document.id!r}: found the type {span.type!r}; expected {expected}; rename it.")


def _check_read_back(used: Counter[str], dialect: str) -> None:
    """Refuse tags that would be read as those of another dialect."""
    taken = detect(used).dialect
    for tag in sorted(set(used) - {"O"}) if taken != dialect else ():
        kind, other = (parse_tag(tag, form) for form in (dialect, taken))
        if other != kind:
            read = f"as {taken}, with the type {other[2:]!r}" if other else f"as {taken}, in which it says nothing"
            raise DataError(
                f"The type {(kind or tag)[2:]!r} in the dialect {dialect} makes the tag {tag!r}, which is read back "
                f"{read}; expected tags that say one thing; choose another --dialect, or rename the type."
            )


def _write(stream: IO[str], rows: str) -> None:
    # A file that begins with U+FEFF would lose it in reading, so a byte order mark is put before it.
    if rows.startswith("\ufeff") and stream.tell() == 0:
        stream.write("\ufeff")
    stream.write(rows + "\n")


class _Records:
    """The documents that begin a marked record."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self.current: str | None = None
        self.seen: set[str] = set()

    def begins(self, document: Document, *, several: bool) -> bool:
        shared = several or document.record not in ("", document.id)
        if self.current is None and not shared:
            return False
        name = document.record or document.id or f"\n{self.written.documents}"  # without both: a record of its own
        if name == self.current:
            return False
        if name in self.seen:
            self.written.notes["records whose documents do not stand together, written as several"] += 1
        self.seen.add(name)
        self.current = name
        return True


def _lines(document: Document, written: Written) -> Iterator[tuple[str, list[Triple]]]:
    """The lines of a text that are not empty, with the entities that tags can hold."""
    text = document.text
    left = iter(_kept(document, written))
    span = next(left, None)
    ends = [*_LINE_END.finditer(text), None]
    start = 0
    for end in ends:
        stop = end.start() if end else len(text)
        spans: list[Triple] = []
        while span is not None and span[1] <= stop:
            spans.append((span[0] - start, span[1] - start, span[2]))
            span = next(left, None)
        if start < stop:
            yield text[start:stop], spans
        start = end.end() if end else stop
    if len(ends) > 1:
        written.notes["line ends that are not written"] += len(ends) - 1
    if not text.strip("\r\n"):
        written.notes["documents without a character, which are not written"] += 1


def _kept(document: Document, written: Written) -> list[Triple]:
    """The entities, in text order, that tags in lines can hold; the others are recorded as lost."""
    whole: list[Triple] = []
    lost: list[tuple[Span, str]] = []
    for span in document.spans:
        if _LINE_END.search(document.text, span.start, span.end):
            lost.append((span, "line end inside"))
        else:
            whole.append((span.start, span.end, span.type))
    beside = inexpressible(whole)
    lost += [(Span(*triple), reason) for triple, reason in beside]
    written.lost += [Lost(document.id, span, document.mention(span), reason) for span, reason in sorted(lost)]
    # Of equal entities one is kept, so they are counted.
    return sorted((Counter(whole) - Counter(triple for triple, _ in beside)).elements())
