"""The papers' figures, with ours beside what was published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.extras import install
from ..data.writing import whole_file
from .report import LETTERS, Outcome, title
from .tables import FIGURES, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PUBLISHED, OURS = "#9a9a9a", "#2a6f97"
NEAR = 5.0  # points of F1: published figures that are further from our curve are not drawn


def draw(outcome: Outcome, table: Table, folder: Path) -> tuple[list[str], list[str]]:
    """Draw the pictures of a table: names of the files, and why others were left out.

    Bars of P, R and F1 per model (P1 fig. 6, P3 fig. 2b), of F1 per type (P3 fig. 2a, P4 fig. 3), F1 by number of heads
    (P4 fig. 5), F1 on dev over the training (P4 fig. 4).
    """
    makers: dict[str, Callable[[Figure, Outcome], bool]] = {
        "models": _models,
        "types": _types,
        "heads": _heads,
        "training": _training,
    }
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return [], [f"No pictures were drawn: matplotlib is not installed ({install('plots')})."]
    drawn, left_out = [], []
    for what in table.figures:
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        if not makers[what](figure, outcome):
            left_out.append(f"The picture of {what} was not drawn: none of its rows was run.")
            continue
        figure.suptitle(title(outcome), fontsize=9, wrap=True)
        name = f"{table.name}-{what}.png"
        # No date or version in the file: equal results give equal pictures.
        with whole_file(folder / name) as beside:
            figure.savefig(beside, format="png", dpi=130, metadata={"Software": None})
        drawn.append(name)
    return drawn, left_out


def _models(figure: Figure, outcome: Outcome) -> bool:
    rows = [row for row in outcome["rows"] if row["ours"] or row["published"]]
    if not any(row["ours"] for row in rows):
        return False
    printed = [row["published"] for row in rows if row["published"]]
    panels = [name for name in FIGURES if all(name in published for published in printed)]
    _widen(figure, len(panels) * len(rows))
    for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        published = [row["published"].get(name) for row in rows]
        ours = [row["ours"][name] if row["ours"] else None for row in rows]
        _bars(axes, [row["name"] for row in rows], published, ours)
        axes.set_title(LETTERS[name], fontsize=9)
    _legend(figure)
    return True


def _types(figure: Figure, outcome: Outcome) -> bool:
    types: Mapping[str, str] = outcome["table"]["types"]
    rows = [row for row in outcome["rows"] if row["ours"] and set(types.values()) <= set(row["ours"]["per_type"])]
    if not rows:
        return False
    _widen(figure, len(rows) * len(types))
    for axes, row in zip(figure.subplots(1, len(rows), squeeze=False)[0], rows, strict=True):
        published = [row["published_per_type"].get(name, {}).get("f1") for name in types]
        _bars(axes, list(types), published, [row["ours"]["per_type"][true]["f1"] for true in types.values()])
        axes.set_title(row["name"], fontsize=8)
    _legend(figure)
    return True


def _widen(figure: Figure, pairs: int) -> None:
    """Widen a figure, so that the numbers on so many pairs of bars can be read."""
    figure.set_figwidth(max(9.0, 0.55 * pairs))


def _bars(axes: Axes, names: list[str], published: list[float | None], ours: list[Mapping[str, Any] | None]) -> None:
    places = range(len(names))
    seen = [value for value in published if value is not None]
    for place, value in zip(places, published, strict=True):
        if value is not None:
            axes.bar_label(axes.bar(place - 0.2, value, 0.38, color=PUBLISHED), fmt="%.1f", fontsize=5, padding=1)
    for place, found in zip(places, ours, strict=True):
        if found is not None:
            seen += [found["mean"] - (found["sd"] or 0.0), found["mean"] + (found["sd"] or 0.0)]
            bar = axes.bar(
                place + 0.2, found["mean"], 0.38, yerr=found["sd"], color=OURS, capsize=2, error_kw={"lw": 1}
            )
            axes.bar_label(bar, fmt="%.1f", fontsize=5, padding=1)
    axes.set_xticks(list(places), names, rotation=40, ha="right", fontsize=7)
    low, high = min(seen), max(seen)
    bottom = max(0.0, low - 0.3 * (high - low) - 2)  # a difference of one point is visible
    axes.set_ylim(bottom, min(102.0, high + 0.12 * (high - bottom)))
    axes.set_ylabel("%" if bottom == 0 else "% (the axis does not begin at 0)", fontsize=7)
    _plain(axes)


def _heads(figure: Figure, outcome: Outcome) -> bool:
    rows = [row for row in outcome["rows"] if row["ours"]]
    if not rows:
        return False
    axes = figure.subplots()
    heads = [int(row["name"]) for row in rows]
    means = [row["ours"]["f1"]["mean"] for row in rows]
    errors = [row["ours"]["f1"]["sd"] or 0.0 for row in rows]
    axes.errorbar(heads, means, yerr=errors, marker="o", color=OURS, capsize=3, label="ours")
    printed = [(int(row["name"]), row["published"]["f1"]) for row in outcome["rows"] if "f1" in row["published"]]
    near = [(head, f1) for head, f1 in printed if min(means) - NEAR <= f1 <= max(means) + NEAR]
    if near:
        axes.plot(*zip(*near, strict=True), "s", color=PUBLISHED, label="published")
    for head, f1 in sorted(set(printed) - set(near)):  # these would flatten the curve
        axes.plot([], [], "s", color=PUBLISHED, label=f"published with {head} heads: {f1:.2f} (off the scale)")
    axes.set_xscale("log", base=2)
    axes.set_xticks(heads, [str(head) for head in heads])
    axes.set(xlabel="heads", ylabel="strict F1 (%)")
    axes.legend(frameon=False)
    _plain(axes)
    return True


def _training(figure: Figure, outcome: Outcome) -> bool:
    from matplotlib.ticker import MaxNLocator

    rows = [row for row in outcome["rows"] if row["ours"] and row["ours"]["curve"]]
    if not rows:
        return False
    axes = figure.subplots()
    for row in rows:
        axes.plot(*zip(*row["ours"]["curve"], strict=True), marker=".", label=row["name"])
    axes.set(xlabel="epoch", ylabel="strict F1 on dev (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    _plain(axes)
    return True


def _legend(figure: Figure) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=PUBLISHED, label="published"), Patch(color=OURS, label="ours")]
    figure.legend(handles=handles, loc="outside lower right", ncols=2, frameon=False, fontsize=8)


def _plain(axes: Axes) -> None:
    axes.grid(alpha=0.3, axis="y")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7)
