"""The conflicts that `hf-cner apply` refuses, and its log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..data.files import read_lines
from ..data.json_text import parse_json
from ..data.problems import DataError
from ..data.shown import clipped
from ..data.streams import is_stream

MOST_NAMED = 10  # conflicts in the sentence, which counts all


def log_lines(path: Path) -> list[str]:
    """The lines of a log, each with its end; none if there is no log yet.

    Raises:
        DataError: the file is no log of corrections, or it is a stream.
    """
    if is_stream(path):
        raise DataError(f"{path}: found a stream; expected a file that keeps the log; name one with --log.")
    if not path.exists():
        return []
    lines = []
    for number, line in read_lines(path):
        lines.append(line + "\n")
        try:
            row = parse_json(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not {"document", "action", "by", "at", "applied"} <= row.keys():
            raise DataError(
                f"{path}:{number}: found a line that is not from a log of corrections; expected a log, or no such "
                "file; "
                "name another one with --log."
            )
    return lines


def refuse_conflicts(conflicts: Sequence[str]) -> None:
    """Raise DataError, with the first conflicts and their number, if there are conflicts."""
    if conflicts:
        number = f"{len(conflicts):,} conflict{'' if len(conflicts) == 1 else 's'}"
        named = "; ".join(f"({i}) {clipped(text, 300)}" for i, text in enumerate(conflicts[:MOST_NAMED], 1))
        more = f"; … and {len(conflicts) - MOST_NAMED:,} more" if len(conflicts) > MOST_NAMED else ""
        raise DataError(f"found {number} between corrections and data, so nothing was written: {named}{more}.")
