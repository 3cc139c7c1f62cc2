"""Fingerprints: what they cover, and what they do not."""

from __future__ import annotations

import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.documents import Document, Span
from hf_cner.data.fingerprint import fingerprint, text_hash

A = Document("头痛", (Span(0, 2, "症状"),), "1", "r")
B = Document("发热", (), "2", "r")


def test_names_order_and_scores_do_not_count() -> None:
    renamed = Document(A.text, (Span(0, 2, "症状", 0.5),), "other", "")
    assert fingerprint([A, B]) == fingerprint([B, A]) == fingerprint(iter([renamed, B]))


def test_texts_spans_types_and_numbers_of_documents_count() -> None:
    variants = [
        [],
        [A],
        [A, B],
        [A, A],
        [A, B, B],
        [Document("头疼", A.spans), B],
        [A.with_spans([]), B],
        [A.with_spans([Span(0, 1, "症状")]), B],
        [A.with_spans([Span(0, 2, "体征")]), B],
        [A.with_spans([*A.spans, *A.spans]), B],
    ]
    assert len({fingerprint(variant) for variant in variants}) == len(variants)


def test_it_is_the_same_for_ever() -> None:
    assert fingerprint([A, B]) == "2c32f3b1468d9955"
    assert text_hash("头痛") == hashlib.sha256("头痛".encode()).hexdigest()
    assert text_hash("\ud800") != text_hash("\ud801")  # half a pair of surrogates, which no file holds, has one too


@given(st.lists(st.builds(Document, text=st.text(max_size=3))), st.randoms())
def test_order_never_counts(documents: list[Document], order: random.Random) -> None:
    assert fingerprint(order.sample(documents, len(documents))) == fingerprint(documents)
