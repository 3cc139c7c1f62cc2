"""The language model under ELMo: its loss, what it may see, plain Trainer code, and the encoder that comes out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from closeness import assert_close
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, Trainer, TrainingArguments, set_seed

from hf_cner import CnerConfig, CnerEncoderModel, CnerForTokenClassification
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.pretraining.arguments import training_arguments
from hf_cner.pretraining.bilm import BidirectionalLanguageModel, build, measure, neighbours, save
from hf_cner.runs.checkpoints import last_complete_checkpoint
from hf_cner.settings.pretraining import PretrainingSettings, complete

TEXTS = ["患者头痛三天，无发热。", "患者腹痛一天。", "头痛，腹痛。", "无发热，无头痛三天。"]
TOKENIZER = build_character_tokenizer(sorted(set("".join(TEXTS))))
SIZES = {"embedding_size": 8, "hidden_size": 8, "layer_dropout": 0.0}


def features(texts: list[str]) -> list[dict[str, list[int]]]:
    return [{"input_ids": TOKENIZER(text)["input_ids"]} for text in texts]


def make(**options: Any) -> BidirectionalLanguageModel:
    set_seed(0)
    return build(PretrainingSettings.of({"encoder": {"config": {**SIZES, **options}}}), TOKENIZER).eval()


@torch.no_grad()
def slow_losses(model: BidirectionalLanguageModel, text: str) -> tuple[float, float]:
    """One prediction after another, each from a text that ends where the model may read no further."""
    ids = TOKENIZER(text, return_tensors="pt")["input_ids"]
    characters, sums = model.encoder.get_input_embeddings().weight, [0.0, 0.0]
    for t in range(ids.shape[1] - 1):
        before = model.encoder(ids[:, : t + 1], output_hidden_states=True).hidden_states[-1][0, -1, :8]
        behind = model.encoder(ids[:, t + 1 :], output_hidden_states=True).hidden_states[-1][0, 0, 8:]
        sums[0] -= float((characters @ before + model.next_bias).log_softmax(0)[ids[0, t + 1]])
        sums[1] -= float((characters @ behind + model.previous_bias).log_softmax(0)[ids[0, t]])
    return sums[0], sums[1]


def test_losses_against_predictions_one_by_one() -> None:
    model = make(hidden_size=11).double()
    torch.nn.init.normal_(model.next_bias)
    torch.nn.init.normal_(model.previous_bias)
    batch = neighbours(TOKENIZER)(features(TEXTS))
    following, preceding = model.losses(**batch)
    slow = [sum(sums) for sums in zip(*(slow_losses(model, text) for text in TEXTS), strict=True)]
    assert following.item() == pytest.approx(slow[0], rel=1e-6) and preceding.item() == pytest.approx(slow[1], rel=1e-6)
    pairs = sum(len(text) - 1 for text in TEXTS)
    assert model(**batch)["loss"].item() == pytest.approx(sum(slow) / 2 / pairs, rel=1e-6)
    assert model(**batch, num_items_in_batch=7)["loss"].item() == pytest.approx(sum(slow) / 14, rel=1e-6)
    found = measure(model, features(TEXTS), neighbours(TOKENIZER), batch_size=3)
    assert found["forward_perplexity"] == pytest.approx(math.exp(slow[0] / pairs), rel=1e-6)
    assert found["backward_perplexity"] == pytest.approx(math.exp(slow[1] / pairs), rel=1e-6)


def test_labels_are_the_next_characters_and_specials_are_none() -> None:
    batch = neighbours(TOKENIZER)([{"input_ids": [5, 6, 7]}, {"input_ids": [1, 5]}, {"input_ids": [5]}])
    assert batch["labels"].tolist() == [[6, 7, -100], [5, -100, -100], [-100, -100, -100]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
    framed = build_character_tokenizer("甲乙丙")
    framed.add_special_tokens({"cls_token": "[CLS]", "sep_token": "[SEP]"})
    cls, sep = framed.cls_token_id, framed.sep_token_id
    assert neighbours(framed)([{"input_ids": [cls, 2, 3, 4, sep]}])["labels"].tolist() == [[-100, 3, 4, -100, -100]]


def test_a_text_of_one_character_has_nothing_to_predict() -> None:
    model, one = make(), features(["痛"])
    loss = model(**neighbours(TOKENIZER)(one))["loss"]
    assert loss == 0 and loss.requires_grad
    with pytest.raises(ValueError, match="There is nothing to predict: none of the texts has two characters"):
        measure(model, one, neighbours(TOKENIZER))


def trained(folder: Path, *, batch: int, accumulated: int, steps: int, resume: bool = False) -> tuple[Any, Any]:
    set_seed(0)
    model = build(PretrainingSettings.of({"encoder": {"config": SIZES}}), TOKENIZER)
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=accumulated,
        learning_rate=0.02,
        lr_scheduler_type="constant",
        save_steps=10,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=features(TEXTS), data_collator=neighbours(TOKENIZER))
    return model, trainer.train(resume_from_checkpoint=resume)


def test_a_plain_trainer_weighs_every_character_alike_however_steps_are_made(tmp_path: Path) -> None:
    whole, _ = trained(tmp_path / "whole", batch=4, accumulated=1, steps=3)
    parts, _ = trained(tmp_path / "parts", batch=1, accumulated=4, steps=3)
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert_close(one, other)


def test_it_learns_resumes_and_its_encoder_goes_into_a_tagger(tmp_path: Path) -> None:
    before = measure(make(), features(TEXTS), neighbours(TOKENIZER))
    trained(tmp_path / "run", batch=4, accumulated=1, steps=10)
    assert last_complete_checkpoint(tmp_path / "run") == str(tmp_path / "run" / "checkpoint-10")
    model, result = trained(tmp_path / "run", batch=4, accumulated=1, steps=40, resume=True)
    assert result.global_step == 40
    unbroken, _ = trained(tmp_path / "unbroken", batch=4, accumulated=1, steps=40)
    for one, other in zip(model.parameters(), unbroken.parameters(), strict=True):
        assert_close(one, other)
    after = measure(model, features(TEXTS), neighbours(TOKENIZER))
    assert before["forward_perplexity"] > 15 and max(after.values()) < 3
    assert model.encoder.encoder.mix.weights.tolist() == [0, 0, 0]

    folder = tmp_path / "elmo"
    save(model, TOKENIZER, folder)
    encoder, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert type(encoder) is CnerEncoderModel and (folder / "encoder_elmo.py").is_file()
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    expected = model.encoder.eval()(**inputs).last_hidden_state
    assert torch.equal(encoder(**inputs).last_hidden_state, expected)
    tagger = CnerForTokenClassification.from_encoder_pretrained(folder, CnerConfig(entity_types=["a"])).eval()
    assert torch.equal(tagger.cner.encoder(**inputs).last_hidden_state, expected)
    again = build(PretrainingSettings.of({"encoder": {"name_or_path": folder}}), tokenizer)
    assert torch.equal(again.eval().encoder(**inputs).last_hidden_state, expected)
    with pytest.raises(ValueError, match=r"has \d+ characters, the tokenizer 4; use the tokenizer of that folder"):
        build(PretrainingSettings.of({"encoder": {"name_or_path": folder}}), build_character_tokenizer("甲"))


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    config = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(
        ValueError, match="holds an encoder of kind 'bert'; the objective bilm continues from one of kind"
    ):
        build(PretrainingSettings.of({"encoder": {"name_or_path": tmp_path}}), TOKENIZER)
    with pytest.raises(ValueError, match="The encoder kind 'elmo' has no option 'layers'"):
        make(layers=3)


def test_recurrent_layers_begin_at_a_rate_of_their_own(tmp_path: Path) -> None:
    settings = complete({"objective": "bilm", "output_dir": str(tmp_path), "training": {"use_cpu": True}})
    assert training_arguments(settings, has_held_out=False).learning_rate == 4e-3
    settings = settings.model_copy(update={"objective": "mlm"})
    assert training_arguments(settings, has_held_out=False).learning_rate == 5e-4
