"""The results of a training, a search or a pretraining, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from ..metrics.report import table
from ..metrics.zero import why_zero
from .texts import dropped_line

BEST_TRIALS = 10  # trials of a search that are shown
RATE = "training.slot_learning_rates."


def duration(seconds: float | None) -> str:
    """How long a run took; not known for a resumed run."""
    return "resumed, and so not timed" if seconds is None else f"{seconds:.0f} seconds"


def render(outcome: Mapping[str, Any], console: Console) -> None:
    """Print the tables of `training.run.train`'s results, and the folder of the model."""
    if "folds" in outcome:
        _folds(outcome, console)
    else:
        for part, report in outcome["metrics"].items():
            documents, entities = (outcome["data"][key][part] for key in ("documents", "entities"))
            console.print(f"{part}: {documents:,} documents, {entities:,} mentions", markup=False)
            console.print(table(report), markup=False, soft_wrap=True)
            unknown = outcome["data"].get("unknown_characters", {}).get("share", 0.0)
            if why := why_zero(report, unknown=unknown):
                console.print(why, markup=False, soft_wrap=True)
        best = outcome["best_epoch"]
        epochs = f"{outcome['epochs']:g} epochs" + ("" if best is None else f", the best was {best:g}")
        console.print(f"{epochs}; {duration(outcome['seconds']['total'])}", markup=False)
    console.print(f"Protocol: {outcome['protocol']}", markup=False, soft_wrap=True)
    if line := left_out_line(outcome["data"]):
        console.print(line, markup=False)
    console.print(f"The model is in {outcome['checkpoint']}", markup=False, soft_wrap=True)


def _folds(outcome: Mapping[str, Any], console: Console) -> None:
    for number, fold in enumerate(outcome["folds"]):
        row = fold["metrics"]["test"]["strict"]["micro"]
        figures = ", ".join(f"{key} {row[key]:.4f}" for key in ("precision", "recall", "f1"))
        console.print(f"fold {number}: {figures}", markup=False)
    means = outcome["metrics"]["test"]
    figures = ", ".join(f"{key} {row['mean']:.4f} ± {row['sd']:.4f}" for key, row in means.items())
    console.print(f"mean ± sd over {len(outcome['folds'])} folds (strict, micro): {figures}", markup=False)


def render_search(outcome: Mapping[str, Any], console: Console) -> None:
    """Print the best trials of `training.search.search`'s results, and their files."""
    from rich.table import Table

    ranked = sorted(
        (row for row in outcome["trials"] if row["f1"] is not None), key=lambda row: (-row["f1"], row["trial"])
    )
    names = list(outcome["best"]["parameters"])
    shown = Table("trial", "F1", "seconds", *(name.removeprefix("model.").replace(RATE, "rate of ") for name in names))
    for row in ranked[:BEST_TRIALS]:
        values = [f"{v:.3g}" if isinstance(v, float) else str(v) for v in (row[name] for name in names)]
        given_up = " (given up)" if row["state"] == "pruned" else ""
        shown.add_row(str(row["trial"]), f"{row['f1']:.4f}{given_up}", f"{row['seconds']:.0f}", *values)
    console.print(shown)
    if len(ranked) > BEST_TRIALS:
        console.print(f"({len(ranked) - BEST_TRIALS} more in {outcome['files']['trials.csv']})", markup=False)
    console.print(f"Protocol: {outcome['protocol']}", markup=False, soft_wrap=True)
    console.print(f"Train with the best: hf-cner train --config {outcome['files']['best.yaml']} …", markup=False)


def render_pretraining(outcome: Mapping[str, Any], console: Console) -> None:
    """Print the results of `pretraining.run.pretrain`."""
    data = outcome["data"]
    lines = [f"{data['documents']['train']:,} documents, {data['characters']['train']:,} characters in windows"]
    entities = data["entities"]
    if "in_no_text" in entities:
        missing = ", ".join(entities["first_in_no_text"])
        lines.append(
            f"lexicon: {entities['words']:,} words, of which {entities['in_no_text']:,} stand in no text"
            + (f" ({missing}{', …' if entities['in_no_text'] > 5 else ''})" if missing else "")
        )
    held_out = outcome["metrics"]["held_out"]
    if held_out is None:
        lines.append("no text was held out, so nothing was measured")
    else:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in held_out.items())
        lines.append(f"held out, {data['documents']['held_out']:,} documents: {figures}")
    size = f"{outcome['parameters']:,} parameters, {outcome['epochs']:g} epochs"
    lines.append(f"{size}, {duration(outcome['seconds'])}")
    if data.get("dropped"):
        lines.append(dropped_line(data["dropped"]))
    if line := left_out_line(data):
        lines.append(line)
    lines.append(f"The encoder is in {outcome['checkpoint']}")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def left_out_line(data: Mapping[str, Any]) -> str:
    """The number of faulty places that were left out; empty if there were none."""
    listed = len(data.get("left_out") or [])
    count = data.get("left_out_count", listed)
    some = "" if count == listed else f"the first {listed:,} "
    return f"Left out of the data: {count:,} faulty places, {some}listed in results.json" if count else ""
