"""Whether texts that a model is pretrained on contain texts that it will be tested on: found by hashes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .corpora import CORPORA, read_corpus, read_splits
from .documents import Document
from .fingerprint import text_hash
from .problems import DataError
from .texts import read_texts

SHORTEST_LINE = 20
"""Shorter lines (headings, "no complaints") are equal by chance; whole texts are compared whatever their length."""

OVERLAP = ("refuse", "drop", "allow")


def leaking(documents: Sequence[Document], held_out: Iterable[Document]) -> list[int]:
    """Indices of the documents that are a text of `held_out`, or share a line of at least 20 characters with it.

    Compared are hashes of whole texts and of such lines (a text of one line is one), all without white space, in normal
    form (NFKC) and in lower case, so that another line end or a full-width digit hides nothing.
    """
    forbidden = {hashed for document in held_out for hashed in _hashes(document.text)}
    return [number for number, document in enumerate(documents) if not forbidden.isdisjoint(_hashes(document.text))]


def without_held_out(
    documents: Sequence[Document], sources: Sequence[str], *, overlap: str = "refuse"
) -> list[Document]:
    """The documents, after a look at whether texts that are held out for the test stand among them.

    Args:
        sources: files that `read_texts` takes, or `CORPUS=DIR`, of which every published part counts.
        overlap: what to do: `refuse` raises, `drop` leaves the documents out, `allow` keeps them.

    Raises:
        DataError: with `refuse`, how many there are and the first of them; with `drop`, when nothing is left.
    """
    if overlap not in OVERLAP:
        raise ValueError(f"overlap is {overlap!r}; choose one of {', '.join(OVERLAP)}.")
    if not sources or overlap == "allow":
        return list(documents)
    found = set(leaking(documents, [document for source in sources for document in _held_out(source)]))
    if not found:
        return list(documents)
    first = documents[min(found)].id or f"number {min(found)}"
    about = (
        f"{len(found)} of {len(documents)} documents hold a text, or a line of a text, that is held out for the test"
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


def _held_out(source: str) -> list[Document]:
    name, equals, folder = str(source).partition("=")
    if equals and not Path(source).exists():
        return [document for part in read_splits(name, folder, on_error="skip").values() for document in part]
    if name in CORPORA and not Path(source).exists():
        return read_corpus(name)
    lines = read_texts([source])  # of a file that is named; a run may read it whole as well
    return lines if Path(source).is_dir() else [*lines, *read_texts([source], unit="file")]


def _hashes(text: str) -> Iterator[str]:
    whole = _normal(text)
    if whole:
        yield text_hash(whole)
    lines = text.splitlines()
    if len(lines) > 1:
        yield from (text_hash(line) for line in map(_normal, lines) if len(line) >= SHORTEST_LINE)


def _normal(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())
