"""`--split` in the words of the settings."""

from __future__ import annotations

import re
from typing import Any


def parse_split(text: str | None) -> dict[str, Any] | None:
    """`"7:2:1"` as `{"ratios": [7, 2, 1], "folds": None, "join_dev": False}`, `"5fold"` as `{"folds": 5, …}`.

    `"7+1:2"` is `"7:2:1"` with dev joined to train; `"all"` trains on everything, with nothing held out.

    Raises:
        ValueError: neither of these forms.
    """
    if text is None:
        return None
    compact = re.sub(r"\s", "", text.lower())
    if compact == "all":
        return _split([1])
    if folds := re.fullmatch(r"(\d+)-?folds?", compact):
        if int(folds[1]) < 2:
            raise ValueError(f"--split {text}: cross-validation needs at least 2 folds.")
        return {"ratios": None, "folds": int(folds[1]), "join_dev": False}
    number = r"(\d+(?:\.\d+)?)"
    joined = re.fullmatch(rf"{number}\+{number}:{number}", compact)
    if joined or re.fullmatch(rf"{number}(:{number}){{1,2}}", compact):
        parts = [float(part) for part in ((joined[1], joined[3], joined[2]) if joined else compact.split(":"))]
        if min(parts) > 0:
            return _split([int(part) if part.is_integer() else part for part in parts], join_dev=bool(joined))
    raise ValueError(
        f"--split {text!r} is not understood; give shares of the records, as 8:2 (train, dev), 7:2:1 (train, test, "
        "dev) or 7+1:2 (train and dev joined, test), a number of folds, as 5fold, or all."
    )


def _split(ratios: list[float], *, join_dev: bool = False) -> dict[str, Any]:
    return {"ratios": ratios, "folds": None, "join_dev": join_dev}
