"""The folder of a reproduction: one process writes it, and replaces no file of somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..data.kept import LOCK, add_to_list
from ..data.locks import locked
from ..data.models import read_list
from ..data.problems import DataError
from ..data.room import NotWritten
from ..data.writing import check_output
from .plan import Request


@contextmanager
def held_output(request: Request) -> Iterator[None]:
    """Lock the folder while the block runs.

    Raises:
        DataError: a report or a picture would replace a file that no reproduction wrote, or one that is read.
        Held: another reproduction writes the folder.
        OSError: the folder cannot be written.
    """
    folder, table = request.output_dir, request.table
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: found a file; expected a folder for the report and the runs; give another name.")
    names = [f"{table.name}{ending}" for ending in (".json", ".md", *(f"-{what}.png" for what in table.figures))]
    listed, before = read_list(folder) or {}, _is_report(folder / f"{table.name}.json")
    given = (request.data_dir, request.test, *request.unlabelled, request.vectors)
    for name in names:
        check_output(folder / name, inputs=given, endings=(Path(name).suffix,), own=names)
        if (folder / name).exists() and name not in listed and not before:
            raise DataError(
                f"{folder / name}: found a file that no reproduction wrote; expected none; choose another --output-dir."
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritten(
            error.errno, f"{folder} could not be made ({error.strerror}); choose another --output-dir"
        ) from error
    with locked(folder / LOCK, of=folder):
        add_to_list(folder, names)
        yield


def _is_report(path: Path) -> bool:
    """Whether a file is what a reproduction writes; versions before this one kept no list."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"table", "rows", "made"} <= set(found)
