from __future__ import annotations

import torch

from hf_cner import Document, Span
from hf_cner.modeling.extraction import Extraction
from hf_cner.training.evaluation import IndexCollator, pack, unpack

TYPES = ["x", "y"]


def test_spans_survive_the_way_through_tensors() -> None:
    found = Extraction([[(0, 2, "x", None), (3, 4, "y", 0.5)], [], [(1, 2, "y", None)]], loss_sum=4.5, units=9)
    spans, totals = pack(found, torch.tensor([2, 0, 1, -1]), TYPES)
    assert spans.tolist() == [
        [[2, 0, 2, 0], [2, 3, 4, 1]],
        [[-100] * 4] * 2,
        [[1, 1, 2, 1], [-100] * 4],
        [[-100] * 4] * 2,
    ]
    assert totals.tolist() == [[4.5, 9.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    documents = [Document("一二三四五", id=name) for name in "abc"]
    again = unpack([spans.numpy(), spans.numpy()], documents, TYPES)  # a document that came twice counts once
    assert [document.id for document in again] == ["a", "b", "c"]
    assert again[0].spans == ()
    assert again[1].spans == (Span(1, 2, "y"),)
    assert again[2].spans == (Span(0, 2, "x"), Span(3, 4, "y"))


def test_batches_of_documents_have_one_size() -> None:
    batch = IndexCollator(3)([5, 1])
    assert batch["document"].tolist() == batch["input_ids"].tolist() == [5, 1, -1]
    assert IndexCollator(2)([])["document"].tolist() == [-1, -1]


def test_nothing_found_packs_too() -> None:
    spans, totals = pack(Extraction([]), torch.tensor([-1, -1]), TYPES)
    assert spans.tolist() == [[[-100] * 4]] * 2
    assert totals.tolist() == [[0.0, 0.0]] * 2
