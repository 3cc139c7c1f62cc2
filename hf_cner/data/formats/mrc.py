"""Questions and answers (P3's preprocessing): one JSON object per line for each document and each entity type.

    {"id": "7", "record": "1", "context": "患者头痛。", "type": "症状", "query": "有哪些症状？",
     "answers": {"text": ["头痛"], "start": [2]}}

as in SQuAD, with none or several answers. The rows of a document are consecutive, one for each type that is asked for,
so documents without entities are kept, and mentions may nest, cross or share a span. Texts, spans, ids, records and
scores (`answers.score`) are read back as they were written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from os import PathLike
from typing import NamedTuple

from ..documents import COUNTED, Document, OffsetFault, check_characters, from_row
from ..endings import JSON, JSON_LINES
from ..files import read_lines
from ..json_text import parse_json
from ..problems import DataError, Problems
from ..reading.foreign import instead_of
from ..reading.offsets import Mention, best_of
from ..shown import brief
from ..writing import atomic_write
from .written import Written

NAME = "mrc"
DESCRIPTION = "JSON lines, one per document and entity type: context, query, answers (text, start); nothing is lost."
LAYOUT = "*.jsonl, one object per line with context, type, query and answers (text, start)"
EXAMPLE = {
    "questions.jsonl": '{"id": "a", "record": "r", "context": "患者头痛，查胸部CT。", "type": "症状", '
    '"query": "有哪些症状？", "answers": {"text": ["头痛"], "start": [2], "score": [0.5]}}\n'
}
PATTERNS = tuple(f"*{ending}" for ending in JSON_LINES)
WRITTEN_AS = (*JSON_LINES, JSON, ".txt")

_ADVICE = "correct or remove the line"


def write(documents: Iterable[Document], path: str | PathLike[str], *, queries: Mapping[str, str]) -> Written:
    """Write a row for each document and each query.

    Args:
        queries: entity type to question; the rows of a document have this order.

    Raises:
        DataError: no queries, a mention of a type without a query, or two texts under one id and record.
    """
    if not queries:
        raise DataError("There are no queries, so there is nothing to ask; give one question for each entity type.")
    written = Written()
    texts: dict[tuple[str, str], str] = {}
    with atomic_write(path) as stream:
        for document in documents:
            check_characters(document)
            _check_types(document, queries)
            if document.id and _names(document) in texts:
                same = texts[_names(document)] == document.text
                found = (
                    f"Document {document.id!r}: found {'it twice' if same else 'another text under this id and record'}"
                )
                raise DataError(
                    f"{found}; expected one, since rows are put together by them; give it an id of its own."
                )
            texts[_names(document)] = document.text
            for kind, query in queries.items():
                stream.write(json.dumps(_row(document, kind, query), ensure_ascii=False) + "\n")
            written.documents += 1
            written.entities += len(document.spans)
    return written


def read(path: str | PathLike[str], *, problems: Problems | None = None) -> Iterator[Document]:
    """Documents of a file.

    A document ends where another id, record or context follows; without an id, also where a type is repeated. Under one
    id and record there is one context, and all documents have rows for the same types: else a single wrong character
    would cut a document in two, and a missing row would mean a text without such entities.

    Raises:
        DataError: an error of `read_lines`, or a row that is broken or contradicts its context; with problems
            collected, the row is left out. A document whose rows are not consecutive, or that has rows for other types
            than most documents, is refused too, since its entities would be incomplete.
    """
    problems = problems or Problems()
    read_ = list(_documents(path, problems))
    usual = Counter(types for _, types, _ in read_).most_common(1)
    for document, types, line in read_:
        if types == usual[0][0]:
            yield document
            continue
        missing, more = sorted(usual[0][0] - types), sorted(types - usual[0][0])
        found = f"no row for the type {brief(missing[0])}" if missing else f"a row for the type {brief(more[0])}"
        expected = f"rows for the types {', '.join(map(brief, sorted(usual[0][0])))}, as most documents have"
        advice = "add the row, with no answers where there are none" if missing else "remove the row, or add it to all"
        problems.report(path, line, f"{found} of document {brief(document.id)}", expected, advice)


def _documents(path: str | PathLike[str], problems: Problems) -> Iterator[tuple[Document, frozenset[str], int]]:
    """Each document with the types of its rows and the line of the last of them."""
    seen = _Seen()
    last = 0
    current: Document | None = None
    hint: str | None = None
    for number, line in read_lines(path, problems):
        if not line.strip():
            continue
        try:
            kind, document = _parsed(line)
        except OffsetFault as fault:
            hint = _hint(path) if hint is None else hint
            problems.report(path, number, fault.found, "a row of context, type, query and answers", hint)
            continue
        except ValueError as error:
            problems.report(path, number, str(error), "a row of context, type, query and answers", _ADVICE)
            continue
        if current is not None and _same(current, document) and kind not in seen.types:
            current = replace(current, spans=current.spans + document.spans)
            seen.types.add(kind)
            last = number
            continue
        fault_ = seen.fault(current, document, kind)
        if fault_ is not None and fault_.of_row:
            problems.report(path, number, *fault_.said)
            continue
        if current is not None:
            yield current, frozenset(seen.types), last
        current = None
        if fault_ is not None:
            problems.report(path, number, *fault_.said)
            continue
        seen.begin(document, kind)
        current, last = document, number
    if current is not None:
        yield current, frozenset(seen.types), last


class _Fault(NamedTuple):
    """The fault of a row: found, expected, advice; and whether the document before it may continue."""

    said: tuple[str, str, str]
    of_row: bool


class _Seen:
    """The documents of a file so far: name to text, and the types that were asked."""

    def __init__(self) -> None:
        self.types: set[str] = set()  # of the current document
        self._types: dict[tuple[str, str, int], set[str]] = {}
        self._texts: dict[tuple[str, str], int] = {}

    def begin(self, document: Document, kind: str) -> None:
        """Begin a new document."""
        self.types = self._types.setdefault((*_names(document), hash(document.text)), set())
        self.types.clear()
        self.types.add(kind)
        self._texts.setdefault(_names(document), hash(document.text))

    def fault(self, current: Document | None, document: Document, kind: str) -> _Fault | None:
        """Why a row cannot begin a document; None if it can."""
        name = f"document {brief(document.id)}"
        text = hash(document.text)
        if document.id and self._texts.get(_names(document), text) != text:
            found = f"another context under the id {brief(document.id)}, which is already used"
            advice = "correct the context, or give the row's document an id of its own"
            return _Fault((found, "one context for all rows of a document", advice), of_row=True)
        if kind not in self._types.get((*_names(document), text), {kind}):
            found = f"the type {brief(kind)} of {name} apart from that document's other rows"
            return _Fault((found, "all rows of a document together", "sort the file by id"), of_row=False)
        if document.id and kind in self._types.get((*_names(document), text), ()):
            found = f"the type {brief(kind)} of {name} twice"
            return _Fault((found, "one row for each document and type", "remove one of the rows"), of_row=True)
        if current is not None and current.text == document.text and kind not in self.types and current.id:
            found = f"the context of document {brief(current.id)} under the id {brief(document.id)}, with the type "
            found += f"{brief(kind)} alone"
            advice = "correct the id or the record, or give this document rows for the same types"
            return _Fault((found, "one id and record for all rows of a document", advice), of_row=True)
        return None


def _names(document: Document) -> tuple[str, str]:
    return document.id, document.record


def _hint(path: str | PathLike[str]) -> str:
    """What to do about offsets, after a look at how those of the whole file were counted."""

    def mentions() -> Iterator[Mention]:
        for _, line in read_lines(path, Problems("skip")):
            try:
                yield from _mentions(parse_json(line))
            except ValueError:
                continue

    best = best_of(mentions())
    return f"{best}: {COUNTED}" if best else _ADVICE


def _mentions(row: object) -> Iterator[Mention]:
    answers = row.get("answers") if isinstance(row, dict) else None
    if not isinstance(row, dict) or not isinstance(answers, dict) or not isinstance(row.get("context"), str):
        return
    texts, starts = answers.get("text"), answers.get("start", answers.get("answer_start"))
    if isinstance(texts, list) and isinstance(starts, list):
        for text, start in zip(texts, starts, strict=False):
            if isinstance(text, str) and isinstance(start, int):
                yield Mention(row["context"], start, None, text)


def _check_types(document: Document, queries: Mapping[str, str]) -> None:
    for span in document.spans:
        if span.type not in queries:
            raise DataError(
                f"Document {document.id!r}: found an entity of type {span.type!r}, which has no query; expected one "
                f"for each type (there are those of {list(queries)}); add it."
            )


def _row(document: Document, kind: str, query: str) -> dict[str, object]:
    spans = [span for span in document.spans if span.type == kind]
    answers: dict[str, object] = {
        "text": [document.mention(span) for span in spans],
        "start": [span.start for span in spans],
    }
    if any(span.score is not None for span in spans):
        answers["score"] = [span.score for span in spans]
    return {
        "id": document.id,
        "record": document.record,
        "context": document.text,
        "type": kind,
        "query": query,
        "answers": answers,
    }


def _parsed(line: str) -> tuple[str, Document]:
    """Type and document of one row; raises ValueError that names the fault."""
    row = parse_json(line)
    if not isinstance(row, dict):
        raise ValueError("a line that is no JSON object")
    kind, answers = row.get("type"), row.get("answers")
    if not isinstance(kind, str) or not kind:
        raise ValueError("no string 'type'")
    if not isinstance(row.get("query"), str) or not row["query"].strip():
        raise ValueError(f"no query for the type {brief(kind)}")
    if not isinstance(answers, dict):
        answers = {}
    texts, starts = answers.get("text"), answers.get("start", answers.get("answer_start"))
    if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
        raise ValueError("no 'answers' with as many 'text' as 'start'")
    scores = answers.get("score") or [None] * len(texts)
    if not isinstance(scores, list) or len(scores) != len(texts):
        raise ValueError("'answers' with another number of scores than of texts")
    entities = [
        {"start": start, "end": start + len(text), "type": kind, "text": text, "score": score}
        if isinstance(text, str) and isinstance(start, int)
        else {"text": text, "start": start}
        for text, start, score in zip(texts, starts, scores, strict=True)
    ]
    return kind, from_row(
        {"id": row.get("id"), "record": row.get("record"), "text": _context(row), "entities": entities}
    )


def _context(row: Mapping[str, object]) -> str:
    if not isinstance(row.get("context"), str):
        raise ValueError(f"no string 'context', but {instead_of('context', row, ('text', 'content'))}")
    return str(row["context"])


def _same(one: Document, other: Document) -> bool:
    return (one.id, one.record, one.text) == (other.id, other.record, other.text)
