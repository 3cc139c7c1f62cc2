"""What `hf-cner apply` refuses, and the log that it adds to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..data.files import read_lines
from ..data.json_text import parse_json
from ..data.problems import DataError
from ..data.shown import clipped
from ..data.streams import is_stream

MOST_NAMED = 10  # conflicts that the sentence names; all are counted


def log_lines(path: Path) -> list[str]:
    """The lines that a log has, each with its end; none where there is no log yet.

    Raises:
        DataError: it is no log of corrections, which would be spoilt by more lines, or it is a stream.
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
                f"{path}:{number}: found a line that is none of a log of corrections; expected a log, or no such file; "
                "name another one with --log."
            )
    return lines


def refuse_conflicts(conflicts: Sequence[str]) -> None:
    """Raise DataError where something cannot be applied, with the first conflicts and their number."""
    if conflicts:
        number = f"{len(conflicts):,} conflict{'' if len(conflicts) == 1 else 's'}"
        named = "; ".join(f"({i}) {clipped(text, 300)}" for i, text in enumerate(conflicts[:MOST_NAMED], 1))
        more = f"; … and {len(conflicts) - MOST_NAMED:,} more" if len(conflicts) > MOST_NAMED else ""
        raise DataError(f"found {number} between corrections and data, so nothing was written: {named}{more}.")
