"""All metrics of a set of documents as one plain dict, as flat numbers for a Trainer, and as a table for people."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from .counts import Counts, SpanSource, total
from .nested import nested_counts
from .relaxed import relaxed_boundary_counts, relaxed_overlap_counts
from .strict import strict_counts

METRICS = {
    "strict": strict_counts,
    "relaxed_boundary": relaxed_boundary_counts,
    "relaxed_overlap": relaxed_overlap_counts,
}
"""Name in a report -> function from gold and predicted documents to counts per type."""

NESTED = "nested"  # recall on gold mentions that overlap another; this part of the report has no precision


def evaluate_documents(
    gold: Sequence[SpanSource], predicted: Sequence[SpanSource], *, types: Iterable[str] = ()
) -> dict[str, dict[str, object]]:
    """Evaluate predicted documents against gold, joined by position.

    Args:
        gold: The original documents, so that a mention lost on the way to the model counts as a miss.
        predicted: Documents with the same texts in the same order.
        types: Types to list first, even without spans; other types follow, sorted.

    Returns:
        ``{"strict": {"micro": row, "macro": row, "per_type": {type: row}}, "relaxed_boundary": …, …}`` for `METRICS`,
        with rows of precision, recall, f1, support, tp, fp, fn. A type without gold has F1 0 and support 0; its false
        alarms count in the micro average, but it is left out of the macro average, the mean over types with gold. A
        macro row has ``types``, the number of these, instead of tp, fp, fn. Where gold mentions overlap, also
        ``{"nested": {"micro": row, "per_type": {type: row}}}``, strict recall on these alone. No false alarm is defined
        for them, so the rows have only recall, support, tp and fn.

    Raises:
        ValueError: as `align`.
    """
    wanted = list(dict.fromkeys(types))
    report: dict[str, dict[str, object]] = {}
    for name, count in METRICS.items():
        counts = count(gold, predicted)
        order = wanted + [found for found in counts if found not in wanted]
        per_type = {found: counts.get(found, Counts()) for found in order}
        report[name] = {
            "micro": total(per_type).as_dict(),
            "macro": _macro(per_type.values()),
            "per_type": {found: row.as_dict() for found, row in per_type.items()},
        }
    nested = nested_counts(gold, predicted)
    if nested:
        order = [found for found in wanted if found in nested] + [found for found in nested if found not in wanted]
        report[NESTED] = {
            "micro": _recall(total(nested)),
            "per_type": {found: _recall(nested[found]) for found in order},
        }
    return report


def _recall(counts: Counts) -> dict[str, float | int]:
    return {"recall": counts.recall, "support": counts.support, "tp": counts.tp, "fn": counts.fn}


def _macro(rows: Iterable[Counts]) -> dict[str, float | int]:
    supported = [row for row in rows if row.support]
    if not supported:
        return {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0, "types": 0}
    return {
        "precision": fmean(row.precision for row in supported),
        "recall": fmean(row.recall for row in supported),
        "f1": fmean(row.f1 for row in supported),
        "support": sum(row.support for row in supported),
        "types": len(supported),
    }


def flat(report: Mapping[str, Mapping[str, Any]], *, per_type: bool = False) -> dict[str, float]:
    """The report as single numbers for `compute_metrics`: ``strict_precision``, ``strict_recall``, ``strict_f1``,
    ``strict_macro_f1`` and so on for each metric, and with `per_type` also ``strict_f1_<type>``; ``nested_recall``
    where gold mentions overlap.
    """
    numbers: dict[str, float] = {}
    for name, part in report.items():
        if name == NESTED:
            numbers[f"{NESTED}_recall"] = float(part["micro"]["recall"])
            continue
        for figure in ("precision", "recall", "f1"):
            numbers[f"{name}_{figure}"] = float(part["micro"][figure])
        numbers[f"{name}_macro_f1"] = float(part["macro"]["f1"])
        if per_type:
            numbers.update({f"{name}_f1_{found}": float(row["f1"]) for found, row in part["per_type"].items()})
    return numbers


def table(report: Mapping[str, Mapping[str, Any]]) -> str:
    """The report as a Markdown table with aligned columns (a Chinese character counts as two), readable as plain text.

    Where gold mentions overlap, the last row is strict recall on these alone.
    """
    parts = {name: part for name, part in report.items() if name != NESTED}
    header = ["type", "support", "P", "R", "F1", *(f"{name} F1" for name in parts if name != "strict")]
    labelled = {name: _labelled_rows(part) for name, part in parts.items()}
    rows = []
    for label, strict in labelled["strict"].items():
        figures = [strict["precision"], strict["recall"], strict["f1"]]
        figures += [part[label]["f1"] for name, part in labelled.items() if name != "strict"]
        rows.append([label, str(strict["support"]), *(f"{figure:.4f}" for figure in figures)])
    if NESTED in report:
        nested = report[NESTED]["micro"]
        row = ["nested mentions", str(nested["support"]), "", f"{nested['recall']:.4f}"]
        rows.append(row + [""] * (len(header) - len(row)))
    return markdown_table(header, rows)


def _labelled_rows(part: Mapping[str, Any]) -> dict[str, Mapping[str, object]]:
    return {**part["per_type"], "micro average": part["micro"], "macro average": part["macro"]}


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of a Markdown table: the first column is aligned to the left, the others to the right."""
    widths = [max(_width(row[i]) for row in [header, *rows]) for i in range(len(header))]
    rule = [("-" * width if i == 0 else "-" * (width - 1) + ":") for i, width in enumerate(map(_at_least_two, widths))]
    lines = [_line(header, widths), "| " + " | ".join(rule) + " |", *(_line(row, widths) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for i, (cell, width) in enumerate(zip(cells, map(_at_least_two, widths), strict=True)):
        blanks = " " * (width - _width(cell))
        shown = cell.replace("|", "\\|")
        padded.append(shown + blanks if i == 0 else blanks + shown)
    return "| " + " | ".join(padded) + " |"


def _at_least_two(width: int) -> int:
    return max(width, 2)  # the rule of a right-aligned column is at least "-:"


def _width(text: str) -> int:
    """Columns in a terminal: a wide East Asian character takes two, and "|" becomes "\\|"."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text) + text.count("|")
