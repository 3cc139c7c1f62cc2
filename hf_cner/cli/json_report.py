"""`--json`: the report of a command as JSON for programs; the same option for every command that reports."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..data.shown import ACTING
from .console import results

if TYPE_CHECKING:
    from rich.console import Console

HELP = "Also write the report as JSON; - prints JSON instead of the report."
PRINTED = Path("-")

Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help=HELP, show_default=False)]


def check_json(
    path: Path | None,
    *,
    inputs: Iterable[str | Path | None] = (),
    models: Iterable[str | Path | None] = (),
    folder: Path | None = None,
) -> None:
    """Check that the report may be written there, before anything is read.

    Args:
        folder: that of a run, which is replaced whole and holds nothing but the run's own files.

    Raises:
        DataError: as `check_output`, or a name in that folder.
    """
    from ..data.endings import JSON, JSON_LINES
    from ..data.problems import DataError
    from ..data.streams import is_stream
    from ..data.writing import check_output

    if path is not None and path != PRINTED:
        if folder is not None and not is_stream(path) and folder.resolve() in path.resolve().parents:
            raise DataError(
                f"{path}: found a name in {folder}, which holds the files of the run alone, with a report of its own; "
                "expected a name elsewhere; choose another folder, or leave --json out."
            )
        check_output(path, inputs=inputs, models=models, endings=(JSON, *JSON_LINES, ".txt"))


def report_console(path: Path | None) -> Console:
    """The console of the report for people, which prints nothing if JSON is printed."""
    console = results()
    console.quiet = path == PRINTED
    return console


def write_json(path: Path | None, found: object) -> None:
    """Write or print the report; of several processes of one run, only the first does."""
    if path is None or os.environ.get("RANK", "0") != "0":
        return
    text = json.dumps(found, ensure_ascii=False, indent=2, default=str)
    if path == PRINTED:
        print(ACTING.sub(lambda sign: sign[0] if sign[0] == "\n" else json.dumps(sign[0])[1:-1], text))
        return
    from ..data.writing import atomic_write

    with atomic_write(path) as stream:
        stream.write(text + "\n")
