from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import CHARACTERS, WORDS, notes
from transformers import BertConfig, BertModel, BertTokenizer, set_seed

from hf_cner import Document
from hf_cner.data.vectors import write_word2vec
from hf_cner.modeling.bigrams import bigram_key
from hf_cner.modeling.encoders import ENCODERS
from hf_cner.settings.resolve import resolve_settings
from hf_cner.training.build import build
from hf_cner.training.needs import FILES, NEEDS

TYPES = list(WORDS)
DOCUMENTS = notes(40, 1)


def settings(**sections: Any) -> dict[str, Any]:
    model = {
        "encoder": {"kind": "static", "embedding_size": 8},
        "context": {"kind": "bilstm", "hidden_size": 8},
        "attention": {"kind": "none"},
        "span_decoder": {"kind": "crf", "scheme": "BIOES"},
        "dropout": 0.1,
        "windows": {"policy": "sentence", "max_length": 24, "overlap": 8},
    }
    model |= sections.pop("model", {})
    return {"model": model, "tokenizer": {"lower_case": True, "min_count": 1}, "vectors": {}, **sections}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", *CHARACTERS]
    BertTokenizer(vocab={piece: index for index, piece in enumerate(pieces)}).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(pieces), max_position_embeddings=32, **sizes)).save_pretrained(folder)
    return folder


def test_a_static_encoder_gets_the_characters_of_the_training_texts() -> None:
    model, tokenizer = build(settings(), DOCUMENTS, TYPES)
    assert set(tokenizer.get_vocab()) == {"[PAD]", "[UNK]", " ", *"".join(document.text for document in DOCUMENTS)}
    assert model.config.encoder["vocab_size"] == len(tokenizer)
    assert model.config.entity_types == TYPES and model.config.non_unit_ids == [0]
    assert model.cner.encoder.output_size == 8
    rare, _ = build(settings(tokenizer={"min_count": 10**6}), DOCUMENTS, TYPES)
    assert rare.config.encoder["vocab_size"] == 3


def test_bigrams_are_the_frequent_ones_within_the_windows() -> None:
    options = {"encoder": {"kind": "static", "embedding_size": 8, "bigram_size": 4}}
    model, tokenizer = build(settings(model=options), DOCUMENTS, TYPES)
    table = set(model.cner.encoder.bigrams.table.tolist())
    left, right = tokenizer.convert_tokens_to_ids(["咳", "嗽"])
    assert bigram_key(left, right) in table and bigram_key(right, left) not in table
    assert model.config.encoder["bigram_vocab_size"] == len(table) + 1
    few = {"encoder": {"kind": "static", "embedding_size": 8, "bigram_size": 4, "bigram_vocab_size": 5}}
    assert len(build(settings(model=few), DOCUMENTS, TYPES)[0].cner.encoder.bigrams.table) == 4


def test_without_bigrams_is_without_them(tmp_path: Path) -> None:
    none = {"encoder": {"kind": "static", "embedding_size": 8, "bigram_size": 4, "bigram_vocab_size": 0}}
    model, _ = build(settings(model=none), DOCUMENTS, TYPES)
    assert model.cner.encoder.bigrams is None and model.cner.encoder.output_size == 8
    write_word2vec(tmp_path / "bi.txt", ["咳嗽"], np.zeros((1, 4), dtype=np.float32))
    with pytest.raises(ValueError, match=r"bigram_vocab_size is 0, no bigrams, but vectors\.bigram_path is given"):
        build(settings(model=none, vectors={"bigram_path": str(tmp_path / "bi.txt")}), DOCUMENTS, TYPES)
    with pytest.raises(ValueError, match="bigram_vocab_size is -5; it must be at least 0"):
        build(settings(model={"encoder": {**none["encoder"], "bigram_vocab_size": -5}}), DOCUMENTS, TYPES)


def test_all_white_space_takes_the_vector_of_the_blank(tmp_path: Path) -> None:
    write_word2vec(tmp_path / "v.txt", [" ", "咳", "\t"], np.arange(15, dtype=np.float32).reshape(3, 5))
    documents = [*DOCUMENTS, Document("咳\u3000嗽\n\t。")]
    model, tokenizer = build(
        settings(model={"encoder": {"kind": "static"}}, vectors={"path": str(tmp_path / "v.txt")}), documents, TYPES
    )
    weight = model.cner.encoder.characters.weight
    for character in " \u3000\n":
        assert weight[tokenizer.convert_tokens_to_ids(character)].tolist() == [0, 1, 2, 3, 4]
    assert weight[tokenizer.convert_tokens_to_ids("\t")].tolist() == [10, 11, 12, 13, 14]  # it has one of its own


def test_vectors_set_the_size_and_add_their_characters(tmp_path: Path) -> None:
    write_word2vec(tmp_path / "v.txt", ["咳", "Ｂ", "b", "B", "肝脏"], np.arange(25, dtype=np.float32).reshape(5, 5))
    write_word2vec(tmp_path / "bi.txt", ["咳嗽", "嗽咳"], np.arange(6, dtype=np.float32).reshape(2, 3))
    files = {"path": str(tmp_path / "v.txt"), "bigram_path": str(tmp_path / "bi.txt")}
    model, tokenizer = build(settings(model={"encoder": {"kind": "static"}}, vectors=files), DOCUMENTS, TYPES)
    weight = model.cner.encoder.characters.weight
    assert weight[tokenizer.convert_tokens_to_ids("咳")].tolist() == [0, 1, 2, 3, 4]
    assert weight[tokenizer.convert_tokens_to_ids("b")].tolist() == [10, 11, 12, 13, 14]
    assert tokenizer("Bb", add_special_tokens=False)["input_ids"] == [tokenizer.convert_tokens_to_ids("b")] * 2
    key = bigram_key(*tokenizer.convert_tokens_to_ids(["咳", "嗽"]))
    row = model.cner.encoder.bigrams.table.tolist().index(key) + 1
    assert model.cner.encoder.bigrams.weight[row].tolist() == [0, 1, 2]
    assert model.cner.encoder.output_size == 5 + 2 * 3


def test_vectors_of_another_size_are_refused(tmp_path: Path) -> None:
    write_word2vec(tmp_path / "v.txt", ["咳"], np.zeros((1, 5), dtype=np.float32))
    with pytest.raises(ValueError, match=r"embedding_size is 8, but vectors.path holds vectors of size 5"):
        build(settings(vectors={"path": str(tmp_path / "v.txt")}), DOCUMENTS, TYPES)


def test_a_file_of_words_alone_has_no_vectors_of_characters(tmp_path: Path) -> None:
    write_word2vec(tmp_path / "v.txt", ["肝脏", "头痛"], np.zeros((2, 5), dtype=np.float32))
    with pytest.raises(ValueError, match=r"v\.txt holds no vector of 1 character; give another file"):
        build(settings(vectors={"path": str(tmp_path / "v.txt")}), DOCUMENTS, TYPES)


def test_a_pretrained_encoder_brings_weights_and_vocabulary(encoder: Path) -> None:
    slot = {"kind": "pretrained", "name_or_path": str(encoder)}
    model, tokenizer = build(settings(model={"encoder": slot}), DOCUMENTS, TYPES)
    own = BertModel.from_pretrained(encoder)
    assert torch.equal(model.get_input_embeddings().weight, own.get_input_embeddings().weight)
    assert tokenizer("咳嗽")["input_ids"][1:-1] == own_ids(encoder, "咳嗽")
    assert set(model.config.non_unit_ids) == {0, 2, 3}
    assert "name_or_path" not in model.config.encoder
    assert model(torch.tensor([tokenizer("咳嗽。")["input_ids"]])).emissions.shape == (1, 5, model.config.num_labels)


def own_ids(folder: Path, text: str) -> list[int]:
    return BertTokenizer.from_pretrained(folder)(text, add_special_tokens=False)["input_ids"]


def test_an_encoder_without_weights_is_built_for_the_texts_own_characters() -> None:
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    slot = {"kind": "pretrained", "name_or_path": None, "config": {"model_type": "bert", **sizes}}
    model, tokenizer = build(settings(model={"encoder": slot}), DOCUMENTS, TYPES)
    assert model.get_input_embeddings().weight.shape == (len(tokenizer), 16)


def test_windows_that_the_encoder_cannot_read_are_refused(encoder: Path) -> None:
    slot = {"kind": "pretrained", "name_or_path": str(encoder)}
    windows = {"policy": "stride", "max_length": 31, "overlap": 8}
    with pytest.raises(ValueError, match=r"max_length is 31, but the encoder reads at most 30 characters beside"):
        build(settings(model={"encoder": slot, "windows": windows}), DOCUMENTS, TYPES)


def test_an_encoder_that_is_not_there_is_one_sentence(tmp_path: Path, encoder: Path) -> None:
    slot = {"kind": "pretrained", "name_or_path": str(tmp_path / "nowhere")}
    with pytest.raises(ValueError, match=r"The encoder .*nowhere' is not on this machine .* set model.encoder.name_or"):
        build(settings(model={"encoder": slot}), DOCUMENTS, TYPES)
    only_tokenizer = tmp_path / "half"
    BertTokenizer.from_pretrained(encoder).save_pretrained(only_tokenizer)
    (only_tokenizer / "config.json").write_text((encoder / "config.json").read_text())
    slot = {"kind": "pretrained", "name_or_path": str(only_tokenizer)}
    with pytest.raises(ValueError, match=r"half: found no weights; expected model.safetensors or pytorch_model.bin"):
        build(settings(model={"encoder": slot}), DOCUMENTS, TYPES)


def test_the_same_seed_builds_the_same_model() -> None:
    built = []
    for _ in range(2):
        set_seed(3)
        built.append(build(settings(), DOCUMENTS, TYPES)[0].state_dict())
    assert all(torch.equal(built[0][name], built[1][name]) for name in built[0])


def test_every_need_of_every_kind_is_met_and_none_is_left_over() -> None:
    named = {need for kind in ENCODERS.values() for need in kind.needs}
    assert named == set(NEEDS) >= set(FILES)
    assert all(kind.needs or kind.made_by for kind in ENCODERS.values())


@pytest.mark.parametrize(("setting", "encoder"), [
    ("path", "{kind: pretrained, config: {model_type: bert}}"),
    ("bigram_path", "{kind: lattice}"),
])  # fmt: skip
def test_a_file_that_the_kind_has_no_place_for_is_refused(setting: str, encoder: str) -> None:
    chosen = resolve_settings("p2-bilstm-crf", assignments=[f"model.encoder={encoder}", f"vectors.{setting}=v.txt"])
    with pytest.raises(ValueError, match=rf"vectors\.{setting} is given, but an encoder of kind \w+ takes no "):
        build(chosen, DOCUMENTS, TYPES)


def test_an_unknown_kind_of_encoder_names_the_known_ones() -> None:
    chosen = resolve_settings("p2-bilstm-crf", assignments=["model.encoder={kind: statik}"])
    with pytest.raises(ValueError, match=r"Unknown encoder kind 'statik'; choose one of .*'static'"):
        build(chosen, DOCUMENTS, TYPES)
