"""Whole numbers as files write them, bounded: of more than 4,300 digits Python makes no number."""

from __future__ import annotations

from numbers import Integral

MOST_DIGITS = 18  # so that every number fits 64 bits; no text has 10^18 characters


def whole_number(digits: str) -> int | None:
    """The number that ASCII digits write, with a minus before them or not; None for anything else or more digits."""
    bare = digits.removeprefix("-")
    return int(digits) if bare.isascii() and bare.isdigit() and len(bare) <= MOST_DIGITS else None


def integer(value: object) -> int | None:
    """The value where it is a whole number already, of Python or numpy; `True` is none."""
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None


def id_text(value: object) -> str:
    """An id or a name as a file gives it, a string or a whole number, as text; empty for anything else."""
    return str(value) if isinstance(value, str) or integer(value) is not None else ""
