"""The prefix tree of a lexicon: every word is found, and nothing else."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from hf_cner.modeling.bigrams import EDGE, NO_KEY
from hf_cner.modeling.words import NO_WORD, WordEmbedding, prefixes_of


def make(words: Any, *, rows: int = 60, nodes: int = 300, longest: int = 6) -> WordEmbedding:
    torch.manual_seed(0)
    embedding = WordEmbedding(rows, 3, nodes=nodes, longest=longest)
    embedding.set_words(words)
    return embedding


def slow(words: list[tuple[int, ...]], ids: list[list[int]], present: list[list[bool]]) -> set[tuple[int, ...]]:
    return {
        (row, start, start + len(word) - 1, number)
        for row, text in enumerate(ids)
        for number, word in enumerate(words)
        for start in range(len(text) - len(word) + 1)
        if tuple(text[start : start + len(word)]) == word and all(present[row][start : start + len(word)])
    }


def test_random_lexicons_against_comparing_every_word_at_every_place() -> None:
    chance = random.Random(0)
    for _ in range(20):
        words = list({tuple(chance.choices([3, 4, 5, EDGE - 1], k=chance.randint(2, 6))) for _ in range(50)})
        ids = [chance.choices([3, 4, 5, EDGE - 1, 0], k=25) for _ in range(3)]
        present = [[i != 0 and chance.random() < 0.95 for i in text] for text in ids]
        found = make(words).find(torch.tensor(ids), torch.tensor(present))
        rows = list(zip(*(values.tolist() for values in found), strict=True))
        assert set(rows) == slow(words, ids, present) and len(set(rows)) == len(rows) > 10


def test_the_table_is_sorted_and_holds_every_beginning_once() -> None:
    words = [(7, 3, 3), (7, 3), (2, 9)]
    embedding = make(words, nodes=8)
    assert prefixes_of(words) == [(2,), (7,), (2, 9), (7, 3), (7, 3, 3)]
    assert embedding.edges.tolist() == sorted(embedding.edges.tolist()) and embedding.edges[5:].tolist() == [NO_KEY] * 3
    assert embedding.rows.tolist() == [NO_WORD, NO_WORD, 2, 1, 0, NO_WORD, NO_WORD, NO_WORD]
    embedding.set_words([])
    assert not len(embedding.find(torch.tensor([[7, 3, 3]]), torch.ones(1, 3, dtype=torch.bool)).word)


def test_a_text_shorter_than_words_and_one_without_columns() -> None:
    embedding = make([(7, 3, 3), (7, 3)])
    found = embedding.find(torch.tensor([[7, 3]]), torch.ones(1, 2, dtype=torch.bool))
    assert [values.tolist() for values in found] == [[0], [0], [1], [1]]
    nothing = torch.zeros(2, 0, dtype=torch.long)
    assert all(len(values) == 0 for values in embedding.find(nothing, nothing.bool()))


@pytest.mark.parametrize(
    ("words", "vectors", "message"),
    [
        ([(1, 2), (2, 3), (3, 4), (4, 5)], None, r"4 words do not fit into a lexicon for 3 \(lexicon_size\)"),
        ([(1, 2), (1, 2)], None, "different from each other"),
        ([(1,)], None, r"has 1 characters; there is room for 2 to 3 \(longest_word\)"),
        ([(1, 2, 3, 4)], None, "has 4 characters; there is room for 2 to 3"),
        ([(1, EDGE)], None, rf"must lie in 0…{EDGE - 1}; found 1…{EDGE}"),
        ([(1, 2), (2, 3), (3, 4)], None, r"have 6 beginnings, more than the 5 that there is room for \(lexicon_nodes"),
        ([(1, 2)], torch.zeros(1, 2), "1 word vectors of length 3 are expected"),
    ],
)
def test_words_that_do_not_fit_change_nothing(words: Any, vectors: Any, message: str) -> None:
    embedding = make([(7, 8)], rows=3, nodes=5, longest=3)
    before = {name: value.clone() for name, value in embedding.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        embedding.set_words(words, vectors)
    assert all(torch.equal(value, before[name]) for name, value in embedding.state_dict().items())


def test_vectors_stay_in_the_order_of_the_words() -> None:
    embedding = make([])
    embedding.set_words([(9, 1), (2, 3)], [[9.0, 9.0, 1.0], [2.0, 2.0, 3.0]])
    found = embedding.find(torch.tensor([[2, 3, 9, 1]]), torch.ones(1, 4, dtype=torch.bool))
    assert embedding(found.word).tolist() == [[2, 2, 3], [9, 9, 1]] and found.start.tolist() == [0, 2]
