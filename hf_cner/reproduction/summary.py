"""Several runs of one row as mean and standard deviation, in percent as the papers print."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from .tables import FIGURES

Runs = Sequence[tuple[int, Mapping[str, Any]]]


def summarise(runs: Runs, logs: Sequence[Sequence[Mapping[str, object]]], reported: str) -> dict[str, object]:
    """What the report says of a row.

    Args:
        runs: seed and results (`results.json`) of each.
        logs: `training_log.json` of each.
        reported: the part whose strict figures count.

    Returns:
        precision, recall, f1 with `mean`, `sd` (None for one run) and `values` in percent; `per_type` likewise;
        `seconds_per_epoch` of training alone (the median of each run's epochs); `curve` of strict F1 on dev by epoch;
        `made_with`, the different versions and machines.
    """
    reports = [results["metrics"][reported]["strict"] for _, results in runs]
    types = list(reports[0]["per_type"])
    epochs = [statistics.median(seconds) for _, r in runs if (seconds := r["seconds"]["training_epochs"])]
    return {
        "seeds": [seed for seed, _ in runs],
        **{name: spread([100 * report["micro"][name] for report in reports]) for name in FIGURES},
        "per_type": {
            found: {name: spread([100 * report["per_type"][found][name] for report in reports]) for name in FIGURES}
            for found in types
        },
        "support": {found: reports[0]["per_type"][found]["support"] for found in types},
        "seconds_per_epoch": spread(epochs) if epochs else None,
        "parameters": runs[0][1]["parameters"],
        "epochs": [results["epochs"] for _, results in runs],
        "best_epochs": [results["best_epoch"] for _, results in runs],
        "curve": curve(logs),
        "made_with": _distinct([{key: dict(results[key]) for key in ("versions", "hardware")} for _, results in runs]),
    }


def _distinct(values: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    return [value for number, value in enumerate(values) if value not in values[:number]]


def spread(values: Sequence[float]) -> dict[str, object]:
    """Mean, standard deviation (of a sample; None for a single value) and the values themselves."""
    return {
        "mean": statistics.fmean(values),
        "sd": statistics.stdev(values) if len(values) > 1 else None,
        "values": list(values),
    }


def curve(logs: Sequence[Sequence[Mapping[str, Any]]]) -> list[tuple[float, float]]:
    """Epoch and mean strict F1 on dev in percent, over the runs that reached the epoch; empty without dev."""
    found: dict[float, list[float]] = {}
    for log in logs:
        for entry in log:
            if "eval_strict_f1" in entry and "epoch" in entry:
                found.setdefault(float(entry["epoch"]), []).append(100 * float(entry["eval_strict_f1"]))
    return [(epoch, statistics.fmean(values)) for epoch, values in sorted(found.items())]


def inversions(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of rows that the paper ranks (better, worse) by F1, while our mean of the better one is not higher."""
    known = [row for row in rows if row["ours"] and "f1" in row["published"]]
    return [
        (better["name"], worse["name"])
        for better in known
        for worse in known
        if better["published"]["f1"] > worse["published"]["f1"]
        and better["ours"]["f1"]["mean"] <= worse["ours"]["f1"]["mean"]
    ]
