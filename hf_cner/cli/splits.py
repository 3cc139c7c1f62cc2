"""`--split` in the words of the settings."""

from __future__ import annotations

import re
from typing import Any


def parse_split(text: str | None) -> dict[str, Any] | None:
    """`"7:2:1"` as `{"ratios": [7, 2, 1], "folds": None}`, `"5fold"` as `{"ratios": None, "folds": 5}`.

    `"all"` trains on everything, with nothing held out.

    Raises:
        ValueError: neither of these forms.
    """
    if text is None:
        return None
    compact = re.sub(r"\s", "", text.lower())
    if compact == "all":
        return {"ratios": [1], "folds": None}
    if folds := re.fullmatch(r"(\d+)-?folds?", compact):
        if int(folds[1]) < 2:
            raise ValueError(f"--split {text}: cross-validation needs at least 2 folds.")
        return {"ratios": None, "folds": int(folds[1])}
    if re.fullmatch(r"\d+(\.\d+)?(:\d+(\.\d+)?){1,2}", compact):
        parts = [float(part) for part in compact.split(":")]
        if min(parts) > 0:
            return {"ratios": [int(part) if part.is_integer() else part for part in parts], "folds": None}
    raise ValueError(
        f"--split {text!r} is not understood; give shares of the records, as 8:2 (train, dev) or 7:2:1 (train, test, "
        "dev), a number of folds, as 5fold, or all."
    )
