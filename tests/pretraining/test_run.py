"""Whole pretraining runs, small ones: what they leave behind, what they refuse, and what they say."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import small_runs
import torch
from small_encoders import SIZES, WORDS, notes, written
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

import hf_cner.pretraining.arguments
import hf_cner.pretraining.run
from hf_cner import Predictor
from hf_cner.data.documents import Document, write_jsonl
from hf_cner.pretraining.run import pretrain

torch.set_num_threads(1)
QUICK = {"num_train_epochs": 1, "use_cpu": True, "disable_tqdm": True, "per_device_train_batch_size": 8}


def settings(folder: Path, **changes: Any) -> dict[str, Any]:
    path = folder / "notes.txt"
    if not path.exists():
        written(path, notes(60))
    made = {
        "encoder": {"config": {"model_type": "bert", **SIZES}},
        "data": {"files": [path]},
        "max_length": 64,
        "training": QUICK,
        "output_dir": folder / "out",
    }
    return {**made, **changes}


def test_an_encoder_comes_out_that_everything_loads(tmp_path: Path) -> None:
    training = {**QUICK, "num_train_epochs": 4, "learning_rate": 5e-3, "gradient_accumulation_steps": 2}
    results = pretrain(settings(tmp_path, training=training))
    out = tmp_path / "out"
    found = results["metrics"]["held_out"]
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"])) and 0 <= found["accuracy"] <= 1
    assert found["perplexity"] < results["vocabulary"]  # better than guessing
    assert results["data"]["documents"] == {"train": 57, "held_out": 3}
    assert results["steps"] == 4 * math.ceil(math.ceil(results["data"]["windows"]["train"] / 8) / 2)
    assert results == json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert not list(out.glob("checkpoint-*")) and (out / "settings.yaml").is_file()
    log = json.loads((out / "training_log.json").read_text(encoding="utf-8"))
    losses = [entry["loss"] for entry in log if "loss" in entry]
    assert losses[-1] < losses[0] and losses[0] < 1.2 * math.log(results["vocabulary"])  # not summed over micro-batches
    tokenizer = AutoTokenizer.from_pretrained(out)
    text = "患者 头痛[SEP]ＢＰ"
    assert len(tokenizer(text)["input_ids"]) == len(text) + 2 and len(tokenizer) == results["vocabulary"]
    assert AutoModel.from_pretrained(out).config.vocab_size == len(tokenizer)
    again = pretrain(settings(tmp_path, encoder={"name_or_path": out}, output_dir=tmp_path / "more"))
    assert again["metrics"]["held_out"]["loss"] < losses[0] and again["vocabulary"] == results["vocabulary"]
    assert AutoModelForMaskedLM.from_pretrained(tmp_path / "more").config.model_type == "bert"


def test_albert_with_pairs_and_entities(tmp_path: Path) -> None:
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("\n".join([*WORDS, "鼻衄"]), encoding="utf-8")
    config = {"model_type": "albert", "embedding_size": 8, **SIZES}
    given = settings(tmp_path, encoder={"config": config}, masking="entity", lexicon=lexicon, next_sentence=True)
    results = pretrain(given)
    assert 0 <= results["metrics"]["held_out"]["next_sentence_accuracy"] <= 1
    assert results["data"]["entities"]["in_no_text"] == 1
    assert results["data"]["entities"]["first_in_no_text"] == ["鼻衄"]
    assert AutoModel.from_pretrained(tmp_path / "out").config.model_type == "albert"


def test_entities_from_gold_and_from_mentions(tmp_path: Path) -> None:
    corpus = tmp_path / "gold.jsonl"
    write_jsonl(notes(20, 5), corpus)
    data = {"corpus": "jsonl", "data_dir": corpus, "files": [written(tmp_path / "notes.txt", notes(40))]}
    gold = pretrain(settings(tmp_path, data=data, masking="entity"))
    assert gold["data"]["entities"]["source"] == "gold" and gold["data"]["entities"]["words"] == len(WORDS)
    changed = {"data": data, "masking": "entity", "entities": "mentions", "output_dir": tmp_path / "other"}
    mentions = pretrain(settings(tmp_path, **changed))
    assert mentions["data"]["entities"] == {
        "source": "the gold mentions", "words": len(WORDS), "in_no_text": 0, "first_in_no_text": [],
    }  # fmt: skip


def test_bidirectional_language_model(tmp_path: Path) -> None:
    config = {"embedding_size": 8, "hidden_size": 8}
    results = pretrain(settings(tmp_path, objective="bilm", encoder={"config": config}))
    assert set(results["metrics"]["held_out"]) == {"forward_perplexity", "backward_perplexity"}
    assert AutoModel.from_pretrained(tmp_path / "out").config.model_type == "cner-encoder"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": {"name_or_path": "nowhere/none"}}, "The encoder 'nowhere/none' is not on this machine"),
        ({"encoder": {"config": {"model_type": "bert"}, "tokenizer": "nowhere"}}, "No tokenizer could be loaded from"),
        ({"encoder": {"config": {"hidden_size": 8}}}, "Say which encoder: encoder.name_or_path, or encoder.config"),
        ({"encoder": {"config": {"model_type": "brt"}}}, "No encoder of type 'brt' can be made"),
        ({"encoder": {"config": {"model_type": "bert", "hiden_size": 8}}}, "its configuration has no hiden_size"),
        ({"encoder": {"config": {"model_type": "xlnet"}}}, "no head for masked language modelling .* type 'xlnet'"),
        ({"encoder": {"config": {"model_type": "roberta", **SIZES}}, "next_sentence": True}, "leave next_sentence out"),
        ({"encoder": {"name_or_path": "x", "config": {"model_type": "bert"}}}, "brings its configuration"),
        ({"max_length": 511}, "max_length is 511, but the encoder has room for 510 characters; set it to 510 or less"),
        ({"max_length": 1}, "a window needs at least 2 characters"),
        ({"masking": "entities"}, "masking is 'entities'; choose one of random, entity"),
        ({"masking": "entity"}, "Entity masking found no entity: none of the 60 documents has a gold mention"),
        ({"masking": "entity", "entities": "lexicon"}, "entities is 'lexicon', which needs the setting lexicon"),
        ({"lexicon": "x.txt"}, "lexicon is given, but masking is 'random'; set masking to entity"),
        ({"entities": "gold"}, "entities is given, but masking is 'random'; set masking to entity"),
        (
            {"masking": "entity", "lexicon": "x.txt", "entities": "gold"},
            "lexicon is given, but entities are those of gold; set entities to lexicon, or leave lexicon out",
        ),
        (
            {"masking": "entity", "lexicon": "x.txt", "entity_model": "y"},
            "lexicon is given, but entities are those of another source",
        ),
        ({"training": {"dataloader_persistent_workers": True}}, "dataloader_persistent_workers cannot be set"),
        ({"training": {"load_best_model_at_end": True}}, "load_best_model_at_end cannot be set: the last weights are"),
        ({"training": {"remove_unused_columns": True}}, "remove_unused_columns cannot be set: the collator needs"),
        ({"training": {"prediction_loss_only": False}}, "prediction_loss_only cannot be set"),
        ({"training": {"label_smoothing_factor": 0.1}}, "label_smoothing_factor cannot be set: the encoder's own"),
        (
            {"objective": "bilm", "training": {"gradient_checkpointing": True}},
            "gradient_checkpointing cannot be set: recurrent layers have none",
        ),
        ({"objective": "bilm", "mask_rate": 0.2}, "mask_rate is 0.2, which the objective bilm makes no use of"),
        ({"top_up": False}, "top_up is False, which random masking makes no use of; leave it out"),
        (
            {"encoder": {"name_or_path": "x", "lower_case": False}},
            "encoder.lower_case is False, which the tokenizer that was given makes no use of",
        ),
        ({"objective": "bilm", "next_sentence": True}, "bilm hides no entities and knows no pairs"),
        ({"objektive": "mlm"}, "There is no setting objektive. Did you mean objective?"),
        ({"data": {"file": []}}, "There is no setting data.file. Did you mean data.files?"),
        ({"data": {"files": [], "held_out": 1.0}}, "data.held_out is 1.0; it is a share from 0 to below 1"),
        ({"training": {"epochs": 3}}, "There is no setting training.epochs"),
        ({"output_dir": None}, "need output_dir, the folder for the encoder"),
    ],
)
def test_bad_settings(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        pretrain(settings(tmp_path, **changes))
    assert not (tmp_path / "out").exists()


def test_a_lexicon_that_fits_no_text_is_refused(tmp_path: Path) -> None:
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("鼻衄\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"None of the 1 words of .*lexicon.txt stands in the texts .*'鼻衄'"):
        pretrain(settings(tmp_path, masking="entity", lexicon=lexicon))
    lexicon.write_text(" \n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"lexicon.txt: found no word"):
        pretrain(settings(tmp_path, masking="entity", lexicon=lexicon))


def test_texts_held_out_for_the_test_are_refused(tmp_path: Path) -> None:
    given = settings(tmp_path)
    held_out = written(tmp_path / "test.txt", notes(60)[:2])
    data = {"files": given["data"]["files"], "exclude": [held_out]}
    with pytest.raises(ValueError, match=r"2 of 60 documents hold a text"):
        pretrain({**given, "data": data})
    results = pretrain({**given, "data": {**data, "overlap": "drop"}})
    assert sum(results["data"]["documents"].values()) == 58 and results["data"]["dropped"] == 2


def test_a_folder_is_not_used_twice(tmp_path: Path) -> None:
    first = pretrain(settings(tmp_path))
    with pytest.raises(ValueError, match="holds a finished run; choose another output_dir, or overwrite it"):
        pretrain(settings(tmp_path))
    assert pretrain(settings(tmp_path), resume=True) == first
    assert pretrain(settings(tmp_path, seed=1), overwrite=True)["seed"] == 1


def test_going_on_from_half_precision_learns_in_single_precision(tmp_path: Path) -> None:
    pretrain(settings(tmp_path, output_dir=tmp_path / "first"))
    AutoModelForMaskedLM.from_pretrained(tmp_path / "first").half().save_pretrained(tmp_path / "first")
    assert next(AutoModel.from_pretrained(tmp_path / "first").parameters()).dtype == torch.float16
    pretrain(settings(tmp_path, encoder={"name_or_path": tmp_path / "first"}))
    assert next(AutoModel.from_pretrained(tmp_path / "out").parameters()).dtype == torch.float32


def test_a_run_does_not_go_on_with_another_lexicon_under_the_same_name(tmp_path: Path) -> None:
    lexicon = tmp_path / "words.txt"
    lexicon.write_text("\n".join(WORDS[:2]), encoding="utf-8")
    asked = settings(tmp_path, masking="entity", lexicon=lexicon)
    pretrain(asked)
    (tmp_path / "out" / "results.json").unlink()  # as if it had been cut off
    lexicon.write_text("\n".join(WORDS[:1]), encoding="utf-8")
    with pytest.raises(ValueError, match="began with another content of lexicon"):
        pretrain(asked, resume=True)


def test_half_precision_and_a_tokenizer_of_another_folder(tmp_path: Path) -> None:
    first = pretrain(settings(tmp_path))
    encoder = {"config": {"model_type": "electra", **SIZES}, "tokenizer": tmp_path / "out"}
    training = {**QUICK, "bf16": True, "gradient_accumulation_steps": 2, "num_train_epochs": 2}
    del training["use_cpu"]  # where there is nothing else it is meant
    second = pretrain(settings(tmp_path, encoder=encoder, training=training, output_dir=tmp_path / "half"))
    assert second["vocabulary"] == first["vocabulary"] and math.isfinite(second["metrics"]["held_out"]["loss"])
    assert next(AutoModel.from_pretrained(tmp_path / "half").parameters()).dtype == torch.float32


def test_entities_that_a_trained_model_finds(tmp_path: Path) -> None:
    tagger = small_runs.model()
    tagger.save_pretrained(tmp_path / "tagger")
    small_runs.tokenizer().save_pretrained(tmp_path / "tagger")
    wanted = {"masking": "entity", "entities": "model", "entity_model": tmp_path / "tagger"}
    results = pretrain(settings(tmp_path, **wanted))
    predicted = Predictor.from_pretrained(str(tmp_path / "tagger"))(notes(60))
    found = sum(len(document.spans) for document in predicted)
    assert results["data"]["entities"]["entities"] == found > 0  # an untrained model finds plenty


def test_one_text_alone_is_not_held_out(tmp_path: Path) -> None:
    path = written(tmp_path / "one.txt", notes(1, parts=20))
    assert pretrain(settings(tmp_path, data={"files": [path]}))["metrics"]["held_out"] is None


def test_equal_texts_are_one_and_not_held_out(tmp_path: Path) -> None:
    path = tmp_path / "equal.txt"
    path.write_text("患者三天前头痛，今日发热。\n" * 2, encoding="utf-8")
    assert pretrain(settings(tmp_path, data={"files": [path]}))["metrics"]["held_out"] is None


def test_files_of_one_name_in_a_folder_are_several_records(tmp_path: Path) -> None:
    for number, note in enumerate(notes(40)):
        (tmp_path / "notes" / f"patient{number}").mkdir(parents=True)
        written(tmp_path / "notes" / f"patient{number}" / "note.txt", [note])
    results = pretrain(settings(tmp_path, data={"files": [tmp_path / "notes"]}))
    assert results["data"]["documents"] == {"train": 38, "held_out": 2}


@pytest.mark.parametrize("model_type", ["bert", "roberta", "camembert", "mpnet", "xlm-roberta"])
def test_what_the_encoder_has_room_for_is_what_it_takes(model_type: str, tmp_path: Path) -> None:
    config = {"model_type": model_type, **SIZES, "max_position_embeddings": 40}
    with pytest.raises(ValueError, match=r"max_length is 60, but the encoder has room for \d+ characters") as refused:
        pretrain(settings(tmp_path, encoder={"config": config}, max_length=60))
    room = int(str(refused.value).split("room for ")[1].split()[0])
    training = {**QUICK, "max_steps": 1}
    given = settings(tmp_path, encoder={"config": config}, max_length=room, training=training)
    assert pretrain(given)["steps"] == 1


def test_too_few_held_out_texts_make_no_pairs(tmp_path: Path) -> None:
    path = written(tmp_path / "few.txt", notes(6, parts=20))
    results = pretrain(settings(tmp_path, data={"files": [path]}, next_sentence=True))
    assert results["metrics"]["held_out"] is None and results["data"]["documents"] == {"train": 6, "held_out": 0}


@pytest.mark.parametrize(("objective", "unforeseen"), [("mlm", "经查体无异常" * 5), ("bilm", "痛")])
def test_held_out_texts_without_anything_to_predict_cost_the_measure_and_not_the_encoder(
    tmp_path: Path, objective: str, unforeseen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hf_cner.pretraining.run, "_held_out", lambda _, documents: (documents[:1], documents[1:]))
    path = written(tmp_path / "two.txt", [Document("患者头痛三天。" * 5, ()), Document(unforeseen, ())])
    encoder = {"config": {} if objective == "bilm" else {"model_type": "bert", **SIZES}}
    results = pretrain(settings(tmp_path, objective=objective, encoder=encoder, data={"files": [path]}))
    assert results["data"]["characters"] == {"train": 35, "held_out": len(unforeseen)}
    assert results["metrics"]["held_out"] is None
    assert AutoModel.from_pretrained(tmp_path / "out").num_parameters() > 0


@pytest.fixture
def any_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates that settings refuse: the quickest way to divergence."""
    monkeypatch.setattr(hf_cner.pretraining.arguments, "check_ranges", lambda *_, **__: None)


@pytest.mark.usefixtures("any_rate")
def test_a_pretraining_that_diverges_ends_with_advice_and_without_an_encoder(tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match=r"Training diverged: by step .* learning_rate \(now 1e\+38\)"):
        pretrain(settings(tmp_path, training={**QUICK, "learning_rate": 1e38}))
    assert not list((tmp_path / "out").glob("*.safetensors"))


@pytest.mark.usefixtures("any_rate")
@pytest.mark.parametrize("objective", ["mlm", "bilm", "plm"])
def test_one_whose_perplexity_is_no_number_any_more_has_diverged(objective: str, tmp_path: Path) -> None:
    encoder = {
        "mlm": {"model_type": "bert", **SIZES},
        "bilm": {},
        "plm": {"model_type": "xlnet", "d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16},
    }[objective]
    training = {**QUICK, "learning_rate": 1e3, "max_steps": 4, "warmup_steps": 0}
    asked = settings(tmp_path, objective=objective, encoder={"config": encoder}, training=training)
    with pytest.raises(FloatingPointError, match=r"diverged: the perplexity .* training\.learning_rate \(now 1000\)"):
        pretrain({**asked, "data": {**asked["data"], "held_out": 0.2}})
    assert not list((tmp_path / "out").glob("*.safetensors"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"training": 5}, r"The setting training is a section of keys .*; found 5"),
        ({"training": {**QUICK, "learning_rate": "abc"}}, r"training\.learning_rate takes a number; found 'abc'"),
        ({"training": {**QUICK, "train_sampling_strategy": "group_by_lenght"}}, "choose one of group_by_length"),
        ({"mask_rate": None}, r"mask_rate takes a number; found None"),
        ({"max_length": "abc"}, r"max_length takes a whole number; found 'abc'"),
        ({"max_length": 2.7}, r"max_length takes a whole number; found 2\.7"),
        ({"seed": "abc"}, r"seed takes a whole number; found 'abc'"),
        ({"next_sentence": "maybe"}, r"next_sentence takes true or false; found 'maybe'"),
        ({"encoder": {"config": 5}}, r"The setting encoder\.config is a section of keys .*; found 5"),
        (
            {"encoder": {"config": {"model_type": "bert", **SIZES, "hidden_size": "abc"}}},
            "No encoder of type 'bert' can",
        ),
        (
            {"encoder": {"config": {"model_type": "bert", **SIZES}, "min_count": 10**6}},
            "No character stands 1000000 times",
        ),
    ],
)
def test_values_of_another_kind_are_one_sentence(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        pretrain(settings(tmp_path, **changes))
    with pytest.raises(ValueError, match=r"data\.held_out takes a number; found 'abc'"):
        pretrain(settings(tmp_path, data={"files": [], "held_out": "abc"}))


@pytest.mark.parametrize(
    ("training", "sentence"),
    [
        ({"warmup_steps": 1e9}, r"training\.warmup_steps is 1e\+09, and the whole run has \d+ steps"),
        (
            {"optim": "adamw_none"},
            r"training\.optim is 'adamw_none', which it does not take. Did you mean",
        ),
        (
            {"lr_scheduler_type": "steep"},
            r"lr_scheduler_type is 'steep', which it does not take. Choose one of linear, ",
        ),
    ],
)
def test_what_libraries_do_not_take_is_found_before_the_pretraining(
    training: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=sentence):
        pretrain(settings(tmp_path, training={**QUICK, **training}))
    assert not (tmp_path / "out").exists()


def test_the_type_of_an_encoder_that_does_not_say_it_can_be_named(tmp_path: Path) -> None:
    pretrain(settings(tmp_path))
    published = tmp_path / "published"
    published.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (published / name).write_bytes((tmp_path / "out" / name).read_bytes())
    config = json.loads((published / "config.json").read_text(encoding="utf-8"))
    (published / "config.json").write_text(json.dumps({**config, "model_type": "odd"}), encoding="utf-8")
    given = {"name_or_path": published, "model_type": "bert"}
    results = pretrain(settings(tmp_path, encoder=given, output_dir=tmp_path / "more"))
    assert results["data"]["encoder"]["model_type"] == "bert"
    with pytest.raises(
        ValueError, match=r"encoder\.model_type is for a checkpoint, and encoder\.name_or_path is empty"
    ):
        pretrain(settings(tmp_path, encoder={"model_type": "bert"}, output_dir=tmp_path / "none"))
