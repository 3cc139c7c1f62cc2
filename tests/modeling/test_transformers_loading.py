"""Loading as transformers' own models load: other labels, types of numbers, devices, attention, files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from cases import ENCODERS, TYPES, VOCABULARY, config
from closeness import assert_close
from test_modeling_cner import batch
from test_transformers_expectations import Make, auto, each_model, emissions, tagger
from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification, set_seed

from hf_cner import CnerConfig, CnerEncoderConfig, CnerEncoderModel, CnerForTokenClassification


@pytest.mark.parametrize("encoder", ["bert", "roberta", "electra", "albert"])
def test_the_choice_of_attention_reaches_the_encoder(encoder: str, tmp_path: Path) -> None:
    model = tagger({"encoder": encoder})
    assert model.cner.encoder.model.config._attn_implementation == "sdpa"
    model.save_pretrained(tmp_path)
    loaded = {}
    for name in ("eager", "sdpa"):
        loaded[name] = AutoModelForTokenClassification.from_pretrained(tmp_path, attn_implementation=name)
        assert loaded[name].cner.encoder.model.config._attn_implementation == name
        base = AutoModel.from_pretrained(tmp_path, attn_implementation=name)
        assert base.encoder.model.config._attn_implementation == name
    assert_close(emissions(loaded["eager"]), emissions(loaded["sdpa"]))
    output = loaded["eager"](**batch(), output_attentions=True)
    assert len(output.attentions) == 2 and output.attentions[0].shape == (3, 2, 11, 11)
    loaded["sdpa"].set_attn_implementation("eager")
    assert loaded["sdpa"].cner.encoder.model.config._attn_implementation == "eager"
    torch.testing.assert_close(emissions(loaded["eager"]), emissions(loaded["sdpa"]), atol=0, rtol=0)
    with pytest.raises(ValueError, match="attn_implementation"):
        AutoModelForTokenClassification.from_pretrained(tmp_path, attn_implementation="nonsense")


def test_a_checkpoint_can_be_given_other_types(tmp_path: Path) -> None:
    tagger({"encoder": "bert"}).save_pretrained(tmp_path)
    with pytest.raises(RuntimeError, match="ignore_mismatched_sizes"):
        AutoModelForTokenClassification.from_pretrained(tmp_path, entity_types=["药物"])
    tags = {0: "O", 1: "B-药物", 2: "I-药物"}
    for options in ({"entity_types": ["药物"]}, {"id2label": tags, "num_labels": 3}):
        model, told = AutoModelForTokenClassification.from_pretrained(
            tmp_path, ignore_mismatched_sizes=True, output_loading_info=True, **options
        )
        assert {name.partition(".")[0] for name, *_ in told["mismatched_keys"]} == {"span_decoder"}
        assert model.config.entity_types == ["药物"] and not told["missing_keys"]
        assert torch.isfinite(model(**batch()).emissions).all()
        assert all(p.abs().max() < 10 for p in model.span_decoder.parameters())
    assert model.config.span_decoder["scheme"] == "BIO" and model.config.id2label == tags


def test_labels_scheme_and_types_of_a_configuration_follow_each_other(tmp_path: Path) -> None:
    CnerConfig(entity_types=TYPES).save_pretrained(tmp_path)

    def load(**options: Any) -> Any:
        return AutoConfig.from_pretrained(tmp_path, **options)

    assert load().num_labels == 9 and load(entity_types=["x"]).label2id["S-x"] == 4
    softmax = load(span_decoder={"kind": "softmax", "scheme": "BIO"})
    assert softmax.num_labels == 5 and softmax.entity_types == TYPES
    assert load(span_decoder={"kind": "biaffine"}).id2label == dict(enumerate(TYPES))
    swapped = load(label2id={"I-x": 0, "O": 1, "B-x": 2})
    assert swapped.id2label == {0: "I-x", 1: "O", 2: "B-x"} and swapped.span_decoder == {"kind": "crf", "scheme": "BIO"}
    assert CnerConfig(span_decoder={"kind": "biaffine"}, id2label={1: "b", 0: "a"}).entity_types == ["a", "b"]
    with pytest.raises(ValueError, match="num_labels is 7, but there are 9 labels"):
        load(num_labels=7)
    with pytest.raises(ValueError, match="id2label holds"):
        load(id2label={0: "O", 1: "B-x"})
    stale = load()
    stale.entity_types = ["x"]  # set on the object: the labels are still the old ones
    with pytest.raises(ValueError, match="id2label holds"):
        CnerForTokenClassification(stale)


@pytest.mark.parametrize("encoder", ["static-bigrams", "elmo", "lattice", "bert"])
def test_an_encoder_alone_goes_through_automodel_and_into_a_model(encoder: str, tmp_path: Path) -> None:
    set_seed(3)
    alone = CnerEncoderModel(CnerEncoderConfig(encoder=ENCODERS[encoder])).eval()
    alone.save_pretrained(tmp_path, max_shard_size="2KB")
    again = AutoModel.from_pretrained(tmp_path)
    assert type(again) is CnerEncoderModel and again.config.vocab_size == VOCABULARY
    inputs = batch()
    expected = alone(**inputs).last_hidden_state
    assert torch.equal(again(**inputs).last_hidden_state, expected)
    assert torch.equal(again(**inputs, return_dict=False)[0], expected)
    model = CnerForTokenClassification.from_encoder_pretrained(tmp_path, config())
    assert torch.equal(model.eval().cner.encoder(**inputs).last_hidden_state, expected)
    model.save_pretrained(tmp_path / "model")
    loaded = AutoModelForTokenClassification.from_pretrained(tmp_path / "model")
    assert torch.equal(loaded.cner.encoder(**inputs).last_hidden_state, expected)
    alone.resize_token_embeddings(VOCABULARY + 1)
    assert alone.config.encoder.get("config", alone.config.encoder)["vocab_size"] == VOCABULARY + 1


@each_model
def test_a_new_model_in_half_precision(make: Make) -> None:
    model = auto(make()).from_config(make().config, dtype=torch.bfloat16).eval()
    assert model.dtype == torch.bfloat16 and torch.isfinite(emissions(model)).all()
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


def test_dtype_and_attention_of_a_new_model_around_a_pretrained_encoder(tmp_path: Path) -> None:
    tagger({"encoder": "bert"}).cner.encoder.model.half().save_pretrained(tmp_path)
    plain = CnerForTokenClassification.from_encoder_pretrained(tmp_path, config())
    assert {p.dtype for p in plain.parameters()} == {torch.float32}, "a new model is trained, so in full precision"
    auto_dtype = CnerForTokenClassification.from_encoder_pretrained(tmp_path, config(), dtype="auto")
    assert auto_dtype.dtype == torch.float16 and auto_dtype.span_decoder.crf.transitions.dtype == torch.float32
    eager = CnerForTokenClassification.from_encoder_pretrained(tmp_path, config(), attn_implementation="eager")
    assert eager.cner.encoder.model.config._attn_implementation == "eager"


def test_subfolders_and_variants_are_found(tmp_path: Path) -> None:
    model = tagger({"encoder": "bert"})
    model.save_pretrained(tmp_path / "run" / "best")
    model.save_pretrained(tmp_path, variant="fp16")
    assert (tmp_path / "model.fp16.safetensors").is_file()
    for options in ({"variant": "fp16"}, {"subfolder": "run/best"}):
        again = AutoModelForTokenClassification.from_pretrained(tmp_path, **options)
        assert torch.equal(emissions(again), emissions(model))
        base = AutoModel.from_pretrained(tmp_path, **options)
        assert torch.equal(base(**batch()).last_hidden_state, model.cner.eval()(**batch()).last_hidden_state)


def test_an_encoder_that_does_not_fit_can_be_offloaded(tmp_path: Path) -> None:
    model = tagger({"encoder": "bert", "context": "bilstm"})
    model.save_pretrained(tmp_path)
    places = {"cner.encoder": "disk", "cner.context": "cpu", "cner.attention": "cpu", "span_decoder": "cpu"}
    again = AutoModelForTokenClassification.from_pretrained(
        tmp_path, device_map={**places, "cner.dropout": "cpu"}, offload_folder=str(tmp_path / "offload")
    )
    assert {p.device.type for p in again.cner.encoder.parameters()} == {"meta"}  # they come when they are needed
    assert_close(emissions(again), emissions(model))
