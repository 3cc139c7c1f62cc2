"""Splits: sizes, what stays together, and what they do not depend on."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.documents import Document, Span
from hf_cner.data.splits import join, k_folds, record_of, shared_texts, split_by_record, split_hash


def corpus(records: int, sections: int = 2) -> list[Document]:
    return [
        Document(f"第{record}份的第{section}节。", (), f"{section}-{record}", str(record))
        for record in range(records)
        for section in range(sections)
    ]


def names(part: list[Document]) -> list[str]:
    return sorted({record_of(document) for document in part})


loose = st.lists(
    st.builds(
        Document,
        text=st.sampled_from(["甲", "乙", "丙", "丁", " ", ""]) | st.text(min_size=5),
        id=st.sampled_from(["", "1", "2", "3", "4"]),
        record=st.sampled_from(["", "r", "s", "t"]),
    ),
    max_size=30,
)
ratio_lists = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("ratios", "sizes"),
    [
        ((7, 2, 1), [210, 60, 30]),
        ((7, 3), [210, 90]),
        ((8, 2), [240, 60]),
        ((1,), [300]),
        ((0.8, 0.1, 0.1), [240, 30, 30]),
    ],
)
def test_parts_have_the_sizes_that_the_ratios_say(ratios: tuple[float, ...], sizes: list[int]) -> None:
    parts = split_by_record(corpus(300), ratios, 42)
    assert [len(names(part)) for part in parts] == sizes
    assert [len(part) for part in parts] == [2 * size for size in sizes]


def test_ratios_may_be_in_any_unit() -> None:
    assert split_by_record(corpus(45), (7, 2, 1), 3) == split_by_record(corpus(45), (0.7, 0.2, 0.1), 3)
    assert split_by_record(corpus(45), (8, 2), 3) == split_by_record(corpus(45), (80.0, 20.0), 3)


@given(loose, ratio_lists, st.integers(0, 9), st.booleans(), st.randoms())
def test_nothing_that_belongs_together_is_parted(
    documents: list[Document], ratios: list[int], seed: int, together: bool, order: random.Random
) -> None:
    try:
        parts = split_by_record(documents, ratios, seed, same_text_together=together)
    except ValueError as error:
        assert "cannot be split into" in str(error)
        return
    assert all(parts)
    assert Counter(join(parts)) == Counter(documents)
    for one, other in combinations(parts, 2):
        assert not set(names(one)) & set(names(other))
        if together:
            assert shared_texts(one, other) == []
    shuffled = order.sample(documents, len(documents))
    again = split_by_record(shuffled, ratios, seed, same_text_together=together)
    assert list(map(Counter, again)) == list(map(Counter, parts))
    assert split_hash(again) == split_hash(parts)


def test_documents_keep_their_order_within_a_part() -> None:
    documents = corpus(20)
    place = {document.id: number for number, document in enumerate(documents)}
    for part in split_by_record(documents, (7, 3), 1):
        assert [place[document.id] for document in part] == sorted(place[document.id] for document in part)


def test_the_seed_decides_and_the_split_is_the_same_everywhere() -> None:
    first, second = (split_by_record(corpus(10, 1), (7, 2, 1), seed) for seed in (1, 2))
    assert first != second
    # Fixed figures: a split must not change with the version of Python, the platform, or this package.
    assert [names(part) for part in first] == [["3", "4", "5", "6", "7", "8", "9"], ["0", "1"], ["2"]]
    code = (
        "import json; from hf_cner.data.splits import *; from hf_cner.data.documents import Document;"
        "d = [Document('甲' * n, id=str(n)) for n in range(1, 30)];"
        "print(json.dumps([[x.id for x in p] for p in split_by_record(d, (7, 2, 1), 5)]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1 and len(json.loads(outputs.pop())) == 3


def test_records_with_an_equal_text_are_on_one_side_through_others_too() -> None:
    texts = {"1": "甲", "2": "甲乙", "3": "乙"}  # 1 and 3 have no text in common, but both share one with 2
    documents = [Document(text, (), f"{record}{text}", record) for record, both in texts.items() for text in both]
    documents += [Document("丙", (), "4", "4"), Document(" \n", (), "5", "5"), Document(" \n", (), "6", "6")]
    for seed in range(20):
        parts = [names(part) for part in split_by_record(documents, (1, 1, 1, 1), seed)]
        assert sorted(parts) == [["1", "2", "3"], ["4"], ["5"], ["6"]]  # blanks tie nothing together
    apart = {
        tuple(map(tuple, map(names, split_by_record(documents, (1, 1), s, same_text_together=False))))
        for s in range(20)
    }
    assert any("1" in one and "2" in other for one, other in apart)


def test_documents_without_names_are_split_by_their_texts() -> None:
    documents = [Document(f"第{number}句。") for number in range(10)] + [Document("第0句。")]
    train, test = split_by_record(documents, (8, 2), 0)
    assert len({d.text for d in train}) == 8 and len({d.text for d in test}) == 2


def test_every_part_gets_a_record_even_beside_a_large_share() -> None:
    assert [len(part) for part in split_by_record(corpus(3, 1), (98, 1, 1), 0)] == [1, 1, 1]
    assert [len(part) for part in split_by_record(corpus(4, 1), (98, 1, 1), 0)] == [2, 1, 1]


def test_impossible_splits_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"2 records \(those with equal texts counted as one\) cannot be split into 3 parts"
    ):
        split_by_record(corpus(2), (7, 2, 1), 0)
    with pytest.raises(
        ValueError, match=r"0 records cannot be split into 1 parts; ask for fewer parts or give more records"
    ):
        split_by_record([], (1,), 0, same_text_together=False)
    for ratios in ([], [1, 0], [1, -1], [float("nan")], [float("inf"), 1]):
        with pytest.raises(ValueError, match=r"must all be greater than 0, as in 7:2:1"):
            split_by_record(corpus(3), ratios, 0)
    with pytest.raises(ValueError, match="1 folds are asked for; cross-validation needs at least 2"):
        k_folds(corpus(3), 1, 0)
    with pytest.raises(ValueError, match=r"3 records .* cannot be split into 5 parts"):
        k_folds(corpus(3), 5, 0)


@given(loose, st.integers(2, 4), st.integers(0, 9))
def test_folds_hold_out_each_document_once(documents: list[Document], k: int, seed: int) -> None:
    try:
        folds = k_folds(documents, k, seed)
    except ValueError:
        return
    assert len(folds) == k
    assert Counter(join(held_out for _, held_out in folds)) == Counter(documents)
    for train, held_out in folds:
        assert Counter(train) + Counter(held_out) == Counter(documents)
        assert not set(names(train)) & set(names(held_out)) and shared_texts(train, held_out) == []


def test_folds_differ_by_one_record_at_most() -> None:
    assert sorted(len(held_out) for _, held_out in k_folds(corpus(23, 1), 5, 0)) == [4, 4, 5, 5, 5]


def test_joined_parts_are_one_part() -> None:
    train, test, dev = split_by_record(corpus(10), (7, 2, 1), 0)
    assert join([train, dev]) == [*train, *dev] and len(join([train, dev]) + test) == 20


def test_shared_texts_names_a_pair_for_each_text_on_both_sides() -> None:
    one = [Document("甲", id="1"), Document("甲", id="2"), Document("乙", id="3"), Document("", id="4")]
    other = [Document("丙", id="5"), Document("甲", id="6"), Document("甲", id="7"), Document("", id="8")]
    assert [(a.id, b.id) for a, b in shared_texts(one, other)] == [("1", "6")]


def test_the_hash_of_a_split_names_which_document_is_where() -> None:
    a, b = Document("甲", id="a"), Document("乙", id="b")
    assert split_hash([[a, b]]) == split_hash([[b, a]]) == split_hash([[a, b.with_spans([Span(0, 1, "x")])]])
    others = [[[a], [b]], [[b], [a]], [[a, b], []], [[a]], [[a, a, b]], [[a, Document("丙", id="b")]]]
    hashes = {split_hash(parts) for parts in ([[a, b]], *others)}
    assert len(hashes) == 1 + len(others)
    assert all(len(name) == 16 for name in hashes)
