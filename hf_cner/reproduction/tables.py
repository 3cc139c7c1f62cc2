"""The published tables as data: one YAML file for each, with its rows, the preset of each row and its figures."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import yaml

from ..settings.section import Plain

FIGURES = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Row:
    """A row of a published table.

    Attributes:
        name: as the paper prints it.
        preset: None for a system that we do not have (another team's).
        encoder: what it needs pretrained: bert, further-bert, albert, xlnet, mc-bert, elmo; None without.
        plain: the encoder must not have seen clinical text, so it cannot be made on the spot.
        published: precision, recall, f1 in percent, those that are printed.
        per_type: likewise for each type, under the paper's name of it.
        doubtful: why the published figures cannot all be right; empty if they can.
        note: further remarks.
        small: settings of its own at the small scale.
    """

    name: str
    preset: str | None = None
    encoder: str | None = None
    plain: bool = False
    published: dict[str, float] = field(default_factory=dict)
    per_type: dict[str, dict[str, float]] = field(default_factory=dict)
    doubtful: str = ""
    note: str = ""
    small: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A published table.

    Attributes:
        where: its number in the paper.
        split: `ratios` train:test:dev where there is no test file; `with_test` train:dev where there is one;
            `join_dev` trains on dev as well; `pool_test` splits the records of corpus and test file together.
        types: the paper's name of a type -> the corpus's.
        figures: the pictures to draw: models, types, heads, training.
        times: pairs of rows whose training times the paper compares.
        samples: the error samples that it prints: predicted, true.
        notes: misprints, and what the paper leaves open.
    """

    name: str
    title: str
    paper: str
    where: str
    corpus: str
    split: dict[str, Any]
    rows: tuple[Row, ...]
    types: dict[str, str] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    times: tuple[dict[str, object], ...] = ()
    samples: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def table_names() -> list[str]:
    """Names of all tables, sorted."""
    files = (entry.name for entry in resources.files(__package__).joinpath("tables").iterdir())
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml") and not name.startswith("_"))


def read_table(name: str) -> Table:
    """Read a table by its name, or by the paper's number of the table or figure: `p4-figure4`, `p2-tablevii`.

    Raises:
        ValueError: no paper has a table of this name; the sentence says which names come nearest.
    """
    names = table_names()
    name = name.lower()
    if name not in names:
        name = _printed_names(names).get(re.sub(r"(?<=\d)[a-z]$", "", name), name)  # figure 2a is part of figure 2
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(names)}."
        raise ValueError(f"No paper has a table {name!r}. {hint}")
    content = _read(f"{name}.yaml")
    rows = tuple(_row(row) for row in content.pop("rows"))
    for key in ("figures", "times", "notes"):
        content[key] = tuple(content.get(key) or ())
    content["samples"] = tuple((str(found), str(true)) for found, true in content.get("samples") or ())
    return Table(name=name, rows=rows, **content)


def _printed_names(names: list[str]) -> dict[str, str]:
    """As the papers number them: "Table 5 and figure 4" of P4 is `p4-table5` and `p4-figure4`."""
    found: dict[str, list[str]] = {}
    for name in names:
        content = _read(f"{name}.yaml")
        for part in content["where"].lower().split(" and "):
            found.setdefault(f"{content['paper'].lower()}-{part.replace(' ', '')}", []).append(name)
    return {printed: tables[0] for printed, tables in found.items() if len(tables) == 1}


@dataclass(frozen=True)
class SmallScale:
    """What `--scale small` changes.

    Attributes:
        encoders: settings of `hf-cner pretrain`, by the tables' names of encoders.
        pretraining: settings for all of these.
        rows: settings of a row with such an encoder.
    """

    encoders: dict[str, Plain]
    pretraining: Plain
    rows: Plain


def small_scale() -> SmallScale:
    """What `--scale small` changes."""
    return SmallScale(**_read("_small.yaml"))


def _row(content: Mapping[str, Any]) -> Row:
    given = dict(content)
    published = _figures(given.pop("published", None))
    per_type = {name: _figures(values) for name, values in (given.pop("per_type", None) or {}).items()}
    return Row(published=published, per_type=per_type, **given)


def _figures(values: list[float | None] | None) -> dict[str, float]:
    """`[88.61, null, 89.43]` by name, without those that are not printed."""
    pairs = zip(FIGURES, values or (), strict=False)
    return {name: float(value) for name, value in pairs if value is not None}


def _read(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath("tables").joinpath(name).read_text(encoding="utf-8")
    content: dict[str, object] = yaml.safe_load(text)
    return content
