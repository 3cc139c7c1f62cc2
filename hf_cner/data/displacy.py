"""Entities for displaCy, spaCy's renderer; spaCy is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["ent", "span"]


def displacy_of(text: str, spans: Sequence[tuple[int, int, str]], style: Style, title: str) -> dict[str, object]:
    """The input of `displacy.render` with `manual=True`.

    Args:
        spans: start, end and type, sorted.
        style: `ent` marks entities in the text, `span` draws lines under it, where they may overlap; its tokens are
            the characters.

    Raises:
        ValueError: another style, or entities that overlap in the style `ent`, which would repeat their text.
    """
    named: dict[str, object] = {"text": text, "title": title or None}
    if style == "span":
        lines = [{"start_token": start, "end_token": end, "label": type_} for start, end, type_ in spans]
        return {**named, "tokens": list(text), "spans": lines}
    if style != "ent":
        raise ValueError(f"The style of displaCy is {style!r}; choose ent or span.")
    if any(one[1] > other[0] for one, other in pairwise(spans)):
        raise ValueError('Entities overlap, which the style ent of displaCy cannot draw; take style="span".')
    return {**named, "ents": [{"start": start, "end": end, "label": type_} for start, end, type_ in spans]}
