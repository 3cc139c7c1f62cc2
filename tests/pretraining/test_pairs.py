"""Pairs of sentences: half of them neighbours, half from two documents, drawn again in each epoch."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from small_encoders import SIZES, WORDS, notes, tokenizer
from tokenizers import processors
from transformers import AlbertConfig, AlbertForPreTraining, BertConfig, BertForPreTraining

from hf_cner import Document
from hf_cner.data.lexicon import Lexicon
from hf_cner.pretraining.masking import MaskingCollator
from hf_cner.pretraining.pairs import SentencePairs, can_pair

TOKENIZER = tokenizer()
NAMES = TOKENIZER.convert_ids_to_tokens(list(range(len(TOKENIZER))))


def halves(feature: dict) -> tuple[str, str]:
    ids, types = feature["input_ids"].tolist(), feature["token_type_ids"]
    assert len(ids) == len(types) and ids[0] == TOKENIZER.cls_token_id and ids[-1] == TOKENIZER.sep_token_id
    parts = ["".join(NAMES[i] for i, type_ in zip(ids, types, strict=True) if type_ == half) for half in (0, 1)]
    first, second = parts[0].removeprefix("[CLS]").removesuffix("[SEP]"), parts[1].removesuffix("[SEP]")
    assert "[" not in first + second
    return first, second


def test_true_pairs_are_neighbours_and_the_others_come_from_other_documents() -> None:
    documents = notes(60, parts=20)
    pairs = SentencePairs(documents, TOKENIZER, max_length=60)
    texts = [document.text for document in documents]
    labels: Counter[int] = Counter()
    for epoch in range(8):
        pairs.set_epoch(epoch)
        for number in range(len(pairs)):
            feature = pairs[number]
            first, second = halves(feature)
            assert len(first) <= 30 and len(second) <= 30
            label = feature["next_sentence_label"]
            labels[label] += 1
            low, high = pairs.others[number]
            if label == 0:
                assert any(first + second in text for text in texts)
            else:
                assert any(second in text for text in texts)
                following = "".join(NAMES[i] for i in pairs.pieces[pairs.firsts[number] + 1][0])
                inside = ["".join(NAMES[i] for i in pairs.pieces[piece][0]) for piece in range(low, high)]
                assert second != following or inside.count(second) > 1 or sum(second in text for text in texts) > 1
    total = sum(labels.values())
    assert abs(labels[0] - total / 2) < 4 * math.sqrt(total) / 2


def test_every_piece_of_a_document_stands_in_a_pair_and_entities_stay_where_they_are() -> None:
    documents = notes(30, parts=20)
    pairs = SentencePairs(documents, TOKENIZER, max_length=60)
    in_pairs = {*pairs.firsts, *(first + 1 for first in pairs.firsts)}
    alone = [document for document in documents if document.text.count("。") < 2]
    assert len(pairs.pieces) - len(in_pairs) <= len(alone)
    words = Counter()
    for number in range(len(pairs)):
        feature = pairs[number]
        for start, end in feature["entities"]:
            words["".join(NAMES[i] for i in feature["input_ids"][start:end])] += 1
    assert set(words) == set(WORDS)
    found = SentencePairs(documents, TOKENIZER, max_length=60, find=Lexicon(WORDS).find)
    pairs.set_epoch(0)
    found.set_epoch(0)
    assert found[0]["entities"] == pairs[0]["entities"]


def test_pairs_are_drawn_anew_in_each_epoch_and_the_same_again() -> None:
    pairs = SentencePairs(notes(40), TOKENIZER)
    assert [halves(pairs[number]) for number in range(len(pairs))] != [
        halves(pairs[number]) for number in range(len(pairs))
    ]  # nobody said which epoch it is
    pairs.set_epoch(0)
    first = [halves(pairs[number]) for number in range(len(pairs))]
    assert first == [halves(pairs[number]) for number in range(len(pairs))]
    pairs.set_epoch(1)
    assert first != [halves(pairs[number]) for number in range(len(pairs))]


def test_a_short_document_is_cut_where_two_sentences_meet() -> None:
    pairs = SentencePairs([Document("患者发热。今日咳嗽。无头痛。"), Document("头痛")], TOKENIZER, max_length=200)
    assert len(pairs) == 1 and len(pairs.pieces) == 3
    texts = set()
    for epoch in range(30):
        pairs.set_epoch(epoch)
        texts.add(halves(pairs[0]))
    assert texts == {("患者发热。", "今日咳嗽。无头痛。"), ("患者发热。", "头痛")}


@pytest.mark.parametrize("text", ["{}" + "\n" * 14, "\n" * 9 + "{}", "{}" + " " * 14])
def test_blanks_around_two_sentences_do_not_make_them_one(text: str) -> None:
    pairs = SentencePairs([Document(text.format("患者发热。今日咳嗽。")), Document("头痛")], TOKENIZER, max_length=200)
    known = set(TOKENIZER.convert_tokens_to_ids(list("患者发热今日咳嗽头痛")))
    pieces = [TOKENIZER.convert_ids_to_tokens([i for i in ids.tolist() if i in known]) for ids, _ in pairs.pieces]
    assert ["".join(piece) for piece in pieces] == ["患者发热", "今日咳嗽", "头痛"]


@pytest.mark.parametrize(
    ("model", "config", "label"),
    [(BertForPreTraining, BertConfig, "next_sentence_label"),
     (AlbertForPreTraining, AlbertConfig, "sentence_order_label")],
)  # fmt: skip
def test_models_take_both_tasks(model: type, config: type, label: str) -> None:
    pairs = SentencePairs(notes(20), TOKENIZER, label=label)
    batch = MaskingCollator(TOKENIZER)([pairs[number] for number in range(4)])
    assert batch[label].shape == (4,) and batch["token_type_ids"].shape == batch["input_ids"].shape
    sizes = {**SIZES, "embedding_size": 8} if config is AlbertConfig else SIZES
    network = model(config(vocab_size=len(TOKENIZER), **sizes)).eval()
    losses = [network(**batch | {label: torch.full((4,), number)}).loss for number in (0, 1)]
    assert torch.isfinite(losses[0]) and not torch.equal(*losses)


def test_what_cannot_be_is_said() -> None:
    for texts in (["患者发热。今日咳嗽。", " \n"], ["患者发热。", "今日咳嗽。"], []):
        assert not can_pair([Document(text) for text in texts], 60)
    assert can_pair([Document("患者发热。今日咳嗽。"), Document("头痛")], 60)
    with pytest.raises(ValueError, match=r"needs two documents, of which one has two sentences; give more texts"):
        SentencePairs([Document("患者发热。今日咳嗽。"), Document(" \n")], TOKENIZER)
    with pytest.raises(ValueError, match="needs two documents"):
        SentencePairs([Document("患者发热。"), Document("今日咳嗽。")], TOKENIZER)
    untyped = tokenizer()
    untyped.backend_tokenizer.post_processor = processors.TemplateProcessing(single="$A", pair="$A:0 $B:0")
    with pytest.raises(ValueError, match=r"same token type.*leave next_sentence out"):
        SentencePairs(notes(4), untyped)
