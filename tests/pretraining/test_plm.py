"""Permutation language modelling: which characters are predicted, from which others, and that nothing leaks."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from closeness import tolerance
from small_encoders import notes, tokenizer, written
from tokenizers import processors
from transformers import AutoModel, Trainer, TrainingArguments, XLNetConfig, XLNetLMHeadModel

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.pretraining.plm import PermutationCollator, build, measure
from hf_cner.pretraining.run import pretrain
from hf_cner.pretraining.windows import TextWindows
from hf_cner.settings.pretraining import PretrainingSettings

torch.set_num_threads(1)
TOKENIZER = tokenizer()
SIZES = {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 32}
IGNORED = -100


def asked(config: dict[str, Any]) -> PretrainingSettings:
    return PretrainingSettings.of({"encoder": {"config": config}})


def features(count: int = 20, *, epoch: int | None = 0) -> list[dict[str, Any]]:
    windows = TextWindows(notes(count), TOKENIZER, max_length=64)
    if epoch is not None:
        windows.set_epoch(epoch)
    return [windows[number] for number in range(len(windows))]


def model() -> XLNetLMHeadModel:
    torch.manual_seed(0)
    return XLNetLMHeadModel(XLNetConfig(vocab_size=len(TOKENIZER), dropout=0.0, **SIZES)).eval()


@pytest.mark.parametrize("side", ["right", "left"])
def test_every_prediction_sees_the_context_and_those_before_it(side: str) -> None:
    sided = copy.deepcopy(TOKENIZER)
    sided.padding_side = side
    given = features(6)
    batch = PermutationCollator(sided)(given)
    for row, feature in enumerate(given):
        ids, seen = batch["input_ids"][row], 1 - batch["perm_mask"][row]
        text = ids[batch["attention_mask"][row].bool()]
        assert text.tolist() == feature["input_ids"].tolist()  # nothing is replaced by a mask
        targets = batch["target_mapping"][row].nonzero()[:, 1].tolist()
        count = len(targets)
        assert batch["target_mapping"][row].sum() == count == (batch["labels"][row] != IGNORED).sum()
        assert batch["labels"][row, :count].tolist() == ids[targets].tolist()
        assert not set(ids[targets].tolist()) & set(TOKENIZER.all_special_ids)
        others = [column for column in range(len(ids)) if column not in targets]
        assert seen[:, others].all() and not seen[np.ix_(others, targets)].any()
        # Among the targets: nobody itself, and of two exactly one the other, in an order without circles.
        among = seen[np.ix_(targets, targets)]
        assert sorted(among.sum(dim=1).tolist()) == list(range(count))
        assert torch.equal(among + among.T, 1 - torch.eye(count))


def test_a_character_changes_no_prediction_that_may_not_see_it() -> None:
    batch = PermutationCollator(TOKENIZER, rate=0.4)(features(3))
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    xlnet = model()
    with torch.no_grad():
        before = xlnet(**inputs).logits
        row, column = (torch.nonzero(batch["target_mapping"][0])[3]).tolist()
        changed = batch["input_ids"].clone()
        pain, water = TOKENIZER.convert_tokens_to_ids(["痛", "水"])
        changed[0, column] = water if changed[0, column] == pain else pain
        after = xlnet(**{**inputs, "input_ids": changed}).logits
    targets = batch["target_mapping"][0].nonzero()[:, 1]
    may_see = batch["perm_mask"][0][targets, column] == 0
    bound = tolerance(before, after)  # XLNet computes its positions in float32, whatever its dtype
    same = ((before - after)[0, : len(targets)].abs() <= bound).all(dim=-1)
    assert not may_see[row] and may_see.any()
    assert torch.equal(same, ~may_see)


def test_the_rate_holds_at_every_place_of_a_text() -> None:
    collate = PermutationCollator(TOKENIZER, rate=0.2, longest=3)
    ids = np.full(40, TOKENIZER.convert_tokens_to_ids("痛"))
    chance = np.random.default_rng(0)
    ranks = np.array([collate._ranks(ids, chance) for _ in range(6000)])
    assert np.abs((ranks != IGNORED).mean(axis=0) - 0.2).max() < 0.03  # five standard errors
    inside = "".join("x" if rank != IGNORED else " " for row in ranks[:50] for rank in [*row[1:-1], IGNORED])
    assert {len(run) for run in inside.split()} >= {1, 2, 3}


def test_what_is_chosen_depends_on_the_draw_alone() -> None:
    collate = PermutationCollator(TOKENIZER)
    first, again, later = (collate(features(8, epoch=epoch)) for epoch in (0, 0, 1))
    assert torch.equal(first["perm_mask"], again["perm_mask"])
    assert not torch.equal(first["labels"], later["labels"])
    free = features(8, epoch=None)
    torch.manual_seed(3)
    one, two = collate(free), collate(free)
    torch.manual_seed(3)
    assert torch.equal(one["perm_mask"], collate(free)["perm_mask"])
    assert one["labels"].shape != two["labels"].shape or not torch.equal(one["labels"], two["labels"])


def test_a_batch_always_has_something_to_predict_where_a_character_is_known() -> None:
    one = TOKENIZER("痛")["input_ids"]
    for draw in range(20):
        batch = PermutationCollator(TOKENIZER)([{"input_ids": one, "draw": (draw,)}])
        assert batch["labels"].tolist() == [[one[1]]] and torch.isfinite(model()(**batch).loss)
    unknown = PermutationCollator(TOKENIZER)([{"input_ids": TOKENIZER("XYZ")["input_ids"], "draw": (0,)}])
    assert unknown["labels"].tolist() == [[IGNORED]] and not unknown["target_mapping"].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"rate": 0.0}, "rate is 0.0; it is a share above 0"), ({"longest": 0}, "longest is 0; a span has at least one")],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PermutationCollator(TOKENIZER, **options)


def test_token_types_are_those_that_a_tagger_is_given() -> None:
    own = copy.deepcopy(TOKENIZER)
    own.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A:0 [SEP]:0 [CLS]:2",
        special_tokens=[(token, own.convert_tokens_to_ids(token)) for token in ("[SEP]", "[CLS]")],
    )
    own.padding_side = "left"
    windows = TextWindows(notes(3), own, max_length=64)
    batch = PermutationCollator(own)([windows[number] for number in range(len(windows))])
    last = own.convert_tokens_to_ids("[CLS]")
    assert torch.equal(batch["token_type_ids"], 2 * (batch["input_ids"] == last)) and batch["token_type_ids"].any()
    assert "token_type_ids" not in PermutationCollator(TOKENIZER)(features(3))


def test_other_encoders_and_other_vocabularies_are_refused() -> None:
    with pytest.raises(ValueError, match="Only an xlnet predicts in any order, found an encoder of type 'bert'"):
        build(asked({"model_type": "bert"}), TOKENIZER)
    with pytest.raises(ValueError, match=r"The tokenizer has \d+ ids, the encoder 5; use the encoder's own"):
        build(
            PretrainingSettings.of({"encoder": {"config": {"model_type": "xlnet", "vocab_size": 5, **SIZES}}}),
            TOKENIZER,
        )


def test_in_a_plain_trainer_it_learns(tmp_path: Path) -> None:
    given = features(200, epoch=None)
    xlnet, collate = model(), PermutationCollator(TOKENIZER)
    before = measure(xlnet, features(20), collate)
    arguments = TrainingArguments(
        output_dir=str(tmp_path), max_steps=200, learning_rate=1e-2, per_device_train_batch_size=8, use_cpu=True,
        report_to="none", save_strategy="no", disable_tqdm=True, remove_unused_columns=False,
    )  # fmt: skip
    Trainer(xlnet.train(), arguments, train_dataset=given, data_collator=collate).train()  # type: ignore[arg-type]
    after = measure(xlnet, features(20), collate)
    assert after["loss"] < 0.7 * before["loss"] and after["accuracy"] > before["accuracy"]


def test_a_run_leaves_an_encoder_that_a_tagger_takes(tmp_path: Path) -> None:
    training = {"num_train_epochs": 2, "use_cpu": True, "disable_tqdm": True, "per_device_train_batch_size": 8}
    given: dict[str, Any] = {
        "objective": "plm",
        "encoder": {"config": {"model_type": "xlnet", **SIZES}},
        "data": {"files": [written(tmp_path / "notes.txt", notes(60))]},
        "max_length": 64,
        "training": {**training, "learning_rate": 5e-3},
        "output_dir": tmp_path / "out",
    }
    results = pretrain(given)
    found = results["metrics"]["held_out"]
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"])) and found["perplexity"] < results["vocabulary"]
    assert results["objective"] == json.loads((tmp_path / "out" / "results.json").read_text())["objective"] == "plm"
    encoder = AutoModel.from_pretrained(tmp_path / "out")
    assert encoder.config.model_type == "xlnet"
    more = {**given, "encoder": {"name_or_path": tmp_path / "out"}, "output_dir": tmp_path / "more"}
    again = pretrain(more)["metrics"]["held_out"]
    assert again["loss"] < found["loss"]
    config = CnerConfig(
        encoder={"kind": "pretrained"}, span_decoder={"kind": "crf", "scheme": "BIO"}, entity_types=["症状"]
    )
    tagger = CnerForTokenClassification.from_encoder_pretrained(str(tmp_path / "out"), config)
    inside = tagger.cner.encoder.model.state_dict()
    assert all(torch.equal(value, inside[name]) for name, value in encoder.state_dict().items())
