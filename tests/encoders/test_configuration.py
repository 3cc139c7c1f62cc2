from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from published_shapes import PIECES, write

from hf_cner.encoders.configuration import config_file
from hf_cner.encoders.model_type import from_architecture, from_file_name, from_names, model_type_of
from hf_cner.encoders.published import OpenEncoder, open_encoder


def opened(folder: Path, **options: Any) -> OpenEncoder:
    found = open_encoder(folder, **options)
    found.load()
    return found


@pytest.mark.parametrize("kind", ["albert", "electra", "roberta", "deberta-v2", "xlnet", "longformer", "distilbert"])
@pytest.mark.parametrize("hint", ["architecture", "names"])
def test_the_type_is_found_without_model_type(hint: str, kind: str, tmp_path: Path) -> None:
    classes = {"albert": "AlbertForMaskedLM", "electra": "ElectraForPreTraining", "roberta": "RobertaForMaskedLM"}
    classes |= {"deberta-v2": "DebertaV2ForMaskedLM", "xlnet": "XLNetLMHeadModel", "longformer": "LongformerModel"}
    classes |= {"distilbert": "DistilBertForTokenClassification"}

    def edit(settings: dict[str, Any]) -> None:
        del settings["model_type"]
        settings["architectures"] = [classes[kind]] if hint == "architecture" else None

    write(tmp_path, kind, vocabulary="spiece.model" if kind == "xlnet" else "vocab.txt", edit=edit)
    found = opened(tmp_path)
    assert found.config.model_type == kind
    assert f"config.json has no model_type; taken for {kind}" in found.findings.settings


def test_the_name_of_the_file_says_the_type_last(tmp_path: Path) -> None:
    def edit(settings: dict[str, Any]) -> None:
        del settings["model_type"]

    write(tmp_path, style="bare", name="bert_config.json", edit=edit)
    assert opened(tmp_path).config.model_type == "bert"
    (tmp_path / "bert_config.json").rename(tmp_path / "config.json")
    with pytest.raises(ValueError, match=r"config\.json has no model_type, and neither .* name it with --model-type"):
        open_encoder(tmp_path)
    assert opened(tmp_path, model_type="bert").config.model_type == "bert"


def test_what_says_the_type() -> None:
    assert from_architecture(["BertForMaskedLM"]) == "bert"
    assert from_architecture(["Nobody"]) is None and from_architecture("BertModel") is None
    assert from_architecture([]) is None and from_architecture([3]) is None
    assert from_names(["albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"]) == "albert"
    assert from_names(["transformer.mask_emb"]) == "xlnet" and from_names(["module.bert.x.weight"]) == "bert"
    assert from_names(["embeddings.word_embeddings.weight"]) is None
    assert from_file_name("albert_config_mo.json") == "albert" and from_file_name("config.json") is None
    assert model_type_of({"model_type": "bert"}, [], source="config.json", chosen="ernie") == "ernie"


def test_a_chosen_type_wins_and_is_said(tmp_path: Path) -> None:
    write(tmp_path, "bert", edit=lambda settings: settings.update(model_type="roberta"))
    found = opened(tmp_path, model_type="bert")
    assert "config.json says roberta; read as bert, as chosen" in found.findings.settings


def test_another_task_and_another_version_are_said(tmp_path: Path) -> None:
    old = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "no"}, "finetuning_task": "mrpc"}
    old |= {"directionality": "bidi", "pooler_fc_size": 768, "gradient_checkpointing": False, "torch_dtype": "float16"}
    write(tmp_path, edit=lambda settings: settings.update(old))
    found = opened(tmp_path)
    said = " ".join(found.findings.settings)
    assert (
        "settings of another task, left out: architectures, id2label, label2id, problem_type, finetuning_task" in said
    )
    assert "does not declare, kept: directionality, pooler_fc_size" in said
    assert found.config.architectures is None and found.config.num_labels == 2


@pytest.mark.parametrize("kind", ["albert", "xlnet"])
def test_fields_of_old_versions_are_read(kind: str, tmp_path: Path) -> None:
    old: dict[str, Any] = {"net_structure_type": 0, "num_memory_blocks": 0, "layers_to_keep": [], "gap_size": 0}
    if kind == "xlnet":
        old = {"ff_activation": "gelu", "summary_type": "last", "untie_r": True, "n_token": 9, "mem_len": None}
    write(
        tmp_path,
        kind,
        vocabulary="spiece.model" if kind == "xlnet" else "vocab.txt",
        edit=lambda settings: settings.update(old),
    )
    opened(tmp_path)


@pytest.mark.parametrize("given", [None, -1, "absent", "0"])
def test_the_id_of_padding_comes_from_the_vocabulary_where_none_can_be(given: Any, tmp_path: Path) -> None:
    def edit(settings: dict[str, Any]) -> None:
        settings["pad_token_id"] = given
        if given == "absent":
            del settings["pad_token_id"]

    write(tmp_path, edit=edit)
    folder = tmp_path
    (folder / "vocab.txt").write_text("\n".join([*PIECES[1:6], "[PAD]", *PIECES[6:]]) + "\n", encoding="utf-8")
    found = open_encoder(folder)
    assert found.load().config.pad_token_id == 5
    assert "the configuration names no id of padding; the vocabulary says 5" in found.findings.settings


def test_a_padding_id_that_contradicts_the_vocabulary_is_said(tmp_path: Path) -> None:
    write(tmp_path, edit=lambda settings: settings.update(pad_token_id=3))
    found = opened(tmp_path)
    assert "pads with id 3, the vocabulary with 0" in found.findings.warnings[0]


@pytest.mark.parametrize(
    "content, said",
    [
        ("{", "is no JSON file in UTF-8"),
        ("[]", "found a JSON list; expected an object"),
        ("{" * 100_000, "is no JSON file in UTF-8"),
        ('{"a":' * 100_000, "nesting that is too deep"),
        ('{"model_type": ["bert"]}', "as model_type; expected a name"),
        (
            '{"model_type": "nezha"}',
            "found the type 'nezha', which transformers .* does not have; choose another encoder",
        ),
        ('{"model_type": "bert", "hidden_size": 1000000000000}', "found hidden_size 1000000000000"),
        ('{"model_type": "bert", "hidden_size": "wide"}', "transformers makes no bert encoder"),
        ('{"model_type": "bert", "hidden_size": 17, "num_attention_heads": 2}', "transformers makes no bert encoder"),
        ('{"model_type": "bert", "hidden_size": 0}', "shapes|transformers makes no bert"),
        ('{"model_type": "t5"}', "no plain encoder"),
        ('{"model_type": "bert", "auto_map": {"AutoModel": "x.Y"}}', "needs code of its own"),
        (
            '{"model_type": "cner", "auto_map": {"AutoModel": "x.Y"}}',
            "holds a trained tagger of hf-cner, not an encoder",
        ),
        ('{"model_type": "cner-mrc"}', "holds a trained tagger of hf-cner, not an encoder"),
        ('{"model_type": "bert", "quantization_config": {"bits": 4}}', "the weights are quantised"),
    ],
)
def test_a_configuration_that_cannot_be_is_one_sentence(content: str, said: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match=said) as caught:
        opened(tmp_path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 700


def test_the_file_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"found no configuration; expected config\.json"):
        config_file(tmp_path)
    for name in ("tokenizer_config.json", "generation_config.json", "bert_config.json"):
        (tmp_path / name).write_text("{}")
    assert config_file(tmp_path).name == "bert_config.json"
    (tmp_path / "albert_config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"found albert_config\.json, bert_config\.json; expected one"):
        config_file(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({}))
    assert config_file(tmp_path).name == "config.json"


@pytest.mark.parametrize(
    ("file", "said"), [("bert.gguf", "weights of GGUF alone"), ("adapter_config.json", "an adapter")]
)
def test_a_folder_of_another_kind_says_so_before_its_configuration_is_missed(
    file: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / file).write_bytes(b"x")
    with pytest.raises(ValueError, match=said):
        config_file(tmp_path)


def test_ids_of_special_tokens_are_the_vocabularys(tmp_path: Path) -> None:
    """An ALBERT has ids 2 and 3 by default; in a vocabulary from BERT these are any tokens."""
    write(tmp_path, "albert", edit=lambda settings: settings.update(bos_token_id=0, sep_token_id=1))
    found = opened(tmp_path)
    model = found.load()
    pieces = found.vocabulary.pieces
    assert (model.config.bos_token_id, model.config.eos_token_id) == (pieces["[CLS]"], pieces["[SEP]"])
    assert f"bos_token_id is {pieces['[CLS]']} by the vocabulary, not 0" in found.findings.settings
    write(tmp_path / "right", "bert", edit=lambda settings: settings.update(bos_token_id=pieces["[CLS]"]))
    found = opened(tmp_path / "right")
    assert found.load().config.bos_token_id == pieces["[CLS]"]
    assert not any("bos_token_id" in sentence for sentence in found.findings.settings)
