"""Presets: every file can be read, says where it comes from, and describes a model that can be built."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from transformers import AlbertConfig, BertConfig, XLNetConfig

from hf_cner import CnerConfig, CnerForQuestionAnswering, CnerForTokenClassification, CnerMrcConfig
from hf_cner.settings.preset import (
    aliases,
    canonical_name,
    encoder_of,
    encoders,
    list_presets,
    load_preset,
    papers,
    preset_names,
    read_preset,
)
from hf_cner.settings.resolve import resolve_settings

TINY = {
    "albert": AlbertConfig(
        vocab_size=30, hidden_size=16, embedding_size=8, num_attention_heads=2, intermediate_size=16
    ),
    "bert": BertConfig(vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16),
    "xlnet": XLNetConfig(vocab_size=30, d_model=16, n_layer=1, n_head=2, d_inner=16),
}


def test_presets_of_the_papers_are_there() -> None:
    expected = {
        *("bilstm-mha-crf", "bilstm-crf", "bigru-crf", "idcnn-crf", "idcnn-mha-crf", "cnn-crf"),
        *("bert-bilstm-crf", "bert-bigru-mha-crf", "xlnet-bilstm-mha-crf", "albert-idcnn-mha-crf", "bert-softmax"),
        "mcbert-bilstm-cnn-mha-crf",
        *("p3-bilstm-crf", "p3-bert-bilstm-crf", "bert-mrc-biaffine", "bert-mrc-tags", "bert-biaffine"),
        *("bert-mrc-pointers", "bilstm-biaffine", "bilstm-global-pointer", "bilstm-mrc-biaffine"),
        *("p1-bilstm-crf", "xlnet-bilstm-crf", "albert-bigru-mha-crf"),
        *("bert-bigru-crf", "bert-bigru-additive-crf", "plain-bert-bigru-mha-crf", "bigru-mha-crf", "p2-bilstm-crf"),
        *("p2-bert-bilstm-crf", "bert-bilstm-mha-crf", "p2-idcnn-crf", "bert-idcnn-crf", "albert-idcnn-crf"),
        *("elmo-bilstm-crf", "lattice-lstm-crf"),
        *(f"albert-idcnn-mha-crf-{name}" for name in ("adagrad", "rmsprop", "lookahead-adam", "radam")),
        *(f"albert-idcnn-mha{heads}-crf" for heads in (1, 2, 8, 16)),
    }
    assert expected <= set(preset_names())


def test_listing_names_paper_and_table() -> None:
    found = {preset.name: preset for preset in list_presets()}
    assert found["idcnn-mha-crf"].paper == "P4"
    assert found["idcnn-mha-crf"].table == "Table 2, IDCNN-MHA-CRF"
    assert all(preset.description for preset in found.values())
    assert all(not preset.paper or preset.paper in papers() for preset in found.values())
    assert all(bool(preset.paper) == bool(preset.table) for preset in found.values())


@pytest.mark.parametrize("name", preset_names())
def test_preset_describes_a_model_that_can_be_built(name: str) -> None:
    model = copy.deepcopy(resolve_settings(name).to_dict()["model"])
    encoder = model["encoder"]
    if encoder["kind"] == "pretrained":
        family = next(family for family in TINY if family in encoder["name_or_path"] or family == "bert")
        model["encoder"] = {"kind": "pretrained", "config": TINY[family].to_dict()}
    else:
        encoder.pop("name_or_path", None)  # of a language model that is not here
        model["encoder"] = {**encoder, "vocab_size": 30}
    assert model.pop("queries") is None  # they belong to the corpus
    with torch.device("meta"):  # orthogonal weights of a large GRU take seconds
        if model["interaction"]:
            built: Any = CnerForQuestionAnswering(CnerMrcConfig(**model, queries={"a": "a?", "b": "b?"}))
        else:
            del model["interaction"]
            built = CnerForTokenClassification(CnerConfig(**model, entity_types=["a", "b"]))
    assert built.num_parameters() > 0


def test_p3s_settings_are_those_of_its_table() -> None:
    settings = resolve_settings("bert-mrc-biaffine").to_dict()
    training = settings["training"]
    assert (training["num_train_epochs"], training["per_device_train_batch_size"]) == (100, 20)
    assert (training["learning_rate"], training["max_grad_norm"], settings["model"]["dropout"]) == (1e-3, 5.0, 0.5)
    assert settings["model"]["span_decoder"]["size"] == 150 and settings["model"]["interaction"]["kind"] == "separate"


P1 = {"scheme": "BIOE", "length": 128, "batch": 16, "dropout": 0.1}
P2 = {"scheme": "BIO", "length": 256, "batch": 10, "dropout": 0.25}
P4 = {"scheme": "BIO", "length": 128, "batch": 20, "dropout": 0.5}
RATES = {"P1": 1e-5, "P2": 1e-4, "P4": 3e-5}


@pytest.mark.parametrize("preset", [preset for preset in list_presets() if preset.paper in RATES], ids=lambda p: p.name)
def test_the_settings_are_those_that_the_papers_print(preset: Any) -> None:
    settings = resolve_settings(preset.name).to_dict()
    model, training = settings["model"], settings["training"]
    assert {
        "scheme": model["span_decoder"]["scheme"],
        "length": model["windows"]["max_length"],
        "batch": training["per_device_train_batch_size"],
        "dropout": model["dropout"],
    } == {"P1": P1, "P2": P2, "P4": P4}[preset.paper]
    if model["encoder"]["kind"] == "pretrained" and not preset.name.endswith("adagrad"):
        assert training["learning_rate"] == RATES[preset.paper]
    sizes = {"P1": {"bilstm": 128, "bigru": 128}, "P2": {"bilstm": 512, "bigru": 512}}.get(preset.paper, {})
    context = model["context"]
    assert context.get("hidden_size") == sizes.get(context["kind"], context.get("hidden_size"))
    if context["kind"] == "idcnn":
        assert (context["filters"], context["dilations"], context["blocks"]) == (128, [1, 1, 2], 4)
    assert (model["windows"].get("merge") is False) == (preset.paper == "P4")  # only P4 cuts its records at 。


def test_our_own_variant_is_labelled_as_ours() -> None:
    preset = read_preset("bert-mrc-pointers")
    assert preset.paper == "" and "(ours)" in preset.description


def test_load_preset_has_settings_only() -> None:
    settings = load_preset("bilstm-crf")
    assert settings["preset"] == "bilstm-crf"
    assert "description" not in settings and "paper" not in settings


def test_unknown_name_shows_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"There is no preset 'bilstm-mah-crf'. Did you mean bilstm-mha-crf"):
        read_preset("bilstm-mah-crf")


def test_unknown_name_without_a_near_one() -> None:
    with pytest.raises(ValueError, match=r"There is no preset 'zzz'\. `hf-cner presets` lists all of them\."):
        read_preset("zzz")


def test_defaults_are_no_preset() -> None:
    assert not [name for name in preset_names() if name.startswith("_")]


def test_other_names_lead_to_the_same_settings() -> None:
    assert canonical_name("bert-bigru-att-crf") == "bert-bigru-mha-crf"
    assert load_preset("p4-bilstm-crf") == load_preset("bilstm-crf")
    assert resolve_settings("bert-bigru-att-crf").to_dict()["preset"] == "bert-bigru-mha-crf"
    assert read_preset("bilstm-crf").aliases == ("p4-bilstm-crf",)
    names = set(preset_names())
    assert not names & set(aliases()) and set(aliases().values()) <= names
    with pytest.raises(ValueError, match=r"Did you mean bert-bigru-att-crf"):
        canonical_name("bert-bigru-at-crf")


def test_a_preset_has_what_its_base_has_and_changes_what_it_gives() -> None:
    base, heads = load_preset("albert-idcnn-mha-crf"), load_preset("albert-idcnn-mha8-crf")
    assert heads["model"]["attention"] == {"kind": "multi_head", "num_heads": 8}
    assert heads == {
        **base,
        "preset": heads["preset"],
        "model": {**base["model"], "attention": heads["model"]["attention"]},
    }
    alone = load_preset("p1-bilstm-crf")  # a slot of another kind is replaced, with its options
    assert alone["model"]["encoder"] == {"kind": "static", "embedding_size": 128}
    assert alone["model"]["span_decoder"]["scheme"] == "BIOE" and alone["training"]["learning_rate"] == 1e-3


def test_the_papers_optimisers_are_set() -> None:
    optimizers = {name: load_preset(name)["training"].get("optimizer") for name in preset_names()}
    assert optimizers["albert-idcnn-mha-crf"] == "adam" and optimizers["albert-idcnn-mha-crf-radam"] == "radam"
    assert optimizers["albert-idcnn-mha-crf-lookahead-adam"] == "lookahead+adam"
    assert all(optimizers[preset.name] for preset in list_presets() if preset.paper in ("P1", "P2", "P3", "P4"))


def test_every_pretrained_encoder_says_in_which_shape_it_is_published() -> None:
    named = [preset for preset in list_presets() if preset.settings["model"]["encoder"].get("kind") == "pretrained"]
    assert named and all(encoder_of(preset) for preset in named)
    used = {preset.settings["model"]["encoder"]["name_or_path"] for preset in named}
    assert used == set(encoders())
    for shape in encoders().values():
        assert "/" in shape.name and ("safetensors" in shape.weights or "pytorch_model.bin" in shape.weights)
        assert "vocab.txt" in shape.vocabulary or "spiece.model" in shape.vocabulary
