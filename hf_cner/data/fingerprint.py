"""Short names of data, which show whether two results have the same texts and annotations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from .documents import Document


def text_hash(text: str) -> str:
    """SHA-256 of a text, in hexadecimal: finds an equal text without keeping it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint(documents: Iterable[Document]) -> str:
    """Name of a set of annotated documents, 16 hexadecimal digits.

    It depends on texts and spans, not on names, scores or order: the same data in another format has the same
    fingerprint.
    """
    rows = sorted(
        json.dumps([text_hash(document.text), [[s.start, s.end, s.type] for s in document.spans]], ensure_ascii=False)
        for document in documents
    )
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]
