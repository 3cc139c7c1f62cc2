"""Splits of documents by record, so that no patient and no text stands on both sides."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

from .documents import Document
from .fingerprint import text_hash

Part = list[Document]


def record_of(document: Document) -> str:
    """What a split may not part: the record, or the document itself when it belongs to none."""
    return document.record or document.id


def split_by_record(
    documents: Sequence[Document], ratios: Sequence[float], seed: int, *, same_text_together: bool = True
) -> list[Part]:
    """Parts in the given ratios, counted in records, e.g. `[7, 2, 1]`.

    The result depends on the records' names and the seed, not on the order of the documents or the platform. Within a
    part the documents keep their order.

    Args:
        documents: with records; documents without one are records of their own.
        ratios: positive numbers, in any unit.
        seed: of the shuffle.
        same_text_together: keep records that share an equal text on one side.

    Raises:
        ValueError: fewer groups of records than parts, or ratios that are not positive.
    """
    if len(ratios) < 1 or any(ratio <= 0 for ratio in ratios):
        raise ValueError(f"The ratios {list(ratios)} must all be greater than 0, as in 7:2:1.")
    groups = _shuffled_groups(documents, seed, same_text_together)
    if len(groups) < len(ratios):
        raise ValueError(
            f"{len(groups)} records (those with equal texts counted as one) cannot be split into {len(ratios)} parts; "
            "ask for fewer parts or give more records."
        )
    return _fill(documents, groups, ratios)


def k_folds(
    documents: Sequence[Document], k: int, seed: int, *, same_text_together: bool = True
) -> list[tuple[Part, Part]]:
    """For each of k folds the documents outside it and those inside it: (train, held out)."""
    if k < 2:
        raise ValueError(f"{k} folds are asked for; cross-validation needs at least 2.")
    parts = split_by_record(documents, [1.0] * k, seed, same_text_together=same_text_together)
    where = {id(document): number for number, part in enumerate(parts) for document in part}
    return [([d for d in documents if where[id(d)] != fold], parts[fold]) for fold in range(k)]


def join(parts: Sequence[Part]) -> Part:
    """Several parts as one: P3 trains on its train and dev parts together."""
    return [document for part in parts for document in part]


def split_hash(parts: Sequence[Sequence[Document]]) -> str:
    """A short name of a split: equal when the same documents (by id and text) stand in the same parts."""
    digest = hashlib.sha256()
    for part in parts:
        for row in sorted(f"{document.id}\t{text_hash(document.text)}" for document in part):
            digest.update(row.encode())
        digest.update(b"|")
    return digest.hexdigest()[:16]


def _shuffled_groups(documents: Sequence[Document], seed: int, same_text_together: bool) -> list[set[str]]:
    """Records that must stay together, in an order that only their names and the seed decide."""
    parent: dict[str, str] = {record_of(document): record_of(document) for document in documents}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    if same_text_together:
        first: dict[str, str] = {}
        for document in documents:
            other = first.setdefault(document.text, record_of(document))
            parent[root(record_of(document))] = root(other)
    groups: dict[str, set[str]] = {}
    for name in parent:
        groups.setdefault(root(name), set()).add(name)
    ordered = sorted(groups.values(), key=min)
    random.Random(seed).shuffle(ordered)
    return ordered


def _fill(documents: Sequence[Document], groups: list[set[str]], ratios: Sequence[float]) -> list[Part]:
    """Give each group to the part that lacks most of its share; every part gets at least one."""
    total = sum(len(group) for group in groups)
    shares = [ratio / sum(ratios) * total for ratio in ratios]
    filled = [0] * len(ratios)
    part_of: dict[str, int] = {}
    for left, group in zip(range(len(groups), 0, -1), groups, strict=True):
        empty = [number for number, count in enumerate(filled) if count == 0]
        candidates = empty if left <= len(empty) else range(len(ratios))
        number = max(candidates, key=lambda part: (shares[part] - filled[part], -part))
        filled[number] += len(group)
        part_of.update(dict.fromkeys(group, number))
    parts: list[Part] = [[] for _ in ratios]
    for document in documents:
        parts[part_of[record_of(document)]].append(document)
    return parts
