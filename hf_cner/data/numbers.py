"""Whole numbers as files write them, bounded: of more than 4,300 digits Python makes no number."""

from __future__ import annotations

MOST_DIGITS = 18  # so that every number fits 64 bits; no text has 10^18 characters


def whole_number(digits: str) -> int | None:
    """The number that ASCII digits write, with a minus before them or not; None for anything else or more digits."""
    bare = digits.removeprefix("-")
    return int(digits) if bare.isascii() and bare.isdigit() and len(bare) <= MOST_DIGITS else None
