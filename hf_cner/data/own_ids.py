"""Documents under ids of their own: two texts under one name cannot be told apart in what is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from .documents import Document


def with_own_id(document: Document, ids: Counter[str]) -> Document:
    """The document under an id that no other in `ids` has; those that shared one are of one record."""
    name = document.id
    ids[name] += 1
    if ids[name] == 1:
        return document
    number = ids[name]
    while (own := f"{name}-{number}") in ids:
        number += 1
    ids[own] = 1
    return replace(document, id=own, record=document.record or name)


def told_apart(documents: Iterable[Document]) -> Iterator[Document]:
    """The documents, each under its own id; equal copies keep theirs."""
    ids, first = Counter[str](), dict[str, Document]()
    for document in documents:
        if not document.id or (document.id in ids and first[document.id] == document):
            yield document
            continue
        first.setdefault(document.id, document)
        yield with_own_id(document, ids)
