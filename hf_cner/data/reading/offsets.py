"""Other ways to count offsets, which are tried if mentions are not at their offsets.

Programs count UTF-16 units (JavaScript: Label Studio, doccano), grapheme clusters (doccano on request), bytes, a line
end as one character or as two, from 1, or to the last character. Offsets here count code points of the unchanged text,
from 0, and the end is exclusive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, product
from typing import NamedTuple

import regex as re

from ..numbers import integer


class Mention(NamedTuple):
    """An annotation as given; if `end` is None, the length of the mention decides."""

    text: str
    start: int
    end: int | None
    mention: str


class Counting(NamedTuple):
    """A way to count: the unit, the first number (0 or 1), and whether the end is the last character."""

    unit: str = ""
    base: int = 0
    inclusive: bool = False

    def __str__(self) -> str:
        parts = [_UNITS[self.unit][0]] if self.unit else []
        parts += ["from 1"] if self.base else []
        parts += ["with inclusive ends"] if self.inclusive else []
        return ", ".join(parts) or "with exclusive ends"


def _crlf_as_one(text: str) -> Iterator[int]:
    return (0 if char == "\r" and text[n + 1 : n + 2] == "\n" else 1 for n, char in enumerate(text))


def _graphemes(text: str) -> Iterator[int]:
    for cluster in re.findall(r"\X", text):
        yield from (0,) * (len(cluster) - 1)
        yield 1


def _lf_as_two(text: str) -> Iterator[int]:
    return (2 if char == "\n" and text[n - 1 : n] != "\r" else 1 for n, char in enumerate(text))


# Unit → its name in a sentence, and the lengths of a text's characters in it.
_UNITS: dict[str, tuple[str, Callable[[str], Iterator[int]]]] = {
    "utf-16": ("in UTF-16 units", lambda text: (2 if char > "\uffff" else 1 for char in text)),
    "utf-8": ("in UTF-8 bytes", lambda text: (len(char.encode("utf-8", "surrogatepass")) for char in text)),
    "crlf": ("with CRLF as one character", _crlf_as_one),
    "graphemes": ("in grapheme clusters", _graphemes),
    "lf": ("with each line end as two characters (CRLF)", _lf_as_two),
}
# Names of units for users; code points, our unit, are the empty text inside.
UNIT_NAMES = {"code-points": "", **{unit: unit for unit in ("utf-16", "graphemes", "utf-8")}}
COUNTINGS = tuple(Counting(*ways) for ways in product(("", *_UNITS), (0, 1), (False, True)))


class Survey:
    """How many of the added mentions fit each way to count."""

    def __init__(self) -> None:
        self.given = 0
        self.fit: Counter[Counting] = Counter()
        self._text: str | None = None
        self._places: dict[str, dict[int, int]] = {}

    def __add__(self, other: Survey) -> Survey:
        """The sum of both."""
        both = Survey()
        both.given, both.fit = self.given + other.given, self.fit + other.fit
        return both

    def add(self, mention: Mention) -> None:
        """Try one mention."""
        if mention.text != self._text:
            self._text = mention.text
            self._places = {unit: places(mention.text, unit) for unit in _UNITS}
        self.given += 1
        for way in COUNTINGS:
            self.fit[way] += self._fits(mention, way)

    def best(self, own: Counting) -> str:
        """`counted in UTF-16 units all 40 mentions would fit`, if another way than `own` fits them all."""
        way = self._likely(own)
        mentions = "the only mention" if self.given == 1 else f"all {self.given:,} mentions"
        return f"counted {way} {mentions} would fit" if way is not None else ""

    def best_unit(self, own: Counting) -> str | None:
        """The name in `UNIT_NAMES` of the way that `best` names; None where it differs in more than the unit."""
        way = self._likely(own)
        return next((name for name, unit in UNIT_NAMES.items() if way == own._replace(unit=unit)), None)

    def _likely(self, own: Counting) -> Counting | None:
        def unlikely(way: Counting) -> tuple[int, bool]:
            """Number of differences, then the base: a shift by one may fit by accident, a unit does not."""
            return sum(one != other for one, other in zip(way, own, strict=True)), way.base != own.base

        ways = [way for way in COUNTINGS if self.fit[way] == self.given > self.fit[own]]
        return min(ways, key=unlikely, default=None)

    def _fits(self, given: Mention, way: Counting) -> bool:
        if given.end is None:
            if way.inclusive:
                return False
            start = self._place(given.start - way.base, way)
            return start is not None and given.text.startswith(given.mention, start)
        start = self._place(given.start - way.base, way)
        end = self._place(given.end - way.base + way.inclusive, way)
        if start is None or end is None or not start < end:
            return False
        if way.unit in ("crlf", "lf") and end - start <= 2 * len(given.mention):
            return _unified(given.text[start:end]) == _unified(given.mention)
        return end - start == len(given.mention) and given.text.startswith(given.mention, start)

    def _place(self, position: int, way: Counting) -> int | None:
        return place_of(self._places.get(way.unit, {}), position, self._text or "")


def best_of(mentions: Iterable[Mention], *, inclusive: bool = False) -> str:
    """`Survey.best` for mentions that were read as code points from 0."""
    survey = Survey()
    for mention in mentions:
        survey.add(mention)
    return survey.best(Counting(inclusive=inclusive))


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n")


def places(text: str, unit: str) -> dict[int, int]:
    """Position in a unit → index of the character that begins there; empty if positions equal ours."""
    found: dict[int, int] = {}
    for index, position in enumerate(positions(text, unit)):
        found.setdefault(position, index)
    return found


def positions(text: str, unit: str) -> list[int]:
    """The position, in a unit, of each character and of the text's end; empty if positions equal ours.

    Characters that are parts of one unit share its position.
    """
    lengths = list(_UNITS[unit][1](text)) if unit else []
    return [] if set(lengths) <= {1} else list(accumulate(lengths, initial=0))


def place_of(found: Mapping[int, int], position: int, text: str) -> int | None:
    """The index of the character that begins at a position of `places`; None if none does."""
    if found:
        return found.get(position)
    return position if 0 <= position <= len(text) else None


def mentions_of(row: object) -> Iterator[Mention]:
    """The entities of a row that have offsets and a mention, right or wrong."""
    text = row.get("text") if isinstance(row, Mapping) else None
    entities = row.get("entities") if isinstance(row, Mapping) else None
    if not isinstance(text, str) or not isinstance(entities, Sequence):
        return
    for entity in entities:
        values = entity if isinstance(entity, Mapping) else {}
        start, end = (integer(values.get(key)) for key in ("start", "end"))
        if start is not None and end is not None and isinstance(values.get("text"), str):
            yield Mention(text, start, end, values["text"])
