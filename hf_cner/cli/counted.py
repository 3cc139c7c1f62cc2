"""The counts of `hf-cner inspect`, as lines and tables for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..data.shown import brief

QUANTILES = ("min", "q25", "median", "q75", "q95", "max")


def render(corpus: str, found: Mapping[str, Any], console: Console) -> None:
    """Print the counts of `data.statistics.inspect`."""
    per_type = "/".join(str(row["mentions"]) for row in found["types"].values())
    console.print(
        f"{corpus}: {found['mentions']:,} mentions ({per_type}) in {found['records']:,} records; "
        f"{found['distinct_mentions']:,} distinct mentions (type and text); {found['documents']:,} documents, "
        f"{found['documents_without_entities']:,} of them without entities; {found['characters']:,} characters",
        markup=False,
        soft_wrap=True,
    )
    for heading, table in (
        ("Mentions, and their lengths in characters", _types(found)),
        ("Lengths of the documents", _lengths(found["length"])),
        ("Mentions that tags cannot express", _schemes(found["schemes"])),
        ("Mentions that no window holds whole", _windows(found["windows"])),
    ):
        console.print(f"\n{heading}", style="bold")
        console.print(table)
    for line in _remarks(found):
        console.print(line, markup=False, soft_wrap=True)


def _types(found: Mapping[str, Any]) -> Table:
    table = Table("type")
    for name in ("mentions", "distinct", *QUANTILES, "mean"):
        table.add_column(name, justify="right")
    for name, row in found["types"].items():
        table.add_row(Text(name), str(row["mentions"]), str(row["distinct"]), *_quantiles(row["length"]))
    table.add_section()
    table.add_row("all", str(found["mentions"]), str(found["distinct_mentions"]), *_quantiles(found["mention_length"]))
    return table


def _quantiles(length: Mapping[str, float]) -> list[str]:
    if not length:
        return [""] * (len(QUANTILES) + 1)
    return [*(str(length[name]) for name in QUANTILES), f"{length['mean']:.1f}"]


def _lengths(length: Mapping[str, Any]) -> Table:
    table = Table("characters")
    table.add_column("documents", justify="right")
    table.add_column("")
    bins = length["histogram"]
    most = max((row["count"] for row in bins), default=0)
    for row in bins:
        label = f"{row['from']} to {row['to'] - 1}" if row["to"] is not None else f"from {row['from']}"
        bar = "█" * round(40 * row["count"] / most) if most else ""
        table.add_row(label, str(row["count"]), bar)
    if most:
        table.caption = ", ".join(f"{name} {length[name]}" for name in QUANTILES) + f", mean {length['mean']:.1f}"
        table.caption_justify = "left"
    return table


def _schemes(schemes: Mapping[str, Any]) -> Table:
    table = Table("scheme")
    table.add_column("lost", justify="right")
    table.add_column("why")
    for name, row in schemes.items():
        reasons = ", ".join(f"{reason}: {count}" for reason, count in row["reasons"].items())
        table.add_row(name, str(row["lost"]), reasons or "–")
    return table


def _windows(windows: list[Mapping[str, Any]]) -> Table:
    table = Table("windows")
    for name in ("number", "longest", "read per character", "cut"):
        table.add_column(name, justify="right")
    for row in windows:
        options = row["options"]
        label = f"{options['policy']}, {options['max_length']} characters, overlap {options['overlap']}"
        table.add_row(
            label,
            str(row["windows"]),
            str(row["length"].get("max", 0)),
            f"{row['characters_read_per_character']:.2f}",
            str(row["cut"]),
        )
    return table


def _remarks(found: Mapping[str, Any]) -> list[str]:
    overlaps = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in found["overlaps"].items())
    equal, unlike, missed = found["equal_texts"], found["inconsistent_mentions"], found["unmarked_mentions"]
    lines = [
        f"Overlapping mentions (pairs): {overlaps}.",
        f"Equal texts: {equal['groups']} groups with {equal['surplus_copies']} surplus copies, "
        f"{equal['groups_annotated_unlike']} groups annotated unlike, {equal['groups_across_records']} across records.",
        f"Strings with several types: {unlike['distinct']} (remembering strings misses {unlike['minority']} mentions).",
        *_cases(unlike, lambda case: "; ".join(_several(case))),
        f"Strings marked here and unmarked there: {missed['distinct']}, at {missed['unmarked']} places without a mark.",
        *_cases(missed, _unmarked),
        f"Mentions that begin or end with a blank: {found['spans_with_outer_blanks']}.",
    ]
    notes = [
        f"{kind} {row['characters']} (in {row['documents']} documents)"
        for kind, row in found["characters_of_note"].items()
    ]
    return [*lines, f"Characters of note: {', '.join(notes) or 'none'}."]


def _cases(found: Mapping[str, Any], said: Callable[[Mapping[str, Any]], str]) -> list[str]:
    """A line for each named case, and a line with the number of the others."""
    lines = [f"  {brief(case['text'])}: {said(case)}" for case in found["examples"]]
    more = found["distinct"] - len(lines)
    return [*lines, f"  … and {more:,} more"] if more > 0 else lines


def _several(case: Mapping[str, Any]) -> list[str]:
    return [f"{name} {count} ({_places(case['places'][name], count)})" for name, count in case["types"].items()]


def _unmarked(case: Mapping[str, Any]) -> str:
    places = _places(case["places"], case["unmarked"])
    return f"marked {case['marked']} times ({', '.join(case['types'])}), not in {places}"


def _places(places: Sequence[Mapping[str, Any]], count: int) -> str:
    named = ", ".join(f"{place['document']} at {place['start']}" for place in places)
    return f"{named}, …" if count > len(places) else named
