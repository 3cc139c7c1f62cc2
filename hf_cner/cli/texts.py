"""Options of the commands that read text without annotation, and their reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import messages

if TYPE_CHECKING:
    from ..data.documents import Document
    from ..data.problems import Problems


class Unit(str, Enum):
    """A document in a text file."""

    auto = "auto"
    line = "line"
    file = "file"


Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Text files, JSON lines with a `text` each, folders of such files; tables (CSV, Excel, Parquet, …).",
        show_default=False,
    ),
]
TextCorpus = Annotated[
    str | None, typer.Option("--corpus", help="Read the training texts of this corpus too.", show_default=False)
]
UnitOption = Annotated[
    Unit,
    typer.Option("--unit", help="One document in a text file: a line, or the file [auto: lines, in folders files]."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="FILE|CORPUS=DIR",
        help="Texts held out for the test, which may not be read; may be repeated.",
        show_default=False,
    ),
]
AllowOverlap = Annotated[bool, typer.Option("--allow-overlap", help="Read also texts of --exclude.")]
DropOverlap = Annotated[bool, typer.Option("--drop-overlap", help="Leave out documents that hold texts of --exclude.")]


def overlap_of(allow: bool, drop: bool) -> str:
    """What to do with held-out texts: refuse, allow or drop."""
    if allow and drop:
        raise ValueError("--allow-overlap and --drop-overlap contradict each other; give one of them.")
    return "allow" if allow else "drop" if drop else "refuse"


def read_allowed(
    files: Sequence[Path] | None,
    *,
    corpus: str | None,
    data_dir: Path | None,
    options: Mapping[str, object],
    unit: Unit,
    exclude: Sequence[str] | None,
    overlap: str,
    problems: Problems,
) -> list[Document]:
    """The documents without held-out ones, whose number is printed."""
    from ..data.leakage import without_held_out
    from ..data.texts import read_texts

    documents = read_texts(
        files or (), corpus=corpus, data_dir=data_dir, options=options, unit=unit.value, problems=problems
    )
    kept = without_held_out(documents, exclude or (), overlap=overlap, problems=problems)
    if dropped := len(documents) - len(kept):
        messages().print(dropped_line(dropped), style="yellow", markup=False)
    return kept


def dropped_line(count: int) -> str:
    """The line about `--drop-overlap`."""
    return f"{count:,} documents left out, which hold held-out texts"
