"""The share of unknown characters: counted, reported, and refused if it is too large.

A model learns nothing about unknown characters: all of them have the same vector. A vocabulary of another language is
noticed here, before a run that ends with an F1 near 0. White space is not counted: published vocabularies leave it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..modeling.characters import CharacterTable
from .documents import Document

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WARN_ABOVE = 0.02
SHOWN = 10  # unknown characters in a sentence


@dataclass(frozen=True, kw_only=True)
class UnknownShare:
    """The numbers of read and unknown characters, white space aside, and the most frequent unknown ones."""

    characters: int
    unknown: int
    most_frequent: tuple[tuple[str, int], ...] = ()

    @property
    def share(self) -> float:
        """From 0 to 1; 0 without characters."""
        return self.unknown / self.characters if self.characters else 0.0

    def is_notable(self) -> bool:
        """Whether it is above `WARN_ABOVE`."""
        return self.share > WARN_ABOVE

    def __str__(self) -> str:
        said = f"{self.unknown:,} of {self.characters:,} characters are unknown to the vocabulary ({self.share:.1%})"
        if not self.is_notable():
            return said
        return f"{said}; the most frequent: {', '.join(f'{shown(c)} ({n:,})' for c, n in self.most_frequent)}"

    def to_dict(self) -> dict[str, int | float]:
        """For results: the numbers, and no text."""
        return {"characters": self.characters, "unknown": self.unknown, "share": self.share}


class UnknownCounter:
    """Counts the characters of texts as they are read.

    Args:
        tokenizer: a character tokenizer.
        table: its table, if one exists.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, table: CharacterTable | None = None) -> None:
        self._table = table or CharacterTable(tokenizer)
        self._unknown_id = tokenizer.unk_token_id
        self._counts: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Count one text."""
        self._counts.update(text)

    def watch(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The same documents, each counted when it is yielded."""
        for document in documents:
            self.add(document.text)
            yield document

    def share(self) -> UnknownShare:
        """The share so far."""
        counts = {c: self._counts[c] for c in sorted(self._counts) if not c.isspace()}
        ids = self._table.ids("".join(counts))
        unknown = {c: counts[c] for c, i in zip(counts, ids, strict=True) if i == self._unknown_id}
        most = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]
        return UnknownShare(characters=sum(counts.values()), unknown=sum(unknown.values()), most_frequent=tuple(most))


def unknown_share(
    texts: Iterable[str], tokenizer: PreTrainedTokenizerBase, *, table: CharacterTable | None = None
) -> UnknownShare:
    """Count the characters of `texts` that a character tokenizer reads as its unknown token; as `UnknownCounter`."""
    counter = UnknownCounter(tokenizer, table=table)
    for text in texts:
        counter.add(text)
    return counter.share()


def check_unknown(texts: Iterable[str], tokenizer: PreTrainedTokenizerBase, *, most: float) -> UnknownShare:
    """Count the unknown characters of training texts.

    Args:
        most: the share that is allowed, from 0 to 1; the setting `data.max_unknown`.

    Raises:
        ValueError: more are unknown, or `most` is no share.
    """
    if not 0 <= most <= 1:
        raise ValueError(f"data.max_unknown is {most}; it is a share from 0 to 1.")
    found = unknown_share(texts, tokenizer)
    if found.share > most:
        listed = ", ".join(f"{shown(c)} ({n:,})" for c, n in found.most_frequent)
        raise ValueError(
            f"Of the {found.characters:,} characters of the training texts {found.unknown:,} ({found.share:.1%}) are "
            f"unknown to the vocabulary, more than data.max_unknown allows ({most:.0%}); the most frequent: {listed}. "
            "Give an encoder whose vocabulary holds these characters, or set data.max_unknown=1."
        )
    return found


def shown(character: str) -> str:
    """A character for a message: itself, or its code point if it is invisible."""
    visible = character.isprintable() and not character.isspace()
    return repr(character) if visible else f"U+{ord(character):04X}"
