"""What masking chooses and what becomes of it, in numbers: within four standard deviations at fixed seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_encoders import CHARACTERS, SIZES, SPECIALS, WORDS, notes, tokenizer
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from hf_cner import Document, Span
from hf_cner.data.lexicon import Lexicon
from hf_cner.data.tokenizer import character_tokenizer_from
from hf_cner.pretraining.masking import MaskingCollator
from hf_cner.pretraining.plm import PermutationCollator
from hf_cner.pretraining.windows import SpanIndex, TextWindows, outermost

TOKENIZER = tokenizer()
NAMES = TOKENIZER.convert_ids_to_tokens(list(range(len(TOKENIZER))))
MASK = TOKENIZER.mask_token_id


def near(count: int, of: int, share: float) -> bool:
    return abs(count - of * share) <= 4 * math.sqrt(of * share * (1 - share))


def rows(documents: list[Document], rounds: int = 1, seed: int = 0, **options: Any) -> list[tuple[Any, ...]]:
    """Original ids, what the model sees, labels and entities of every window, in every round."""
    windows = TextWindows(documents, TOKENIZER, max_length=40, seed=seed)
    collator = MaskingCollator(TOKENIZER, **options)
    found = []
    for epoch in range(rounds):
        windows.set_epoch(epoch)
        features = [windows[number] for number in range(len(windows))]
        batch = collator(features)
        for feature, seen, labels in zip(features, batch["input_ids"].numpy(), batch["labels"].numpy(), strict=True):
            ids = feature["input_ids"]
            assert (labels[len(ids) :] == -100).all() and (seen[len(ids) :] == TOKENIZER.pad_token_id).all()
            found.append((ids, seen[: len(ids)], labels[: len(ids)], feature["entities"]))
    return found


def test_every_other_word_of_the_length_is_as_likely_a_replacement() -> None:
    words = ["头痛", "发热", "咳嗽"]
    collator = MaskingCollator(TOKENIZER, whole_entities=True, words=words)
    chance, drawn = np.random.default_rng(0), []
    ids = {word: np.array(TOKENIZER.convert_tokens_to_ids(list(word)), dtype=np.int64) for word in words}
    for _ in range(2000):
        found = collator._another(ids["头痛"], chance)
        drawn.append("".join(NAMES[i] for i in found))
    assert set(drawn) == {"发热", "咳嗽"} and near(drawn.count("发热"), 2000, 0.5)


def test_unknown_characters_in_entities_do_not_count_as_hidden() -> None:
    text = "头鱻" * 100
    spans = tuple(Span(start, start + 2, "症状") for start in range(0, len(text), 2))
    found = rows([Document(text, spans)], rounds=60, whole_entities=True)
    known = sum(int((ids != TOKENIZER.unk_token_id).sum()) - 2 for ids, *_ in found)  # without [CLS] and [SEP]
    chosen = sum(int((labels != -100).sum()) for _, _, labels, _ in found)
    assert known == 100 * 60 and near(chosen, known, 0.15)


def test_random_masking() -> None:
    found = rows(notes(150), rounds=4)
    ids, seen, labels = (np.concatenate([row[part] for row in found]) for part in range(3))
    characters = ~np.isin(ids, TOKENIZER.all_special_ids)
    chosen = labels != -100
    assert not (chosen & ~characters).any() and (labels[chosen] == ids[chosen]).all()
    assert (seen[~chosen] == ids[~chosen]).all()
    assert near(chosen.sum(), characters.sum(), 0.15)
    total = int(chosen.sum())
    assert near((seen[chosen] == MASK).sum(), total, 0.8)
    other = chosen & (seen != MASK) & (seen != ids)
    by_chance = 1 / (len(TOKENIZER) - 6)  # a random character is now and then the same one
    assert near(other.sum(), total, 0.1 * (1 - by_chance))
    assert all(len(NAMES[number]) == 1 for number in seen[other])


def test_whole_entities() -> None:
    found = rows(notes(200, parts=14), rounds=6, whole_entities=True, words=WORDS)
    chosen = characters = hidden = same = another = 0
    for ids, seen, labels, entities in found:
        picked = labels != -100
        chosen, characters = chosen + picked.sum(), characters + (ids > 5).sum()
        for start, end in entities:
            part = picked[start:end]
            assert part.all() or not part.any(), "an entity is chosen whole, or not at all"
            if part.all():
                now, before = seen[start:end], ids[start:end]
                hidden += (now == MASK).all()
                same += (now == before).all()
                if not (now == MASK).all() and not (now == before).all():
                    another += 1
                    assert (now != MASK).all()
                    alike = [word for word in WORDS if len(word) == end - start]
                    if len(alike) > 1:
                        assert "".join(NAMES[number] for number in now) in alike
    total = hidden + same + another
    assert total > 2000
    assert near(hidden, total, 0.8) and near(same, total, 0.1) and near(another, total, 0.1)
    # Entities are more than half of these texts, so hardly anything but entities is chosen; the mean stays what it was.
    assert 0.15 * 0.97 < chosen / characters < 0.15 * 1.03


def test_long_entities_have_their_chance() -> None:
    times: dict[int, list[int]] = {2: [0, 0], 9: [0, 0]}
    for _, _, labels, entities in rows(notes(300, parts=20), rounds=4, whole_entities=True):
        for start, end in entities:
            if end - start in times:
                times[end - start][0] += 1
                times[end - start][1] += labels[start] != -100
    short, long = (chosen / count for count, chosen in times.values())
    assert 0.5 < long / short < 1.0  # a long one, here more than a window's share, is more often what goes beyond


def test_too_few_entities_are_made_up_by_random_characters() -> None:
    plain = [Document(document.text, document.spans[:1]) for document in notes(300)]
    for top_up in (True, False):
        chosen = characters = beside = 0
        for ids, _, labels, entities in rows(plain, rounds=3, whole_entities=True, top_up=top_up):
            inside = np.zeros(len(ids), dtype=bool)
            for start, end in entities:
                inside[start:end] = True
            chosen, characters = chosen + (labels != -100).sum(), characters + (ids > 5).sum()
            beside += ((labels != -100) & ~inside).sum()
        if top_up:
            assert 0.15 * 0.97 < chosen / characters < 0.15 * 1.03 and beside > 0.3 * chosen
        else:
            assert chosen / characters < 0.1 and not beside


def test_p5_to_the_letter() -> None:
    options = {"whole_entities": True, "entity_rate": 0.15, "top_up": False, "rate": 1.0}
    entities = chosen = 0
    for _, _, labels, spans in rows(notes(200), rounds=4, **options):
        entities += len(spans)
        chosen += sum(bool((labels[start:end] != -100).all()) for start, end in spans)
    assert near(chosen, entities, 0.15)


def test_special_tokens_in_a_text_and_unknown_characters() -> None:
    document = Document("[SEP]头痛[MASK]鼽衄，发热")
    find = Lexicon(["鼽衄", "头痛"]).find
    windows = TextWindows([document], TOKENIZER, find=find)
    collator = MaskingCollator(TOKENIZER, whole_entities=True, rate=1.0)
    ids = windows[0]["input_ids"]
    assert len(ids) == len(document.text) + 2
    batch = collator([windows[0]])
    labels, seen = batch["labels"][0].numpy(), batch["input_ids"][0].numpy()
    assert labels[0] == labels[-1] == -100 and seen[0] == ids[0] and seen[-1] == ids[-1]
    assert (labels[ids == TOKENIZER.unk_token_id] == -100).all()
    assert (labels[ids > 5] == ids[ids > 5]).all()
    assert (seen[ids == TOKENIZER.unk_token_id] == TOKENIZER.unk_token_id).all()  # nothing could be learnt from 鼽衄


def test_what_is_chosen_depends_on_seed_epoch_and_index_alone() -> None:
    first, again, other = (rows(notes(8), seed=seed, rounds=2, whole_entities=True) for seed in (3, 3, 4))
    assert all(np.array_equal(one[1], two[1]) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one[1], two[1]) for one, two in zip(first, other, strict=True))
    assert not all(np.array_equal(one[1], two[1]) for one, two in zip(first[:8], first[8:], strict=True))
    windows = TextWindows(notes(8), TOKENIZER, max_length=40)
    windows.set_epoch(0)
    collator = MaskingCollator(TOKENIZER)
    batch = collator([windows[number] for number in range(4)])
    for number in range(4):
        alone = collator([windows[number]])["labels"][0]
        assert torch.equal(batch["labels"][number, : len(alone)], alone)
        assert (batch["labels"][number, len(alone) :] == -100).all()
        assert batch["attention_mask"][number].sum() == len(alone)


def test_torch_decides_where_features_do_not_say() -> None:
    features = [{"input_ids": TOKENIZER(document.text)["input_ids"]} for document in notes(4)]
    collator = MaskingCollator(TOKENIZER)
    torch.manual_seed(1)
    first = collator(features)["labels"]
    assert not torch.equal(first, collator(features)["labels"])
    torch.manual_seed(1)
    assert torch.equal(first, collator(features)["labels"])


def test_a_batch_always_has_something_to_learn() -> None:
    windows = TextWindows([Document("头痛")], TOKENIZER)
    head, pain = TOKENIZER.convert_tokens_to_ids(["头", "痛"])
    batch = MaskingCollator(TOKENIZER, rate=1e-9)([windows[0]])
    assert batch["labels"].tolist() == [[-100, head, -100, -100]] and batch["input_ids"][0, 1] == MASK
    windows = TextWindows([Document("头痛")], TOKENIZER, find=Lexicon(["头痛"]).find)
    batch = MaskingCollator(TOKENIZER, rate=1e-9, whole_entities=True)([windows[0]])
    assert batch["labels"].tolist() == [[-100, head, pain, -100]]


def test_in_a_plain_trainer(tmp_path: Any) -> None:
    model = BertForMaskedLM(BertConfig(vocab_size=len(TOKENIZER), **SIZES))
    arguments = TrainingArguments(
        str(tmp_path), max_steps=30, learning_rate=3e-3, use_cpu=True, report_to="none", disable_tqdm=True,
        logging_steps=15, remove_unused_columns=False,
    )  # fmt: skip
    collator = MaskingCollator(TOKENIZER, whole_entities=True, words=WORDS)
    trainer = Trainer(model, arguments, data_collator=collator, train_dataset=TextWindows(notes(80), TOKENIZER))
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < losses[0]


def test_without_an_epoch_every_look_hides_other_characters_and_with_one_the_same() -> None:
    windows, collator = TextWindows(notes(20), TOKENIZER), MaskingCollator(TOKENIZER)

    def hidden() -> torch.Tensor:
        return collator([windows[number] for number in range(len(windows))])["labels"]

    assert not torch.equal(hidden(), hidden())  # a Trainer that never tells the epoch masks anew all the same
    windows.set_epoch(0)
    first = hidden()
    assert torch.equal(first, hidden())
    windows.set_epoch(1)
    assert not torch.equal(first, hidden())


def test_short_windows_of_long_texts_are_kept() -> None:
    windows = TextWindows([Document("患者头痛三天，经查体无异常", ())], TOKENIZER, max_length=6)
    assert len(windows) == 2 and windows.characters == 12  # the last one is a single character


def test_nested_entities_give_the_longest() -> None:
    assert outermost([(2, 4), (0, 3), (0, 6), (6, 8), (7, 9), (6, 8)]) == [(0, 6), (6, 8)]


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(ValueError, match=r"Entity masking needs the key 'entities'.*remove_unused_columns=False"):
        MaskingCollator(TOKENIZER, whole_entities=True)([{"input_ids": [2, 7, 3]}])
    with pytest.raises(ValueError, match=r"rate is 1.5; it is a share between 0 and 1"):
        MaskingCollator(TOKENIZER, rate=1.5)
    with pytest.raises(ValueError, match=r"hidden 0.95 and replaced 0.1 are more than everything"):
        MaskingCollator(TOKENIZER, hidden=0.95)
    bare = PreTrainedTokenizerFast(tokenizer_object=TOKENIZER.backend_tokenizer, pad_token="[PAD]")
    with pytest.raises(ValueError, match="no mask_token, which masked language modelling needs"):
        MaskingCollator(bare)


def test_a_vocabulary_with_a_hole_is_no_fault() -> None:
    vocabulary = {name: number for number, name in enumerate([*SPECIALS, *CHARACTERS])}
    vocabulary[CHARACTERS[-1]] += 3  # as where a file names tokens twice
    holed = character_tokenizer_from(BertTokenizer(vocab=vocabulary))
    ids = holed(CHARACTERS[-1] * 20)["input_ids"]
    assert max(ids) >= len(holed)
    for collator in (MaskingCollator(holed, rate=1.0), PermutationCollator(holed, rate=1.0)):
        labels = collator([{"input_ids": ids, "draw": (1,)}])["labels"]
        assert set(labels.flatten().tolist()) - {-100} == {max(ids)}


SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda found: (found[0], sum(found))), max_size=12
)


@given(SPANS, st.integers(0, 30), st.integers(0, 40))
def test_the_longest_stay_and_windows_hold_what_lies_in_them(
    spans: list[tuple[int, int]], start: int, end: int
) -> None:
    kept: list[tuple[int, int]] = []
    for span in sorted(set(spans), key=lambda span: (span[0] - span[1], span[0])):
        if all(span[1] <= other[0] or span[0] >= other[1] for other in kept):
            kept.append(span)
    assert outermost(spans) == sorted(kept)
    inside = [(s - start + 2, e - start + 2) for s, e in sorted(kept) if start <= s and e <= end]
    assert SpanIndex(outermost(spans)).within(start, end, 2) == inside
