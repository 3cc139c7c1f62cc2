"""Questions and answers (P3's preprocessing): one JSON object per line for each document and each entity type.

    {"id": "7", "record": "1", "context": "患者头痛。", "type": "症状", "query": "有哪些症状？",
     "answers": {"text": ["头痛"], "start": [2]}}

as in SQuAD, with none or several answers. The rows of a document follow each other, one for each type that is asked
for, so documents without entities survive, and mentions may nest, cross or share a span. What is read back equals what
was written: texts, spans, ids and records, and scores where there are any (`answers.score`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from os import PathLike
from typing import Any

from ..documents import Document, check_characters, from_row
from ..files import read_lines
from ..problems import DataError, Problems
from ..writing import atomic_write
from .written import Written

NAME = "mrc"
DESCRIPTION = "JSON lines, one per document and entity type: context, query, answers (text, start); nothing is lost."

_ADVICE = "correct or remove the line"


def write(documents: Iterable[Document], path: str | PathLike[str], *, queries: Mapping[str, str]) -> Written:
    """Write a row for each document and each query.

    Args:
        queries: entity type to question; the rows of a document stand in this order.

    Raises:
        DataError: no queries, or a mention of a type that has none.
    """
    if not queries:
        raise DataError("There are no queries, so there is nothing to ask; give one question for each entity type.")
    written = Written()
    with atomic_write(path) as stream:
        for document in documents:
            check_characters(document)
            _check_types(document, queries)
            for kind, query in queries.items():
                stream.write(json.dumps(_row(document, kind, query), ensure_ascii=False) + "\n")
            written.documents += 1
            written.entities += len(document.spans)
    return written


def read(path: str | PathLike[str], *, problems: Problems | None = None) -> Iterator[Document]:
    """Documents of a file, read as they are asked for.

    A document ends where another id, record or context follows, or a type that it has had already.

    Raises:
        DataError: what `read_lines` raises, or a row that is broken or disagrees with its context; with problems
            collected, the row is left out. A document whose rows stand apart is refused as well, since its entities
            would come back in two halves.
    """
    problems = problems or Problems()
    seen: dict[tuple[str, str, int], set[str]] = {}  # types of each document; the context by its hash
    current: Document | None = None
    types: set[str] = set()
    for number, line in read_lines(path, problems):
        if not line.strip():
            continue
        try:
            kind, document = _parsed(line)
        except (ValueError, RecursionError) as error:
            problems.report(path, number, str(error), "a row of context, type, query and answers", _ADVICE)
            continue
        if current is not None and _same(current, document) and kind not in types:
            current = replace(current, spans=current.spans + document.spans)
            types.add(kind)
            continue
        if current is not None:
            yield current
        key = (document.id, document.record, hash(document.text))
        if key in seen and kind not in seen[key]:
            found = f"the type {kind!r} of document {document.id!r} apart from that document's other rows"
            problems.report(path, number, found, "all rows of a document together", "sort the file by id")
            current = None
            continue
        types = seen.setdefault(key, set())
        types.clear()
        types.add(kind)
        current = document
    if current is not None:
        yield current


def _check_types(document: Document, queries: Mapping[str, str]) -> None:
    for span in document.spans:
        if span.type not in queries:
            raise DataError(
                f"Document {document.id!r}: found an entity of type {span.type!r}, which has no query; expected one "
                f"for each type (there are those of {list(queries)}); add it."
            )


def _row(document: Document, kind: str, query: str) -> dict[str, Any]:
    spans = [span for span in document.spans if span.type == kind]
    answers: dict[str, Any] = {
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
    """Type and document of one row; raises ValueError that says what was found."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"broken JSON ({error.msg.removesuffix(' at')} at column {error.colno})") from error
    if not isinstance(row, dict):
        raise ValueError("a line that is no JSON object")
    kind, answers = row.get("type"), row.get("answers")
    if not isinstance(kind, str) or not kind:
        raise ValueError("no string 'type'")
    if not isinstance(row.get("query"), str) or not row["query"].strip():
        raise ValueError(f"no query for the type {kind!r}")
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


def _context(row: Mapping[str, Any]) -> str:
    if not isinstance(row.get("context"), str):
        raise ValueError(f"no string 'context', but {', '.join(map(repr, row))}")
    return str(row["context"])


def _same(one: Document, other: Document) -> bool:
    return (one.id, one.record, one.text) == (other.id, other.record, other.text)
