"""A reproduced table as Markdown: our figures beside the published ones, and notes on both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ..metrics.report import markdown_table
from .summary import inversions
from .tables import FIGURES

Outcome: TypeAlias = Mapping[str, Any]
"""What `results.json` of a reproduction holds."""

LETTERS = {"precision": "P", "recall": "R", "f1": "F1"}
NOTHING = "–"


def markdown(outcome: Mapping[str, object]) -> str:
    """The whole report."""
    parts = [
        _head(outcome),
        _figures(outcome),
        _not_run(outcome),
        _order(outcome),
        _per_type(outcome),
        _times(outcome),
        _samples(outcome),
        _notes(outcome),
        _pictures(outcome),
        _made_with(outcome),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def title(outcome: Outcome) -> str:
    """One line; it names the small scale, and a corpus that is not the paper's."""
    table, corpus = outcome["table"], outcome["protocol"]["corpus"]
    here = [] if corpus == table["corpus"] else [f"on {corpus}"]
    if outcome["small"]:
        here.append("at a small scale, with encoders pretrained on the spot")
    return f"{table['paper']}, {table['where']}: {table['title']}" + (f"; here {', '.join(here)}" if here else "")


def _head(outcome: Outcome) -> str:
    protocol = outcome["protocol"]
    seeds = ", ".join(map(str, protocol["seeds"]))
    lines = [
        f"# {title(outcome)}",
        f"Ours: {protocol['sentence']} Data fingerprint {protocol['fingerprint']}, split {protocol['split_hash']}, "
        f"seeds {seeds}. The published figures were measured on the paper's own split, with its own encoders.",
    ]
    if (left := outcome["table"]["rows"] - len(outcome["rows"])) > 0:
        lines.append(f"Only these rows were asked for; the table has {left} more.")
    if outcome["settings"]:
        lines.append(f"Settings of every row: {', '.join(f'`{item}`' for item in outcome['settings'])}.")
    given = {key: f"{key} is {_known(name, outcome['given'][key])}" for key, name in outcome["encoders"].items()}
    if given:
        lines.append(f"Encoders: {', '.join(given.values())}.")
    made_from = outcome["made_from"]
    if outcome["vectors"]:
        lines.append(f"Static vectors: {_known(outcome['vectors'], made_from['vectors'])}.")
    if made_from["pretraining"]:
        lines.append(f"Settings of what was pretrained here: {', '.join(f'`{i}`' for i in made_from['pretraining'])}.")
    if outcome["small"]:
        own = "".join(f"; {name} has {_listed(settings)}" for name, settings in outcome["small"]["rows"].items())
        lines.append(
            f"Rows with a small encoder have {_listed(outcome['small']['all'])}{own}, where no setting of every row "
            "says else."
        )
    if outcome["made"]:
        lines.append("Made on the spot: " + "; ".join(f"{name}: {how}" for name, how in outcome["made"].items()) + ".")
    if outcome["unlabelled_left_out"]:
        lines.append(
            f"{outcome['unlabelled_left_out']:,} unlabelled texts were left out, because they hold a text of a part "
            "that is held out here."
        )
    return "\n\n".join(lines)


def _known(name: str, fingerprint: str) -> str:
    """A path with its fingerprint, or a name on the Hub."""
    return name if fingerprint == name else f"{name} ({fingerprint})"


def _listed(settings: Mapping[str, object], path: str = "") -> str:
    """`training.num_train_epochs 15, model.windows.max_length 128`."""
    return ", ".join(
        _listed(value, f"{path}{key}.") if isinstance(value, Mapping) else f"{path}{key} {value}"
        for key, value in settings.items()
    )


def _figures(outcome: Outcome) -> str:
    header = [
        "model",
        *(f"published {LETTERS[name]}" for name in FIGURES),
        *(f"ours {LETTERS[name]}" for name in FIGURES),
    ]
    header += ["difference of F1", "parameters", "seconds per epoch"]
    rows, begins, doubts = [], set(), []
    for row in outcome["rows"]:
        ours = row["ours"]
        mark = ""
        if row["doubtful"]:
            doubts.append(f"{row['name']}: {row['doubtful']}")
            mark += f" ({len(doubts)})"
        if ours and ours["begins_with"] == "random characters":
            begins.add(row["name"])
            mark += " (a)"
        cells = [row["name"] + mark, *(_number(row["published"].get(name)) for name in FIGURES)]
        if ours is None:
            rows.append([*cells, *([NOTHING] * 6)])
            continue
        cells += [spread(ours[name]) for name in FIGURES]
        published = row["published"].get("f1")
        cells.append(NOTHING if published is None else f"{ours['f1']['mean'] - published:+.2f}")
        cells += [f"{ours['parameters']:,}", spread(ours["seconds_per_epoch"], digits=1)]
        rows.append(cells)
    lines = [
        markdown_table(header, rows),
        "Strict figures in percent; ours as mean ± standard deviation over the seeds.",
    ]
    if begins:
        lines[-1] += " (a): its character vectors begin at random; --unlabelled or --vectors gives it trained ones."
    if silent := [row["name"] for row in outcome["rows"] if row["ours"] and not row["ours"]["f1"]["mean"]]:
        lines.append(
            f"Nothing right was found by {', '.join(silent)}: before you conclude anything from that, give more epochs "
            "or higher rates (--set training.num_train_epochs=…, training.learning_rate=…)."
        )
    lines += [f"({number}) {doubt}." for number, doubt in enumerate(doubts, 1)]
    return "\n\n".join(lines)


def _not_run(outcome: Outcome) -> str:
    missing = [row for row in outcome["rows"] if row["ours"] is None]
    if not missing:
        return ""
    return "## Not run\n\n" + "\n".join(f"- {row['name']}: {row['not_run']}." for row in missing)


def _order(outcome: Outcome) -> str:
    known = [row for row in outcome["rows"] if row["ours"] and "f1" in row["published"]]
    if len(known) < 2:
        return ""
    by_name = {row["name"]: row["ours"]["f1"] for row in known}
    found = inversions(outcome["rows"])
    if not found:
        return "## Order\n\nThe rows that were run come out in the published order, by F1."
    lines = [
        f"- {better} over {worse}: ours {spread(by_name[better])} against {spread(by_name[worse])}"
        for better, worse in found
    ]
    said = "The published order does not come out in these pairs (by mean F1; equal ones count):"
    return f"## Order\n\n{said}\n\n" + "\n".join(lines)


def _per_type(outcome: Outcome) -> str:
    types: Mapping[str, str] = outcome["table"]["types"]
    rows = [row for row in outcome["rows"] if row["published_per_type"] or (types and row["ours"])]
    if not types or not rows:
        return ""
    sections = ["## Per type"]
    for name, true in types.items():
        lines = []
        for row in rows:
            published = row["published_per_type"].get(name, {})
            ours = (row["ours"] or {}).get("per_type", {}).get(true)
            cells = [row["name"], *(_number(published.get(figure)) for figure in FIGURES)]
            lines.append(cells + [spread(ours[figure]) if ours else NOTHING for figure in FIGURES])
        header = [
            f"{name} ({true})",
            *(f"published {LETTERS[f]}" for f in FIGURES),
            *(f"ours {LETTERS[f]}" for f in FIGURES),
        ]
        sections.append(markdown_table(header, lines))
    return "\n\n".join(sections)


def _times(outcome: Outcome) -> str:
    seconds = {row["name"]: row["ours"]["seconds_per_epoch"] for row in outcome["rows"] if row["ours"]}
    lines = []
    for pair in outcome["table"]["times"]:
        one, other = seconds.get(pair["row"]), seconds.get(pair["against"])
        if one is None or other is None:
            ours = "not measured here: a row was not run, or its run was continued after its last epoch"
        elif len(_made_by(outcome, (pair["row"], pair["against"]))) > 1:
            ours = "not comparable: they were measured with different versions or on different machines"
        else:
            ratio = one["mean"] / other["mean"]
            less = other["mean"] - one["mean"]
            ours = (
                f"{one['mean']:.1f} s against {other['mean']:.1f} s per epoch, {abs(less):.1f} s "
                f"{'faster' if less >= 0 else 'slower'}, a ratio of {ratio:.3f}"
            )
        ratio_printed = f", a ratio of {pair['ratio']}" if "ratio" in pair else ""
        lines.append(
            f"- {pair['row']} against {pair['against']}: published {pair['published']}{ratio_printed}; ours {ours}."
        )
    if not lines:
        return ""
    return (
        "## Training time\n\n" + "\n".join(lines) + "\n\nOurs is the median epoch of each run, evaluation not counted."
    )


def _samples(outcome: Outcome) -> str:
    found = [row for row in outcome["rows"] if row["ours"] and "samples" in row["ours"]]
    if not found and not outcome["table"]["samples"]:
        return ""
    sections = ["## Error samples"]
    printed = [[predicted, true] for predicted, true in outcome["table"]["samples"]]
    if printed:
        sections += ["Published:", markdown_table(["prediction", "true entity"], printed)]
    for row in found:
        samples = row["ours"]["samples"]
        if samples is None:
            sections.append(f"Ours, {row['name']}: none, for the weights were not kept; --overwrite trains them again.")
            continue
        kinds = ", ".join(f"{kind} {number}" for kind, number in samples["kinds"].items())
        lines = [
            [str(pair[key]) for key in ("predicted", "predicted_type", "true", "true_type", "kind", "times")]
            for pair in samples["pairs"]
        ]
        header = ["prediction", "as", "true entity", "is", "mistake", "times"]
        sections += [
            f"Ours, {row['name']} with seed {row['ours']['seeds'][0]} (mistakes: {kinds}). These are words of the "
            "corpus, under its licence:",
            markdown_table(header, lines),
        ]
    return "\n\n".join(sections)


def _notes(outcome: Outcome) -> str:
    notes = [*outcome["table"]["notes"], *(f"{row['name']}: {row['note']}" for row in outcome["rows"] if row["note"])]
    return "## Notes\n\n" + "\n".join(f"- {note.rstrip('.')}." for note in notes) if notes else ""


def _pictures(outcome: Outcome) -> str:
    lines = [f"![{name}]({name})" for name in outcome["pictures"]]
    return "\n\n".join([*lines, *outcome["pictures_left_out"]])


def _made_with(outcome: Outcome) -> str:
    groups = _made_by(outcome, [row["name"] for row in outcome["rows"]])
    if len(groups) == 1:
        return f"Made with {next(iter(groups))}."
    return "\n\n".join(f"{', '.join(names)}: made with {how}." for how, names in groups.items())


def _made_by(outcome: Outcome, names: Sequence[str]) -> dict[str, list[str]]:
    """Versions and machine in words, and the rows of these that were made with them."""
    groups: dict[str, list[str]] = {}
    for row in outcome["rows"]:
        for made in row["ours"]["made_with"] if row["ours"] and row["name"] in names else ():
            words = [", ".join(f"{k} {v}" for k, v in made[part].items()) for part in ("versions", "hardware")]
            groups.setdefault("; on ".join(words), []).append(row["name"])
    return groups


def spread(value: Mapping[str, object] | None, *, digits: int = 2) -> str:
    """`83.46 ± 0.21`, without the deviation where there is one run."""
    if value is None:
        return NOTHING
    mean = f"{value['mean']:.{digits}f}"
    return mean if value["sd"] is None else f"{mean} ± {value['sd']:.{digits}f}"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def lines_of(outcome: Outcome) -> Iterator[Sequence[str]]:
    """For a terminal: model, published F1, our F1, or why there is none."""
    for row in outcome["rows"]:
        ours = spread(row["ours"]["f1"]) if row["ours"] else f"not run: {row['not_run']}"
        yield [row["name"], _number(row["published"].get("f1")), ours]
