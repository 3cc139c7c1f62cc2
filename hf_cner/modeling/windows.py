"""Texts are cut into windows that fit an encoder; nothing else cuts them. Free of torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

POLICIES = ("sentence", "stride")


class Window(NamedTuple):
    """A slice of a text, in characters, half-open.

    `own_start` and `own_end` bound the part that stitching takes from this window; the own parts of a text's windows
    tile it exactly.
    """

    start: int
    end: int
    own_start: int
    own_end: int


def make_windows(
    text: str,
    *,
    policy: str = "sentence",
    max_length: int = 256,
    overlap: int = 64,
    sentence_ends: str = "。",
    merge: bool = True,
) -> list[Window]:
    """Cut a text.

    Args:
        text: the raw text; an empty one has no windows.
        policy: `sentence` cuts behind each sentence end (P4 cuts at 。); `stride` at regular distances.
        max_length: longest window, in characters.
        overlap: characters that two neighbouring windows share when a cut is not at a sentence end.
        sentence_ends: characters that end a sentence.
        merge: join neighbouring sentences while they fit.

    Returns:
        Windows in text order; their starts rise, and so do their ends. A sentence longer than `max_length` is cut by
        stride. Time and memory are linear in the text.

    Raises:
        ValueError: an unknown policy, a `max_length` below 1, an `overlap` as large as the window.
    """
    if policy not in POLICIES:
        raise ValueError(f"Unknown window policy {policy!r}; choose one of {list(POLICIES)}.")
    if max_length < 1:
        raise ValueError(f"max_length is {max_length}; a window holds at least one character.")
    if not 0 <= overlap < max_length:
        raise ValueError(f"overlap is {overlap}; it must be at least 0 and less than max_length ({max_length}).")
    if policy == "stride":
        return _stride(0, len(text), max_length, overlap)
    windows: list[Window] = []
    for start, end in _sentences(text, sentence_ends, max_length if merge else 0):
        windows += _stride(start, end, max_length, overlap)
    return windows


_KINDS = {"max_length": int, "overlap": int, "sentence_ends": str, "merge": bool}


def check_windows(windows: Mapping[str, Any]) -> None:
    """Raise one clear sentence where windows cannot be made: an unknown option, a wrong kind, length or policy."""
    for name, kind in _KINDS.items():
        value = windows.get(name)
        if name in windows and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise ValueError(f"windows gives {name} the value {value!r:.80}; it takes a value of type {kind.__name__}.")
    if windows.get("policy") not in POLICIES:
        raise ValueError(f"Unknown window policy {windows.get('policy')!r:.80}; choose one of {list(POLICIES)}.")
    if strange := [str(name) for name in windows if name not in ("policy", *_KINDS)]:
        raise ValueError(
            f"windows has no option {strange[0]!r:.80}; it takes policy, max_length, overlap, sentence_ends and merge."
        )
    make_windows("", **windows)


def _sentences(text: str, sentence_ends: str, joined: int) -> list[tuple[int, int]]:
    """Sentences, neighbours joined while they stay within `joined` characters."""
    ends = set(sentence_ends)
    cuts = [place + 1 for place, character in enumerate(text) if character in ends]
    if not cuts or cuts[-1] != len(text):
        cuts.append(len(text))
    parts: list[tuple[int, int]] = []
    start = 0
    for end in cuts:
        if parts and end - parts[-1][0] <= joined:
            parts[-1] = (parts[-1][0], end)
        elif end > start:
            parts.append((start, end))
        start = end
    return parts


def _stride(start: int, end: int, max_length: int, overlap: int) -> list[Window]:
    """Windows over [start, end); the overlap of two neighbours is divided in its middle."""
    slices: list[tuple[int, int]] = []
    while start < end:
        slices.append((start, min(end, start + max_length)))
        if slices[-1][1] == end:
            break
        start += max_length - overlap
    owns = [slices[0][0]] if slices else []
    owns += [(left[1] + right[0]) // 2 for left, right in pairwise(slices)]
    owns += [slices[-1][1]] if slices else []
    return [Window(s, e, owns[i], owns[i + 1]) for i, (s, e) in enumerate(slices)]


def cut_spans(windows: Sequence[Window], spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The spans, in text order, that no window holds whole, so no model sees them whole.

    `windows` are those of one text, from `make_windows`.
    """
    cut: list[tuple[int, int, str]] = []
    place = -1
    for span in sorted(spans):
        # Starts and ends rise together: of the windows that begin early enough, the last has the largest end.
        while place + 1 < len(windows) and windows[place + 1].start <= span[0]:
            place += 1
        if place < 0 or windows[place].end < span[1]:
            cut.append(span)
    return cut
