"""A run on a pretrained language model over characters: what the settings of its encoder may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import CHARACTERS, WORDS, notes
from transformers import AutoModel, BertConfig, BertModel, BertTokenizer, set_seed

from hf_cner import CnerEncoderConfig, CnerEncoderModel
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.settings.resolve import resolve_settings
from hf_cner.training.build import build

TYPES, DOCUMENTS = list(WORDS), notes(4, 1)


@pytest.fixture(scope="module")
def elmo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pretraining writes: an encoder with its tokenizer."""
    folder = tmp_path_factory.mktemp("elmo")
    tokenizer = build_character_tokenizer(sorted(set(CHARACTERS)))
    sizes = {"vocab_size": len(tokenizer), "embedding_size": 6, "hidden_size": 6, "layer_dropout": 0.1}
    set_seed(1)
    CnerEncoderModel(CnerEncoderConfig(encoder={"kind": "elmo", **sizes})).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def settings(*assignments: str) -> dict[str, Any]:
    return resolve_settings(
        "elmo-bilstm-crf", assignments=["model.context.hidden_size=8", *(f"model.encoder.{a}" for a in assignments)]
    )


@pytest.mark.parametrize("trainable", [True, False])
def test_the_preset_takes_over_the_language_model(elmo: Path, trainable: bool) -> None:
    chosen = settings(f"name_or_path={elmo}", f"trainable={str(trainable).lower()}", "dropout=0.2")
    model, tokenizer = build(chosen, DOCUMENTS, TYPES)
    expected = AutoModel.from_pretrained(elmo).state_dict()
    state = model.cner.encoder.state_dict()
    assert all(torch.equal(value, expected[f"encoder.{name}"]) for name, value in state.items())
    assert model.config.encoder["trainable"] is trainable and model.config.encoder["dropout"] == 0.2
    assert model.config.encoder["layer_dropout"] == 0.1  # the checkpoint's, where the settings say nothing
    learning = {name for name, parameter in model.cner.encoder.named_parameters() if parameter.requires_grad}
    assert learning >= {"mix.weights", "mix.gamma"} and ("characters.weight" in learning) is trainable
    inputs = tokenizer(DOCUMENTS[0].text, return_tensors="pt")
    labels = torch.zeros_like(inputs["input_ids"])
    model(**inputs, labels=labels).loss.backward()
    assert model.cner.encoder.mix.weights.grad.abs().sum() > 0


def test_the_same_folder_is_a_pretrained_encoder_like_any_other(elmo: Path) -> None:
    chosen = resolve_settings(
        "p2-bilstm-crf", options={"model": {"encoder": {"kind": "pretrained", "name_or_path": elmo}}}
    )
    model, _ = build(chosen, DOCUMENTS, TYPES)
    assert model.config.encoder["kind"] == "elmo"


def test_without_a_language_model_the_sentence_says_how_to_make_one() -> None:
    with pytest.raises(
        ValueError, match=r"name_or_path is not set; make one .* with hf-cner pretrain --objective bilm"
    ):
        build(settings(), DOCUMENTS, TYPES)


def test_a_size_is_the_checkpoints(elmo: Path) -> None:
    with pytest.raises(ValueError, match=r"model\.encoder\.hidden_size cannot be set: .* trainable, dropout"):
        build(settings(f"name_or_path={elmo}", "hidden_size=9"), DOCUMENTS, TYPES)


def test_another_encoder_is_named(tmp_path: Path) -> None:
    BertTokenizer(
        vocab={piece: i for i, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS])}
    ).save_pretrained(tmp_path)
    config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"holds an encoder of kind 'bert', and model\.encoder\.kind is elmo; name a"):
        build(settings(f"name_or_path={tmp_path}"), DOCUMENTS, TYPES)
