"""What kind of mistakes a model makes: each unmatched gold and predicted span in exactly one class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .counts import Key, SpanSource, align
from .relaxed import match_boundaries, match_overlaps
from .report import markdown_table

KINDS = ("boundary", "type", "boundary and type", "missed", "spurious")
"""Right type on overlapping boundaries; right boundaries with another type; an overlap with another type; gold without
any partner; prediction without any partner."""

NONE = "(none)"
"""Stands for "no span" in a confusion table."""

Pair: TypeAlias = tuple[Key | None, Key | None]


@dataclass(frozen=True, slots=True)
class Error:
    """One mistake: `document` is the position in the list; `gold` is None when spurious, `predicted` when missed."""

    kind: str
    document: int
    gold: Key | None
    predicted: Key | None


def find_errors(gold: Sequence[SpanSource], predicted: Sequence[SpanSource]) -> list[Error]:
    """All mistakes by the strict metric, in the order of the documents and of the text.

    Exact matches are taken away first; then pairs are formed one to one, as many as possible, on equal boundaries
    ("type"), on overlap with the same type ("boundary"), on any overlap ("boundary and type"). What stays alone was
    missed or is spurious.
    """
    errors: list[Error] = []
    for index, (gold_keys, predicted_keys) in enumerate(align(gold, predicted)):
        found = [Error(kind, index, g, p) for kind, (g, p) in _unequal_pairs(gold_keys, predicted_keys)]
        errors.extend(sorted(found, key=_place))
    return errors


def count_errors(errors: Sequence[Error]) -> dict[str, int]:
    """Number of mistakes of each kind, in the order of `KINDS`."""
    numbers = Counter(error.kind for error in errors)
    return {kind: numbers[kind] for kind in KINDS}


def confusion(gold: Sequence[SpanSource], predicted: Sequence[SpanSource]) -> dict[str, dict[str, int]]:
    """Gold type -> predicted type -> number of pairs, formed as in `find_errors`, exact matches on the diagonal.

    Spans with wrong boundaries but the right type stand on the diagonal as well: this table is about types.
    The row `NONE` holds what was spurious, the column `NONE` what was missed.
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for gold_keys, predicted_keys in align(gold, predicted):
        pairs.update((key[2], key[2]) for key in gold_keys & predicted_keys)
        for _, (g, p) in _unequal_pairs(gold_keys, predicted_keys):
            pairs[(g[2] if g else NONE, p[2] if p else NONE)] += 1
    names = [*sorted({name for pair in pairs for name in pair} - {NONE}), NONE]
    return {row: {column: pairs[row, column] for column in names} for row in names}


def confusion_table(matrix: dict[str, dict[str, int]]) -> str:
    """A confusion matrix as a Markdown table, gold types in rows."""
    rows = [[name, *(str(number) for number in row.values())] for name, row in matrix.items()]
    return markdown_table(["gold \\ predicted", *matrix], rows)


def _unequal_pairs(gold: frozenset[Key], predicted: frozenset[Key]) -> list[tuple[str, Pair]]:
    """Everything that is not an exact match, as (kind, (gold or None, predicted or None))."""
    alone, wrong = set(gold - predicted), set(predicted - gold)
    found: list[tuple[str, Pair]] = []

    def take(kind: str, matched: list[tuple[Key, Key]]) -> None:
        for g, p in matched:
            alone.discard(g)
            wrong.discard(p)
            found.append((kind, (g, p)))

    take("type", match_boundaries(alone, wrong))
    for name in sorted({key[2] for key in alone}):
        take("boundary", match_overlaps({k for k in alone if k[2] == name}, {k for k in wrong if k[2] == name}))
    take("boundary and type", match_overlaps(alone, wrong))
    found += [("missed", (key, None)) for key in alone]
    found += [("spurious", (None, key)) for key in wrong]
    return found


def _place(error: Error) -> tuple[Key, str]:
    place = error.gold or error.predicted
    assert place is not None  # a pair has at least one side
    return place, error.kind
