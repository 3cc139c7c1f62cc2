"""Why an F1 is 0, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MANY = 0.2  # share of unknown characters: then the vocabulary is of another language


def why_zero(report: Mapping[str, Any], *, unknown: float = 0.0) -> str | None:
    """Why the strict micro F1 of a report is 0; None if it is not 0.

    Args:
        report: the result of `evaluate_documents`.
        unknown: the share of characters that the model's vocabulary lacks, from 0 to 1.
    """
    row = report["strict"]["micro"]
    if row["f1"] > 0:
        return None
    gold, predicted = row["tp"] + row["fn"], row["tp"] + row["fp"]
    if not gold:
        return "strict F1 is 0 because the gold has no mention; is this the annotated file?"
    if unknown > _MANY:
        return (
            f"strict F1 is 0, and {unknown:.0%} of the characters are unknown to the model's vocabulary: it cannot "
            "read these texts; take an encoder whose vocabulary holds Chinese characters."
        )
    if not predicted:
        return (
            f"strict F1 is 0 because the model predicted nothing, of {gold:,} gold mentions; it was trained too "
            "briefly (see the loss in training_log.json), or on texts of another kind."
        )
    near = report.get("relaxed_overlap", {}).get("micro", {}).get("tp", 0)
    where = f"{near:,} of them overlap gold of their type" if near else "none of them overlaps gold of its type"
    return (
        f"strict F1 is 0 because none of the {predicted:,} predicted mentions is one of the {gold:,} in the gold; "
        f"{where}: compare the offsets and types of both, or train for longer."
    )
