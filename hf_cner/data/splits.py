"""Splits of documents by record, so that no patient and no text is on both sides."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterable, Sequence
from fractions import Fraction

from .documents import Document
from .fingerprint import text_hash

Part = list[Document]


def record_of(document: Document) -> str:
    """The group that a split keeps together: the record, or the document itself if it has no record.

    A document without any name is identified by its text, so that a corpus without names can be split too.
    """
    return document.record or name_of(document)


def name_of(document: Document) -> str:
    """The name of a document in `split.json`: its id, or its text if it has none."""
    return document.id or f"text {text_hash(document.text)}"


def split_by_record(
    documents: Iterable[Document], ratios: Sequence[float], seed: int, *, same_text_together: bool = True
) -> list[Part]:
    """Parts in the given ratios, counted in records, e.g. `[7, 2, 1]`.

    The part of a document depends on the names and texts of all, the ratios and the seed; not on the order of the
    documents or the platform. Within a part the documents keep their order.

    Args:
        documents: with records; documents without one are records of their own.
        ratios: positive numbers, in any unit.
        seed: of the shuffle.
        same_text_together: keep records that share an equal text on one side. Empty and blank texts do not count: they
            would join records that have nothing in common.

    Raises:
        ValueError: fewer groups of records than parts, or ratios that are not positive.
    """
    documents = list(documents)
    if not ratios or not all(ratio > 0 and math.isfinite(ratio) for ratio in ratios):
        raise ValueError(f"The ratios {list(ratios)} must all be greater than 0, as in 7:2:1.")
    groups = _shuffled_groups(documents, seed, same_text_together)
    if len(groups) < len(ratios):
        counted = " (those with equal texts counted as one)" if same_text_together else ""
        raise ValueError(
            f"{len(groups)} records{counted} cannot be split into {len(ratios)} parts; ask for fewer parts or give "
            "more records."
        )
    part_of = _fill(groups, ratios)
    parts: list[Part] = [[] for _ in ratios]
    for document in documents:
        parts[part_of[record_of(document)]].append(document)
    return parts


def k_folds(
    documents: Iterable[Document], k: int, seed: int, *, same_text_together: bool = True
) -> list[tuple[Part, Part]]:
    """For each of k folds the documents outside it and those inside it: (train, held out).

    Each document is held out once. As `split_by_record`, with the same arguments and errors.
    """
    if k < 2:
        raise ValueError(f"{k} folds are asked for; cross-validation needs at least 2.")
    documents = list(documents)
    parts = split_by_record(documents, [1] * k, seed, same_text_together=same_text_together)
    fold_of = {record_of(document): fold for fold, part in enumerate(parts) for document in part}
    return [([d for d in documents if fold_of[record_of(d)] != fold], parts[fold]) for fold in range(k)]


def join(parts: Iterable[Iterable[Document]]) -> Part:
    """Several parts as one: P3 trains on its train and dev parts together."""
    return [document for part in parts for document in part]


def shared_texts(one: Iterable[Document], other: Iterable[Document]) -> list[tuple[Document, Document]]:
    """Pairs of documents with an equal text, for each text on both sides the first of each side.

    Equal means every character: texts that were edited in between are not found (those that CCKS-2018 and CCKS-2019
    share differ by a few exchanged characters and the last line end).
    """
    first: dict[str, Document] = {}
    for document in one:
        first.setdefault(document.text, document)
    seen: dict[str, Document] = {}
    for document in other:
        seen.setdefault(document.text, document)
    return [(first[text], document) for text, document in seen.items() if text in first and text.strip()]


def split_hash(parts: Iterable[Iterable[Document]]) -> str:
    """A short name of a split: equal if the same documents (by id and text) are in the same parts, in any order."""
    digest = hashlib.sha256()
    for part in parts:
        for row in sorted(f"{document.id}\t{text_hash(document.text)}\n" for document in part):
            digest.update(row.encode("utf-8", "surrogatepass"))
        digest.update(b"|\n")
    return digest.hexdigest()[:16]


def _shuffled_groups(documents: Sequence[Document], seed: int, same_text_together: bool) -> list[set[str]]:
    """Groups of records that must stay together, in an order that depends only on names and seed."""
    parent: dict[str, str] = {name: name for name in map(record_of, documents)}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    if same_text_together:
        first: dict[str, str] = {}
        for document in documents:
            if document.text.strip():
                other = first.setdefault(document.text, record_of(document))
                parent[root(record_of(document))] = root(other)
    groups: dict[str, set[str]] = {}
    for name in parent:
        groups.setdefault(root(name), set()).add(name)
    ordered = sorted(groups.values(), key=min)
    random.Random(seed).shuffle(ordered)
    return ordered


def _fill(groups: list[set[str]], ratios: Sequence[float]) -> dict[str, int]:
    """The part of each record: a group goes to the part with the largest missing share; each part gets a group."""
    # Fractions: 7:2:1 and 0.7:0.2:0.1 give the same split, and no rounding decides between two parts.
    exact = [Fraction(str(ratio)) for ratio in ratios]
    total = sum(len(group) for group in groups)
    lacking = [ratio / sum(exact) * total for ratio in exact]
    empty = set(range(len(ratios)))
    part_of: dict[str, int] = {}
    for left, group in zip(range(len(groups), 0, -1), groups, strict=True):
        candidates = empty if left <= len(empty) else range(len(ratios))
        number = max(candidates, key=lambda part: (lacking[part], -part))
        lacking[number] -= len(group)
        empty.discard(number)
        part_of.update(dict.fromkeys(group, number))
    return part_of
