"""Finding texts of the test among texts for pretraining, by hashes."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .corpora import read_corpus, read_splits
from .documents import Document
from .fingerprint import text_hash
from .problems import DataError, Problems
from .registry import REGISTRY, key
from .texts import read_texts

SHORTEST_PIECE = 20
"""Letters and digits. Shorter lines (headings, "no complaints") are equal by chance; whole texts always count."""

OVERLAP = ("refuse", "drop", "allow")


def leaking(documents: Sequence[Document], held_out: Iterable[Document]) -> list[int]:
    """Indices of the documents that share a text, or a line of a text, with `held_out`.

    Whole texts are compared by hash without white space, in normal form (NFKC) and in lower case, so that other line
    ends or full-width digits do not matter. Texts and lines with at least 20 letters and digits are compared by these
    alone, so that numbers in front and punctuation do not matter. Such a line may be a stock phrase: leaving
    out too many texts does less harm than too few.
    """
    forbidden = list(held_out)
    wholes = {text_hash(whole) for document in forbidden if (whole := _normal(document.text))}
    test, read = _Pieces(forbidden), _Pieces(documents)
    found = {n for n, document in enumerate(documents) if text_hash(_normal(document.text)) in wholes}
    found |= {n for n, document in enumerate(documents) if any(True for _ in test.within(document))}
    found |= {number for document in forbidden for piece in read.within(document) for number in read.owners[piece]}
    return sorted(found)


class _Pieces:
    """Texts and their lines, which are searched in other texts: by their first characters, then by their hash.

    Attributes:
        owners: hash of a piece to the indices of its documents.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self.owners: dict[str, set[int]] = {}
        lengths: dict[str, set[int]] = {}
        for number, document in enumerate(documents):
            for piece in {_letters(document.text), *map(_letters, document.text.splitlines())}:
                if len(piece) >= SHORTEST_PIECE:
                    self.owners.setdefault(text_hash(piece), set()).add(number)
                    lengths.setdefault(piece[:SHORTEST_PIECE], set()).add(len(piece))
        self._lengths = {begin: sorted(found) for begin, found in lengths.items()}  # by a piece's first characters

    def within(self, document: Document) -> Iterator[str]:
        """The hashes of the pieces that a document holds."""
        text = _letters(document.text)
        for start in range(len(text) - SHORTEST_PIECE + 1):
            digest, at = hashlib.sha256(), start
            for length in self._lengths.get(text[start : start + SHORTEST_PIECE], ()):
                if start + length > len(text):
                    break
                digest.update(text[at : start + length].encode("utf-8", "surrogatepass"))  # as text_hash does
                at = start + length
                if (found := digest.hexdigest()) in self.owners:
                    yield found


def without_held_out(
    documents: Sequence[Document],
    sources: Sequence[str],
    *,
    overlap: str = "refuse",
    problems: Problems | None = None,
) -> list[Document]:
    """The documents, after a check whether texts that are held out for the test are among them.

    Args:
        sources: files that `read_texts` takes, or `CORPUS=DIR` with all published parts.
        overlap: what to do: `refuse` raises, `drop` leaves the documents out, `allow` keeps them.
        problems: its notes say which files of the sources were not read; a file that cannot be read is an error here.

    Raises:
        DataError: with `refuse`, their number and the first of them; with `drop`, if nothing is left.
    """
    if overlap not in OVERLAP:
        raise ValueError(f"overlap is {overlap!r}; choose one of {', '.join(OVERLAP)}.")
    if not sources or overlap == "allow":
        return list(documents)
    found = set(
        leaking(documents, [document for source in sources for document in _held_out(source, problems or Problems())])
    )
    if not found:
        return list(documents)
    first = documents[min(found)].id or f"number {min(found)}"
    about = (
        f"{len(found)} of {len(documents)} documents hold a text, or a line of a text, that is held out for the test, "
        "or share a line with it"
    )
    kept = [document for number, document in enumerate(documents) if number not in found]
    if overlap == "refuse":
        raise DataError(
            f"{about} (the first is {first}), and a model that has read its test proves nothing; leave them out "
            "(--drop-overlap), or read them knowingly (--allow-overlap)."
        )
    if not kept:
        raise DataError(f"{about}, so that nothing is left to read; give other texts.")
    return kept


def _held_out(source: str, problems: Problems) -> list[Document]:
    """The texts of a source, read as for training; of JSON lines without gold.

    A faulty annotation must not hide a text: in a corpus such annotations are ignored and reported.
    """
    name, equals, folder = str(source).partition("=")
    if equals and not Path(source).exists() and key(name) != "jsonl":
        reading = Problems("skip")
        parts = read_splits(name, folder or None, problems=reading)
        for path, note in reading.notes.items():
            problems.note(path, note)
        if reading.items:
            about = f"{reading.count:,} faulty places of {source} were passed over (the first: {reading.items[0]})"
            problems.note(source, f"{about} Where one is a whole document, its text was not looked for.")
        return [document for part in parts.values() for document in part]
    if name in REGISTRY and not equals and not Path(source).exists():
        return read_corpus(name)
    path = source if Path(source).exists() or not equals else folder
    strict = Problems()
    lines = read_texts([path], problems=strict)  # of a named file; a run may also read it whole
    for folder_, note in strict.notes.items():
        problems.note(folder_, note)
    return lines if Path(path).is_dir() else [*lines, *read_texts([path], unit="file")]


def _normal(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, _normal(text)))
