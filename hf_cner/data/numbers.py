"""Whole numbers in files, with a bound: Python refuses more than 4,300 digits."""

from __future__ import annotations

from numbers import Integral

MOST_DIGITS = 18  # so that every number fits 64 bits; no text has 10^18 characters


def whole_number(digits: str) -> int | None:
    """The number in ASCII digits, with or without a minus; None for anything else, or too many digits."""
    bare = digits.removeprefix("-")
    return int(digits) if bare.isascii() and bare.isdigit() and len(bare) <= MOST_DIGITS else None


def integer(value: object) -> int | None:
    """The value if it is a whole number of Python or numpy (`True` is not); else None."""
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None


def id_text(value: object) -> str:
    """An id or a name from a file, a string or a whole number, as text; empty for anything else."""
    return str(value) if isinstance(value, str) or integer(value) is not None else ""
