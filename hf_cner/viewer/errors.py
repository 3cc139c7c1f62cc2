"""Gold compared with predictions: rows of the page, counts per type, and a JSON object."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO

from ..data.documents import Document
from ..metrics.counts import Key, align
from ..metrics.errors import KINDS, Error, find_errors
from .page import Row, row_of, write_page

Counts = Mapping[str, Mapping[str, int]]
COLUMNS = ("gold", "predicted", "correct", *KINDS)


def error_rows(gold: Sequence[Document], predicted: Sequence[Document]) -> Iterator[Row]:
    """`row_of` with gold and predicted spans together: `[start, end, type, score, kind, side, partner]`.

    The kind is `correct` or one of `metrics.errors.KINDS`, the side `both`, `gold` or `predicted`, and the partner the
    index of the other span of a pair, or null. A correct span is listed once.

    Raises:
        ValueError: the two lists differ in length or in their texts.
    """
    by_document: dict[int, list[Error]] = defaultdict(list)
    for error in find_errors(gold, predicted):
        by_document[error.document].append(error)
    for number, (one, other) in enumerate(zip(gold, predicted, strict=True)):
        scores = {(span.start, span.end, span.type): span.score for span in other.spans}
        yield {**row_of(one), "spans": _spans(one, scores, by_document[number])}


def _spans(gold: Document, scores: Mapping[Key, float | None], errors: Iterable[Error]) -> list[list[object]]:
    right = sorted({(span.start, span.end, span.type) for span in gold.spans} & scores.keys())
    rows: list[list[object]] = [[*key, scores[key], "correct", "both", None] for key in right]
    for error in errors:
        paired = error.gold is not None and error.predicted is not None
        if error.gold is not None:
            rows.append([*error.gold, None, error.kind, "gold", len(rows) + 1 if paired else None])
        if error.predicted is not None:
            partner = len(rows) - 1 if paired else None
            rows.append([*error.predicted, scores[error.predicted], error.kind, "predicted", partner])
    return rows


def errors_per_type(
    gold: Sequence[Document], predicted: Sequence[Document], types: Sequence[str]
) -> dict[str, dict[str, int]]:
    """For each type: gold, predicted, correct, and the number of errors of each kind; a pair counts for its gold type.

    The given types come first; other types that occur follow.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in types}

    def count(name: str, what: str) -> None:
        counts.setdefault(name, Counter())[what] += 1

    for ours, theirs in align(gold, predicted):
        for what, keys in (("gold", ours), ("predicted", theirs), ("correct", ours & theirs)):
            for key in sorted(keys):
                count(key[2], what)
    for error in find_errors(gold, predicted):
        place = error.gold or error.predicted
        assert place is not None  # an error has at least one side
        count(place[2], error.kind)
    return {name: {what: found[what] for what in COLUMNS} for name, found in counts.items()}


def sums(per_type: Counts) -> list[int]:
    """The sum of each column of `errors_per_type`."""
    return [sum(row[column] for row in per_type.values()) for column in COLUMNS]


def write_errors_page(
    stream: IO[str],
    gold: Sequence[Document],
    predicted: Sequence[Document],
    per_type: Counts,
    *,
    title: str,
    remarks: Sequence[str] = (),
) -> None:
    """Write the page that compares gold with predictions, with `errors_per_type` and remarks."""
    rows = [[name, *(row[column] for column in COLUMNS)] for name, row in per_type.items()]
    table = {"columns": list(COLUMNS), "rows": rows, "sums": sums(per_type), "remarks": list(remarks)}
    about = {"table": table}
    write_page(stream, error_rows(gold, predicted), title=title, mode="errors", types=list(per_type), about=about)


def errors_as_json(gold: Sequence[Document], predicted: Sequence[Document]) -> list[Row]:
    """One object for each error: document, record, kind, gold entity or null, predicted entity or null."""
    found: list[Row] = []
    for error in find_errors(gold, predicted):
        one, other = gold[error.document], predicted[error.document]
        scores = {(span.start, span.end, span.type): span.score for span in other.spans}
        sides = {
            "gold": _entity(one, error.gold, None),
            "predicted": _entity(other, error.predicted, scores.get(error.predicted) if error.predicted else None),
        }
        found.append({"document": one.id or str(error.document + 1), "record": one.record, "kind": error.kind, **sides})
    return found


def _entity(document: Document, key: Key | None, score: float | None) -> Row | None:
    if key is None:
        return None
    start, end, type_ = key
    entity: Row = {"start": start, "end": end, "type": type_, "text": document.text[start:end]}
    return entity if score is None else {**entity, "score": score}
