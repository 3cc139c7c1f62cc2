"""The training curve as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..data.extras import install

PICTURE = "training_curve.png"
Points = list[tuple[float, float]]


def draw_curve(log: Iterable[Mapping[str, object]], path: Path) -> str | None:
    """Draw loss and F1 over the epochs; returns None, or why there is no picture.

    Args:
        log: the entries of `training_log.json` (transformers' `log_history`).
        path: of the PNG file.
    """
    entries = list(log)
    losses = {"training": points(entries, "loss"), "dev": points(entries, "eval_loss")}
    f1 = points(entries, "eval_strict_f1")
    if not any(losses.values()) and not f1:
        return "The run left no log to draw a training curve from."
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return f"The training curve was not drawn: matplotlib is not installed ({install('plots')})."
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2 if f1 else 1, squeeze=False)[0]
    for label, found in losses.items():
        if found:
            axes[0].plot(*zip(*found, strict=True), marker=".", label=label)
    axes[0].set(xlabel="epoch", ylabel="loss per character")
    if axes[0].lines:
        axes[0].legend(frameon=False)
    if f1:
        axes[1].plot(*zip(*f1, strict=True), marker=".", color="tab:green")
        axes[1].set(xlabel="epoch", ylabel="strict F1 on dev", ylim=(0, 1))
    for each in axes:
        each.grid(alpha=0.3)
        each.spines[["top", "right"]].set_visible(False)
    # No date or version in the file: equal runs give equal pictures.
    figure.savefig(path, dpi=120, metadata={"Software": None})
    return None


def points(log: Iterable[Mapping[str, Any]], key: str) -> Points:
    """Epoch and value of every finite entry."""
    found = [(float(entry["epoch"]), float(entry[key])) for entry in log if key in entry and "epoch" in entry]
    return [(epoch, value) for epoch, value in found if math.isfinite(value)]
