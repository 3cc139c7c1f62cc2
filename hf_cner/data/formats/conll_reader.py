"""Reading CoNLL files; what they look like stands in `conll.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from ...modeling.schemes import allowed_transitions, check_scheme, decode, illegal_positions, tag_names
from ..documents import Document, Span
from ..files import read_lines
from ..problems import Problems
from ..reading.locate import stem
from ..shown import brief
from .tags import SEPARATORS, Layout, check_dialect, detect, parse_tag, spell_tag

DOCSTART = "-DOCSTART-"


class _Row(NamedTuple):
    line: int
    token: str
    tag: str


class _Sentence(NamedTuple):
    """Rows of one sentence; none if something is wrong with it. `begins`: a record begins here."""

    rows: list[_Row]
    begins: bool


def read(
    path: str | PathLike[str],
    *,
    problems: Problems | None = None,
    scheme: str | None = None,
    dialect: str | None = None,
    separator: str | None = None,
) -> Iterator[Document]:
    """One document per sentence, read as they are asked for.

    Ids are the file's name and the sentence's number; the record is the id of its first sentence.

    Args:
        path: the file, which is read twice: first for its spelling and scheme.
        scheme: BIO, BIOE or BIOES; by default what the tags of the file look like.
        dialect: one of `DIALECTS`; by default likewise.
        separator: what stands between character and tag, one character or any of several; by default the last blank,
            tab or comma of each line.

    Raises:
        DataError: a line without a character or a tag, or a sequence that its scheme forbids, with file and line. With
            problems collected, such a sentence is left out, and of a forbidden sequence only the fragment.
    """
    problems = problems or Problems()
    if scheme is not None:
        check_scheme(scheme)
    if dialect is not None:
        check_dialect(dialect)
    unheard = Problems("skip")  # whatever is wrong is reported on the second reading
    found = Counter(row.tag for sentence in _sentences(path, separator, unheard) for row in sentence.rows)
    layout = detect(found, dialect=dialect, scheme=scheme)
    name = stem(Path(path))
    record, in_records = "", False
    for number, sentence in enumerate(_sentences(path, separator, problems), 1):
        identity = f"{name}-{number}"
        in_records = in_records or sentence.begins
        record = identity if sentence.begins or not in_records else record
        if sentence.rows and (document := _document(sentence.rows, layout, path, problems)):
            yield Document(document.text, document.spans, identity, record)


def _sentences(path: str | PathLike[str], separator: str | None, problems: Problems) -> Iterator[_Sentence]:
    rows: list[_Row] = []
    begins, before = False, len(problems.items)  # a problem that was noted since then spoils the sentence
    for line, text in read_lines(path, problems):
        if text.startswith(DOCSTART) or not text.strip(" \t\r"):
            spoilt = len(problems.items) > before
            if rows or spoilt:
                yield _Sentence([] if spoilt else rows, begins)
                rows, begins, before = [], False, len(problems.items)
            begins = begins or text.startswith(DOCSTART)
            continue
        row = _row(line, text, separator)
        if isinstance(row, str):
            expected = "one character (or word), a separator and its tag"
            advice = "correct the line; or keep only its first and last column, or name the separator"
            problems.report(path, line, row, expected, advice)
        else:
            rows.append(row)
    spoilt = len(problems.items) > before
    if rows or spoilt:
        yield _Sentence([] if spoilt else rows, begins)


def _row(line: int, text: str, separator: str | None) -> _Row | str:
    """The row, or what is wrong with it."""
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


def _document(rows: list[_Row], layout: Layout, path: str | PathLike[str], problems: Problems) -> Document | None:
    """The sentence as a document without a name; None if a tag cannot be read."""
    tags: list[str] = []
    for row in rows:
        tag = parse_tag(row.tag, layout.dialect)
        if tag is None:
            expected = f"O or a tag like {layout.dialect}, as elsewhere in the file"
            problems.report(
                path, row.line, f"the tag {brief(row.tag)}", expected, "correct the tag, or name its dialect"
            )
            return None
        tags.append(tag)
    for place in illegal_positions(tags, layout.scheme):
        _report_illegal(rows, tags, place, layout, path, problems)
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row.token))
    spans = (Span(starts[first], starts[last], type_) for first, last, type_ in decode(tags, layout.scheme))
    return Document("".join(row.token for row in rows), tuple(spans))


def _report_illegal(
    rows: list[_Row], tags: list[str], place: int, layout: Layout, path: str | PathLike[str], problems: Problems
) -> None:
    before = tags[place - 1] if place else "O"
    at_end = place == len(tags)
    previous = brief(rows[place - 1].tag) if place else "the beginning of the sentence"
    found = f"the {'end of the sentence' if at_end else f'tag {brief(rows[place].tag)}'} after {previous}"
    names = tag_names(layout.scheme, [(before if before != "O" else tags[min(place, len(tags) - 1)])[2:]])
    # A tag that the scheme does not have is reported where it stands; after it anything goes that may follow O.
    row = allowed_transitions(layout.scheme, names)[1][names.index(before) if before in names else 0]
    legal = [spell_tag(name, layout.dialect) for name, allowed in zip(names, row, strict=True) if allowed]
    expected = f"{' or '.join(legal)} (scheme {layout.scheme})"
    line = rows[min(place, len(rows) - 1)].line
    problems.report(path, line, found, expected, "correct the tags, or name the scheme that they are in")
