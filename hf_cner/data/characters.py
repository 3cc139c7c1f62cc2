"""Unusual characters: how many a corpus holds, and in how many documents."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

from .documents import Document

# All white space of Unicode; U+200B (zero width) is not white space and is listed as a format character.
BLANKS = frozenset(chr(code) for code in range(0x3001) if chr(code).isspace())

_PUNCTUATION = frozenset("，：；？！（）")  # full width, but usual in every Chinese text
_NAMED = {"\t": "TAB", "\r": "CR", "\n": "LF", " ": "space", "\u3000": "U+3000", "\ufeff": "U+FEFF", "\ufffd": "U+FFFD"}


def notable_characters(documents: Iterable[Document]) -> dict[str, dict[str, int]]:
    """Per kind of character: ``{"characters": how many, "documents": in how many of them}``; absent kinds left out.

    Kinds: TAB, CR, LF, space, U+3000, other blank, full width (letters, digits and signs, not the usual Chinese
    punctuation), private use, control, format (zero width and the like), combining, beyond the BMP, U+FEFF, U+FFFD.
    """
    characters: Counter[str] = Counter()
    in_documents: Counter[str] = Counter()
    kinds: dict[str, str | None] = {}
    for document in documents:
        present: set[str] = set()
        for character, count in Counter(document.text).items():
            if character not in kinds:
                kinds[character] = kind_of(character)
            kind = kinds[character]
            if kind is not None:
                characters[kind] += count
                present.add(kind)
        in_documents.update(present)
    return {kind: {"characters": count, "documents": in_documents[kind]} for kind, count in characters.most_common()}


def kind_of(character: str) -> str | None:
    """The kind of an unusual character; None for an ordinary character."""
    if character in _NAMED:
        return _NAMED[character]
    if character in BLANKS:
        return "other blank"
    if "\uff01" <= character <= "\uff5e":
        return None if character in _PUNCTUATION else "full width"
    category = unicodedata.category(character)
    named = {"Co": "private use", "Cc": "control", "Cf": "format", "Mn": "combining", "Me": "combining"}
    if category in named:
        return named[category]
    return "beyond the BMP" if character > "\uffff" else None
