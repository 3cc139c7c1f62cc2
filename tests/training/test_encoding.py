from __future__ import annotations

import pytest
import torch
from datasets import Dataset
from small_runs import model, notes, tokenizer
from transformers import BertTokenizer, PreTrainedTokenizerBase

from hf_cner import Document, Span
from hf_cner.data.documents import to_row
from hf_cner.data.tokenizer import character_tokenizer_from
from hf_cner.training.encoding import DocumentEncoder, as_documents, documents_to_evaluate


def framed() -> PreTrainedTokenizerBase:
    """The tokenizer of an encoder with [CLS] and [SEP]."""

    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "[unused1]",
        *sorted(set("".join(d.text for d in notes(64)))),
    ]
    return character_tokenizer_from(BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}))


@pytest.mark.parametrize("kind", ["crf", "softmax", "biaffine", "global_pointer"])
@pytest.mark.parametrize("make", [tokenizer, framed])
def test_nothing_is_learnt_from_fillers(kind: str, make: object) -> None:
    network = model(
        span_decoder={"kind": kind},
        encoder={"kind": "static", "vocab_size": 64, "embedding_size": 16},
        non_unit_ids=[0, 2, 3] if make is framed else [0],
    )
    network.double().eval()  # no dropout
    encoder = DocumentEncoder(network, make())
    features, _ = encoder.features(notes(3, 1))
    collate = encoder.collator()
    assert features[len(features)] is features.filler
    filled = network(**collate([*features.features, features.filler]), num_items_in_batch=10).loss
    plain = network(**collate(features.features), num_items_in_batch=10).loss
    assert filled.item() == pytest.approx(plain.item(), rel=1e-12)
    nothing = network(**collate([features.filler, features.filler]), num_items_in_batch=10).loss
    nothing.backward()
    assert nothing.item() == 0.0
    assert all(p.grad is None or torch.equal(p.grad, torch.zeros_like(p)) for p in network.parameters())


def test_windows_are_numbered_as_they_are_asked_for() -> None:
    encoder = DocumentEncoder(model(), tokenizer())
    dataset = encoder.dataset([Document("发热。", (Span(0, 2, "症状"),)), Document(""), Document("咳嗽。" * 12)])
    assert len(dataset) == 3 and dataset[2] == 2 and dataset.lengths() == [3, 0, 36]
    windows = dataset.windows([2, 0, 1])
    assert [item.document for item in windows] == [0] * (len(windows) - 1) + [1]
    assert windows[-1].labels is not None and len(windows[-1].labels) == 3


def test_what_is_documents() -> None:
    documents = notes(3, 1)
    assert as_documents(documents) == documents and as_documents(tuple(documents)) == documents
    assert as_documents(Dataset.from_list([to_row(document) for document in documents])) == documents
    assert as_documents([]) is None and as_documents(None) is None
    assert documents_to_evaluate(documents) == documents and documents_to_evaluate(None) is None
    with pytest.raises(ValueError, match="There are no documents to evaluate: the list is empty"):
        documents_to_evaluate([])
    assert as_documents([{"input_ids": [1]}]) is None
    assert as_documents(Dataset.from_list([{"input_ids": [1]}])) is None
