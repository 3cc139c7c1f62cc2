"""What a training run came to, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from ..metrics.report import table


def render(outcome: Mapping[str, Any], console: Console) -> None:
    """Print the tables of `training.run.train`'s results, and where the model lies."""
    if "folds" in outcome:
        _folds(outcome, console)
    else:
        for part, report in outcome["metrics"].items():
            documents, entities = (outcome["data"][key][part] for key in ("documents", "entities"))
            console.print(f"{part}: {documents:,} documents, {entities:,} mentions", markup=False)
            console.print(table(report), markup=False, soft_wrap=True)
        best = outcome["best_epoch"]
        epochs = f"{outcome['epochs']:g} epochs" + ("" if best is None else f", the best was {best:g}")
        console.print(f"{epochs}; {outcome['seconds']['total']:.0f} seconds", markup=False)
    console.print(f"Protocol: {outcome['protocol']}", markup=False, soft_wrap=True)
    left_out = outcome["data"].get("left_out", [])
    if left_out:
        console.print(f"Left out of the data: {len(left_out)} faulty places, listed in results.json", markup=False)
    console.print(f"The model lies in {outcome['checkpoint']}", markup=False, soft_wrap=True)


def _folds(outcome: Mapping[str, Any], console: Console) -> None:
    for number, fold in enumerate(outcome["folds"]):
        row = fold["metrics"]["test"]["strict"]["micro"]
        figures = ", ".join(f"{key} {row[key]:.4f}" for key in ("precision", "recall", "f1"))
        console.print(f"fold {number}: {figures}", markup=False)
    means = outcome["metrics"]["test"]
    figures = ", ".join(f"{key} {row['mean']:.4f} ± {row['sd']:.4f}" for key, row in means.items())
    console.print(f"mean ± sd over {len(outcome['folds'])} folds (strict, micro): {figures}", markup=False)
