"""Lists of words, and the places of their words in a text: for masking whole entities and for word lattices."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from os import PathLike

from .documents import Document
from .files import read_lines
from .problems import DataError, Problems

_MOST_FOLDS = 65_536
_SAMPLE = 10  # lines by which a file of vectors is distinguished from a list of words
_HEADER = re.compile(r"[0-9]+[ \t]+[0-9]+[ \t]*")
_VECTOR = re.compile(r"([^ \t]*)((?:[ \t]+[-+]?[.0-9][-+.0-9eE]*){2,})[ \t]*")  # a token and two numbers or more


def read_lexicon(path: str | PathLike[str], *, problems: Problems | None = None) -> list[str]:
    """The different words of a file, in its order.

    The file holds one word per line, blanks around it are removed and empty lines ignored (there are no comments: any
    character may begin a word); or it is a word2vec text file, of which the first column is used. It may be gzip'd.

    Raises:
        DataError: what `read_lines` raises, or a file without a word.
    """
    lines = (line for _, line in read_lines(path, problems))
    head = list(islice(lines, _SAMPLE + 1))
    vectors = _are_vectors(head)
    if vectors and _HEADER.fullmatch(head[0]):
        head = head[1:]
    words: dict[str, None] = {}
    for line in chain(head, lines):
        if vectors:
            row = _VECTOR.fullmatch(line)
            word = row[1].strip() if row else ""  # a line that is no vector is no word
        else:
            word = line.strip()
        if word:
            words.setdefault(word)
    if not words:
        raise DataError(
            f"{path}: found no word; expected a lexicon, one word per line, or vectors of words; give another file, or "
            "leave the lexicon out."
        )
    return list(words)


def _are_vectors(head: Sequence[str]) -> bool:
    """Whether most lines after the first, which may be a header, are a token and an equal number of numbers."""
    rows = [_VECTOR.fullmatch(line) for line in head[1:] if line.strip()]
    sizes = Counter(len(row[2].split()) if row else 0 for row in rows)
    return any(2 * count > len(rows) for size, count in sizes.items() if size)


def mentions_of(documents: Iterable[Document]) -> list[str]:
    """The different gold mentions of documents, sorted, without blanks around them: a lexicon of the training data."""
    mentions = {document.mention(span).strip() for document in documents for span in document.spans}
    return sorted(mentions - {""})


class Lexicon:
    """Finds the words of a list in texts.

    At each place only the lengths of words with the same first two characters are tried, each by one lookup in a set,
    so the time hardly depends on the number of words.

    Args:
        words: at least one; duplicates count once, empty ones not at all.
        min_length: leave out shorter words, e.g. single characters for a lattice.
        fold: treat capitals and full-width forms as the same characters: `CT`, `ct`, `ＣＴ`.

    Attributes:
        words: the different words, in their order.

    Raises:
        ValueError: no word is left.
    """

    def __init__(self, words: Iterable[str], *, min_length: int = 1, fold: bool = False) -> None:
        self._fold = _folded if fold else str
        self.words = tuple(word for word in dict.fromkeys(words) if len(word) >= max(1, min_length))
        if not self.words:
            least = f" of at least {min_length} characters" if min_length > 1 else ""
            raise ValueError(f"The lexicon is empty; expected at least one word{least}: give a list with words.")
        self._words = frozenset(map(self._fold, self.words))
        lengths: dict[str, set[int]] = {}
        for word in self._words:
            lengths.setdefault(word[:2], set()).add(len(word))
        self._lengths = {begin: tuple(sorted(found)) for begin, found in lengths.items()}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._fold(word) in self._words

    def find(self, text: str) -> list[tuple[int, int]]:
        """Words from left to right, the longest at each place, none overlapping: half-open `(start, end)`."""
        text = self._fold(text)
        found: list[tuple[int, int]] = []
        place = 0
        while place < len(text):
            ends = self._ends(text, place)
            if ends:
                found.append((place, ends[-1]))
            place = ends[-1] if ends else place + 1
        return found

    def all_matches(self, text: str) -> list[tuple[int, int]]:
        """Every place of every word, overlapping or not, sorted: half-open `(start, end)`."""
        text = self._fold(text)
        return [(place, end) for place in range(len(text)) for end in self._ends(text, place)]

    def unused(self, texts: Iterable[str]) -> list[str]:
        """The words that occur in none of the texts, in the order of the lexicon."""
        seen: set[str] = set()
        for text in map(self._fold, texts):
            seen.update(text[start:end] for start, end in self.all_matches(text))
        return [word for word in self.words if self._fold(word) not in seen]

    def _ends(self, text: str, place: int) -> list[int]:
        """Ends of the words that begin here, the shortest first."""
        ends = []
        if text[place] in self._lengths:  # a word of one character is its own key
            ends.append(place + 1)
        for length in self._lengths.get(text[place : place + 2], ()):
            if place + length <= len(text) and length > 1 and text[place : place + length] in self._words:
                ends.append(place + length)
        return ends


class _Folds(dict[int, str]):
    """For `str.translate`: a character in lower case and normal form (NFKC), if that is one character too."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _MOST_FOLDS:  # Unicode has 1.1 million characters, and no text has so many
            self.clear()
        folded = unicodedata.normalize("NFKC", chr(code)).lower()
        self[code] = folded if len(folded) == 1 else chr(code)
        return self[code]


_FOLDS = _Folds()


def _folded(text: str) -> str:
    """Of the same length as the text, so that places do not change."""
    return text.translate(_FOLDS)
