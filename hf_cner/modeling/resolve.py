"""From scored candidate spans to spans that do not exclude each other. Free of torch."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

Candidate = tuple[int, int, int, float]  # start, end, type number, score

DECODINGS = ("flat", "nested", "crossing")


def check_decoding(decoding: str) -> None:
    """Raise ValueError for a decoding that does not exist."""
    if decoding not in DECODINGS:
        raise ValueError(f"Unknown decoding {decoding!r}; choose one of {list(DECODINGS)}.")


def resolve(candidates: Iterable[Candidate], *, decoding: str = "nested") -> list[Candidate]:
    """The best candidates that fit together, taken greedily by score, in text order.

    Args:
        decoding: `flat`: no two may overlap. `nested`: one may lie inside another, and one span may have two types.
            `crossing`: they may also overlap partly, so all candidates are kept.

    Ties are broken by the longer, then the earlier span, then the lower type number, so that the result does not
    depend on the order of the candidates.
    """
    check_decoding(decoding)
    ranked = sorted(set(candidates), key=lambda c: (-c[3], c[0] - c[1], c[0], c[2]))
    if decoding == "crossing":
        return sorted(ranked)
    longest = max((end - start for start, end, _, _ in ranked), default=0)
    kept: list[tuple[int, int]] = []  # sorted by start: only spans that begin near by can conflict
    chosen: list[Candidate] = []
    for candidate in ranked:
        start, end = candidate[:2]
        near = kept[bisect_left(kept, (start - longest, 0)) : bisect_left(kept, (end, 0))]
        if not any(_conflict(start, end, other, decoding) for other in near):
            insort(kept, (start, end))
            chosen.append(candidate)
    return sorted(chosen)


def _conflict(start: int, end: int, other: tuple[int, int], decoding: str) -> bool:
    if end <= other[0] or other[1] <= start:
        return False
    if decoding == "flat":
        return True
    inside = other[0] <= start and end <= other[1]
    around = start <= other[0] and other[1] <= end
    return not (inside or around)
