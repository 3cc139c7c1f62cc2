"""Reading CoNLL files; `conll.py` describes them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from ...modeling.schemes import allowed_transitions, decode, illegal_positions, tag_names
from ..documents import Document, Span, type_fault
from ..files import read_lines
from ..problems import Problems
from ..reading.locate import stem
from ..shown import brief
from .tags import (
    SCHEME_NAMES,
    SEPARATORS,
    Layout,
    Spelling,
    check_dialect,
    detect,
    from_iob1,
    is_iob1,
    parse_tag,
    scheme_named,
    separator_named,
    spell_tag,
)

DOCSTART = "-DOCSTART-"
_WHERE = " (every command that reads a corpus takes it)"


class _Row(NamedTuple):
    line: int
    token: str
    tag: str


class _Sentence(NamedTuple):
    """Rows of one sentence; none if it is faulty. `begins`: a record begins here."""

    rows: list[_Row]
    begins: bool


def read(
    path: str | PathLike[str],
    *,
    problems: Problems | None = None,
    scheme: str | None = None,
    dialect: str | None = None,
    separator: str | None = None,
    column: int | None = None,
) -> Iterator[Document]:
    """One document per sentence, read lazily.

    Ids are the file's name and the sentence's number; the record is the id of its first sentence.

    Args:
        path: the file, which is read twice: first for its spelling and scheme.
        scheme: one of `SCHEME_NAMES`; by default detected from the tags, never as IOB1.
        dialect: one of `DIALECTS`; by default detected.
        separator: between character and tag: space, tab, comma, one character or any of several; by default the last
            blank, tab or comma of each line.
        column: the tag's column in lines with several columns, from 1, or from -1 at the end; the character (or word)
            is in the first. By default a line with more than two columns is a fault.

    Raises:
        DataError: a line without a character or a tag, or a sequence that its scheme forbids, with file and line. With
            problems collected, such a sentence is left out, and of a forbidden sequence only the fragment.
    """
    problems = problems or Problems()
    spelling = Spelling(scheme and scheme_named(scheme), dialect, separator_named(separator), column)
    if dialect is not None:
        check_dialect(dialect)
    if column in (0, 1):
        raise ValueError(
            f"The tag's column is {column}; give one from 2 (or -1 for the last): the first is the text's."
        )
    unheard = Problems("skip")  # faults are reported in the second reading
    found = Counter(row.tag for sentence in _sentences(path, spelling, unheard) for row in sentence.rows)
    layout = detect(found, dialect=dialect, scheme=spelling.scheme)
    file = _File(path, layout, problems, spelling)
    name = stem(Path(path))
    record, in_records = "", False
    for number, sentence in enumerate(_sentences(path, spelling, problems), 1):
        identity = f"{name}-{number}"
        in_records = in_records or sentence.begins
        record = identity if sentence.begins or not in_records else record
        if sentence.rows and (document := file.document(sentence.rows)):
            yield Document(document.text, document.spans, identity, record)


def _sentences(path: str | PathLike[str], spelling: Spelling, problems: Problems) -> Iterator[_Sentence]:
    rows: list[_Row] = []
    begins, before = False, problems.count  # a problem since then makes the sentence invalid
    for line, text in read_lines(path, problems):
        if text.startswith(DOCSTART) or not text.strip(" \t\r"):
            spoilt = problems.count > before
            if rows or spoilt:
                yield _Sentence([] if spoilt else rows, begins)
                rows, begins, before = [], False, problems.count
            begins = begins or text.startswith(DOCSTART)
            continue
        row = _row(line, text, spelling.separator) if spelling.column is None else _cell(line, text, spelling)
        if isinstance(row, str):
            expected = "one character (or word), a separator and its tag"
            advice = "correct the line; or keep only its first and last column, or name the separator "
            advice += f"with --input-separator, or the tag's column with --input-column (-1 is the last){_WHERE}"
            problems.report(path, line, row, expected, advice)
        else:
            rows.append(row)
    spoilt = problems.count > before
    if rows or spoilt:
        yield _Sentence([] if spoilt else rows, begins)


def _row(line: int, text: str, separator: str | None) -> _Row | str:
    """The row, or its fault."""
    separators = separator or SEPARATORS
    trimmed = text.rstrip(" \t\r")
    place = max(trimmed.rfind(mark) for mark in separators)
    token, tag = trimmed[:place], trimmed[place + 1 :]
    if place < 0:
        return f"{brief(text)}, which has no separator before a tag"
    if not token or not tag:
        return f"{brief(text)}, which has no {'tag' if token else 'character'}"
    if len(token) > 1 and any(mark in token for mark in separators):
        token = token.rstrip(" \t")  # columns that are aligned with blanks
        if not token or any(mark in token for mark in separators):
            return f"{brief(text)}, which has more than two columns"
    return _Row(line, token, tag)


def _cell(line: int, text: str, spelling: Spelling) -> _Row | str:
    """The row of a line with several columns, or its fault."""
    separators, column = spelling.separator or " \t", spelling.column or -1
    trimmed = text.rstrip(" \t\r")
    token, rest = (trimmed[:1], trimmed[1:]) if trimmed[:1] in separators else ("", trimmed)
    if set(separators) <= set(" \t"):
        cells = re.split(f"[{separators}]+", rest.lstrip(separators) if token else rest)
    else:
        cells = re.split(f"[{re.escape(separators)}]", rest[1:] if token else rest)
    cells = [token, *cells] if token else cells
    if not -len(cells) < column <= len(cells):
        return f"{brief(text)}, which has {len(cells)} columns"
    tag = cells[column - 1 if column > 0 else column].strip()
    if not cells[0] or not tag:
        return f"{brief(text)}, which has no {'tag' if cells[0] else 'character'}"
    return _Row(line, cells[0], tag)


@dataclass(frozen=True)
class _File:
    """A file whose layout is known."""

    path: str | PathLike[str]
    layout: Layout
    problems: Problems
    spelling: Spelling

    def document(self, rows: list[_Row]) -> Document | None:
        """The sentence as a document without a name; None if a tag cannot be read."""
        tags: list[str] = []
        for row in rows:
            tag = parse_tag(row.tag, self.layout.dialect)
            if tag is None:
                expected = f"O or a tag like {self.layout.dialect}, as elsewhere in the file"
                advice = "correct the tag, or name its dialect"
                self.problems.report(self.path, row.line, f"the tag {brief(row.tag)}", expected, advice)
                return None
            if fault := type_fault(tag[2:]) if tag != "O" else "":
                found = f"the tag {brief(row.tag)}, whose type has {fault}"
                self.problems.report(self.path, row.line, found, "a type without it", "correct the tags")
                return None
            tags.append(tag)
        tags = from_iob1(tags) if self.layout.scheme == "IOB1" else tags
        for place in illegal_positions(tags, self.scheme):
            self._report_illegal(rows, tags, place)
        starts = [0]
        for row in rows:
            starts.append(starts[-1] + len(row.token))
        spans = (Span(starts[first], starts[last], type_) for first, last, type_ in decode(tags, self.scheme))
        return Document("".join(row.token for row in rows), tuple(spans))

    @property
    def scheme(self) -> str:
        """The scheme of the tags when they are checked: IOB1 is converted to BIO."""
        return "BIO" if self.layout.scheme == "IOB1" else self.layout.scheme

    def _report_illegal(self, rows: list[_Row], tags: list[str], place: int) -> None:
        before = tags[place - 1] if place else "O"
        at_end = place == len(tags)
        previous = brief(rows[place - 1].tag) if place else "the beginning of the sentence"
        found = f"the {'end of the sentence' if at_end else f'tag {brief(rows[place].tag)}'} after {previous}"
        names = tag_names(self.scheme, [(before if before != "O" else tags[min(place, len(tags) - 1)])[2:]])
        # A tag that the scheme does not have is reported in its place; after it, tags that may follow O are legal.
        row = allowed_transitions(self.scheme, names)[1][names.index(before) if before in names else 0]
        legal = [spell_tag(name, self.layout.dialect) for name, allowed in zip(names, row, strict=True) if allowed]
        expected = f"{' or '.join(legal)} (scheme {self.scheme})"
        line = rows[min(place, len(rows) - 1)].line
        self.problems.report(self.path, line, found, expected, self.advice)

    @cached_property
    def advice(self) -> str:
        """What to do about a forbidden sequence, judged by the whole file."""
        if self.spelling.scheme is None and self.scheme == "BIO":
            for sentence in _sentences(self.path, self.spelling, Problems("skip")):
                if not is_iob1([parse_tag(row.tag, self.layout.dialect) or "?" for row in sentence.rows]):
                    break
            else:
                return "the whole file can be read as IOB1: if that is its scheme, say --input-scheme IOB1" + _WHERE
        return f"correct the tags, or name their scheme with --input-scheme {', '.join(SCHEME_NAMES)}{_WHERE}"
