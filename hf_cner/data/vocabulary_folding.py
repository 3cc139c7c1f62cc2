"""Characters that Unicode maps to one another, one to one. Imports neither torch nor transformers.

`３` and `3`, `，` and `,`, a compatibility ideograph or a Kangxi radical and the unified ideograph, `µ` and `μ`: if a
vocabulary holds only one of two forms, this form is read instead of an unknown character. Only mappings of one
character to one character are used, so that a text keeps its length. A character that stands for several (`℃`) is read
as one entry of a SentencePiece vocabulary, or as the first of its parts.

Source: the decompositions of the Unicode Character Database (canonical, and of the kinds wide, narrow, compat, vertical
and small), followed to their end, without white space, which has its own policy. Quotation marks are added by hand:
Google's Chinese BERT and its descendants know `"` but not `“`, and Unicode has no mapping.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from functools import cache

_KINDS = frozenset({"<wide>", "<narrow>", "<compat>", "<vertical>", "<small>"})
_QUOTES = {"“": '"', "”": '"', "‘": "'", "’": "'"}
# The ranges of such characters: the basic plane, and the supplement of compatibility ideographs.
_PLACES = (range(0x10000), range(0x2F800, 0x2FA20))


def lower(character: str) -> str:
    """A letter in lower case if that is one character, else the character itself (`İ` becomes `i`)."""
    folded = "i" if character == "İ" else character.lower()
    return folded if len(folded) == 1 else character


def base_of(character: str) -> str:
    """The character at the end of the one-to-one decompositions of `character`; itself if it has none."""
    while True:
        character = _QUOTES.get(character, character)
        parts = unicodedata.decomposition(character).split()
        if parts and parts[0] in _KINDS:
            parts.pop(0)
        if len(parts) != 1 or parts[0].startswith("<"):
            return character
        character = chr(int(parts[0], 16))


@cache
def forms() -> dict[str, tuple[str, ...]]:
    """Each base with all its forms, the base first and the others by code point."""
    found: dict[str, list[str]] = {}
    for code in (code for place in _PLACES for code in place):
        character = chr(code)
        base = base_of(character)
        if base != character and not character.isspace() and not base.isspace():
            found.setdefault(base, [base]).append(character)
    return {base: tuple(characters) for base, characters in found.items()}


@cache
def compounds() -> dict[str, str]:
    """Characters that stand for several, with these: `℃` for `°C`, `…` for `...`, `⑩` for `10` (NFKC).

    SentencePiece reads them so, because its models take a text in NFKC.
    """
    places = (range(0xBC, 0xBF), range(0x2000, 0x3400))  # fractions; signs, numbers in circles, units in a square
    read = {chr(code): unicodedata.normalize("NFKC", chr(code)) for place in places for code in place}
    return {one: several for one, several in read.items() if len(several) > 1 and not any(map(str.isspace, several))}


def parts(vocabulary: Container[str], *, lower_case: bool) -> dict[str, str]:
    """The characters of `compounds` that `vocabulary` lacks, with the first of their parts that it holds."""
    found: dict[str, str] = {}
    for one, several in compounds().items():
        held = (lower(part) if lower_case else part for part in several)
        first = next((part for part in held if part in vocabulary), None)
        if first is not None and one not in vocabulary:
            found[one] = first
    return found


def replacements(vocabulary: Container[str], *, lower_case: bool) -> dict[str, str]:
    """The characters that `vocabulary` lacks and reads as another of their forms, with that form.

    Args:
        vocabulary: the characters that have an id.
        lower_case: letters were folded before, so that no capitals are left.
    """
    found: dict[str, str] = {}
    for characters in forms().values():
        held = [lower(form) if lower_case else form for form in characters]
        target = next((form for form in held if form in vocabulary), None)
        if target is None:
            continue
        for character in characters:
            gone = lower_case and lower(character) != character
            if not gone and character not in vocabulary:
                found[character] = target
    return found
