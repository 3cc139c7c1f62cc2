from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from published_shapes import PIECES, config, styled, write, write_vocabulary, write_weights
from safetensors import safe_open
from transformers import AutoModel, AutoModelForMaskedLM, AutoModelForPreTraining

from hf_cner.encoders.findings import grouped
from hf_cner.encoders.names import HEADS, RENAMES, fit, prefix_of
from hf_cner.encoders.published import OpenEncoder, open_encoder

EXPECTED = ("embeddings.word_embeddings.weight", "embeddings.LayerNorm.weight", "encoder.layer.0.dense.weight")


def opened(folder: Path, **options: Any) -> OpenEncoder:
    found = open_encoder(folder, **options)
    found.load()
    return found


def rewrite(folder: Path, model: Any, edit: Any, style: str = "own") -> None:
    """Write the folder's weights again after `edit` changed their dict."""
    state = styled(model, style)
    edit(state)
    write_weights(folder, state, "pytorch_model.bin")


@pytest.mark.parametrize("prefix", ["", "bert.", "module.bert.", "model.", "a.b.c."])
def test_the_prefix_is_what_stands_before_the_expected_names(prefix: str) -> None:
    names = [prefix + name for name in EXPECTED] + ["cls.predictions.bias", "classifier.weight"]
    found = fit(names, EXPECTED, "bert")
    assert found.prefix == prefix and set(found.taken) == set(EXPECTED)
    assert found.heads == ["cls.predictions.bias", "classifier.weight"] and not found.unknown and not found.strange


def test_two_encoders_in_one_file_are_refused() -> None:
    names = [before + name for before in ("student.", "teacher.") for name in EXPECTED]
    with pytest.raises(ValueError, match=r"several encoders of these names, under 'student\.' and under 'teacher\.'"):
        prefix_of(names, EXPECTED)


@pytest.mark.parametrize(
    "name, kind",
    [
        ("bert.pooler.dense.weight", "heads"),
        ("cls.seq_relationship.weight", "heads"),
        ("bert.embeddings.position_ids", "buffers"),
        ("crf.transitions", "heads"),
        ("graph_layer.weight", "unknown"),
        ("bert.encoder.layer.7.dense.weight", "strange"),
        ("bert.embeddings.task_type_embeddings.weight", "strange"),
    ],
)
def test_each_other_name_has_its_kind(name: str, kind: str) -> None:
    found = fit([*(f"bert.{known}" for known in EXPECTED), name], EXPECTED, "bert")
    for other in ("heads", "buffers", "unknown", "strange"):
        assert len(getattr(found, other)) == (other == kind), other


def test_a_model_with_a_head_takes_the_published_head() -> None:
    wanted = [*(f"bert.{name}" for name in EXPECTED), "cls.predictions.bias"]
    for before in ("", "module."):
        found = fit([before + name for name in wanted], wanted, "bert")
        assert set(found.taken) == set(wanted) and not found.heads
    bare = fit([*EXPECTED, "cls.predictions.bias"], wanted, "bert")
    assert set(bare.taken) == set(wanted)


def test_every_declared_spelling_and_head_is_reached() -> None:
    old = {
        "bert.embeddings.LayerNorm.gamma": "embeddings.LayerNorm.weight",
        "bert.embeddings.LayerNorm.beta": "embeddings.LayerNorm.bias",
        "bert._orig_mod.encoder.weight": "encoder.weight",
        "bert._fsdp_wrapped_module.encoder.bias": "encoder.bias",
    }
    found = fit(old, old.values(), "bert")
    assert {name: target for target, name in found.taken.items()} == old and len(found.respelt) == len(RENAMES)
    assert fit([f"{head}.weight" for head in HEADS], EXPECTED, "bert").heads == [f"{head}.weight" for head in HEADS]


def test_names_are_grouped_by_part() -> None:
    names = ["cls.predictions.bias", "cls.predictions.decoder.weight", "classifier.weight"]
    assert grouped(names) == ["classifier (1 weight)", "cls.predictions (2 weights)"]


def test_heads_poolers_and_buffers_are_left_out_and_listed(tmp_path: Path) -> None:
    write(tmp_path)
    findings = opened(tmp_path).findings
    assert {"bert.pooler.dense.weight", "cls.predictions.bias", "bert.embeddings.position_ids"} <= set(findings.dropped)
    assert findings.renamed == ["the prefix bert. was removed (37 names)"] and not findings.warnings


def test_missing_weights_are_named(tmp_path: Path) -> None:
    model = write(tmp_path)
    rewrite(tmp_path, model, lambda state: [state.pop(n) for n in list(state) if "layer.1.output.dense" in n])
    with pytest.raises(
        ValueError, match=r"lacks 2 of the weights of this bert encoder \(encoder\.layer\.1\.output\.de"
    ):
        opened(tmp_path)


def test_a_configuration_of_more_or_fewer_layers_is_named(tmp_path: Path) -> None:
    write(tmp_path, edit=lambda settings: settings.update(num_hidden_layers=3))
    with pytest.raises(ValueError, match=r"lacks 16 of the weights of this bert encoder \(encoder\.layer\.2\."):
        opened(tmp_path)
    write(tmp_path, edit=lambda settings: settings.update(num_hidden_layers=1))
    with pytest.raises(ValueError, match=r"holds 16 weights inside the encoder for which a bert of this configuration"):
        opened(tmp_path)
    write(tmp_path, edit=lambda settings: settings.update(num_hidden_layers=1_000_000))
    with pytest.raises(ValueError, match=r"names 1000000 layers, and pytorch_model\.bin holds \d+ weights"):
        opened(tmp_path)


def test_weights_of_other_shapes_are_named(tmp_path: Path) -> None:
    write(tmp_path, edit=lambda settings: settings.update(intermediate_size=24))
    with pytest.raises(
        ValueError, match=r"of other shapes .*intermediate\.dense\.weight is \(16, 16\), expected \(24, 16"
    ):
        opened(tmp_path)


def test_a_head_that_nobody_knows_is_a_warning(tmp_path: Path) -> None:
    model = write(tmp_path)
    rewrite(tmp_path, model, lambda state: state.update({"graph_layer.weight": torch.ones(2)}))
    findings = opened(tmp_path).findings
    assert "1 weights beside the encoder that are no known head (graph_layer.weight)" in findings.warnings[0]
    assert "graph_layer.weight" in findings.dropped


def test_one_weight_under_two_names_is_one_weight_or_a_fault(tmp_path: Path) -> None:
    model = write(tmp_path)
    name = "bert.embeddings.LayerNorm"
    rewrite(tmp_path, model, lambda state: state.update({f"{name}.gamma": state[f"{name}.weight"].clone()}))
    opened(tmp_path)
    rewrite(tmp_path, model, lambda state: state.update({f"{name}.gamma": state[f"{name}.weight"] + 1}))
    with pytest.raises(ValueError, match=r"which are one weight, with different numbers"):
        opened(tmp_path)


def test_an_embedding_that_only_its_tied_copy_holds_is_found(tmp_path: Path) -> None:
    model = write(tmp_path)

    def move(state: dict[str, torch.Tensor]) -> None:
        state["cls.predictions.decoder.weight"] = state.pop("bert.embeddings.word_embeddings.weight")

    rewrite(tmp_path, model, move)
    loaded = open_encoder(tmp_path).load()
    assert torch.equal(loaded.get_input_embeddings().weight, model.get_input_embeddings().weight)


def test_weights_named_for_another_type_are_said(tmp_path: Path) -> None:
    model = write(tmp_path, "roberta", pad_token_id=0)
    rewrite(
        tmp_path,
        model,
        lambda state: [state.update({n.replace("roberta.", "bert."): state.pop(n)}) for n in list(state)],
    )
    assert "the weights are named bert., the configuration says roberta" in opened(tmp_path).findings.warnings[0]
    assert opened(tmp_path, model_type="bert").config.model_type == "bert"


def test_a_file_without_any_weight_of_the_encoder_says_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path)
    write_weights(tmp_path, {"conv1.weight": torch.ones(2)}, "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"holds no weight of a bert encoder, but conv1\.weight; name the type"):
        opened(tmp_path)


def test_a_head_is_kept_where_the_class_has_it_and_new_where_the_file_has_none(tmp_path: Path) -> None:
    write(tmp_path)
    torch.manual_seed(1)
    made = open_encoder(tmp_path).config
    source = AutoModelForPreTraining.from_config(made)
    write_weights(tmp_path, {f"module.{k}": v for k, v in source.state_dict().items()}, "pytorch_model.bin")
    kept = open_encoder(tmp_path).load(AutoModelForPreTraining)
    assert all(torch.equal(tensor, source.state_dict()[name]) for name, tensor in kept.state_dict().items())
    write_weights(tmp_path, AutoModel.from_config(made).state_dict(), "pytorch_model.bin")
    fresh = open_encoder(tmp_path)
    fresh.load(AutoModelForMaskedLM)
    assert "this head begins untrained" in fresh.findings.warnings[0]


@pytest.mark.parametrize("style", ["own", "bare", "parallel"])
def test_a_pooler_that_only_a_head_needs_begins_untrained(style: str, tmp_path: Path) -> None:
    """`hf-cner encoder import` and many authors write none; next-sentence prediction has one."""
    write(tmp_path, style=style)
    state = {n: t for n, t in torch.load(tmp_path / "pytorch_model.bin").items() if "pooler" not in n}
    write_weights(tmp_path, state, "pytorch_model.bin")
    found = open_encoder(tmp_path)
    model = found.load(AutoModelForPreTraining)
    warning = " ".join(found.findings.warnings)
    assert "bert.pooler.dense.bias, bert.pooler.dense.weight" in warning and "this head begins untrained" in warning
    kept = open_encoder(tmp_path).load().state_dict()
    assert all(torch.equal(model.bert.state_dict()[name], tensor) for name, tensor in kept.items())


def test_spare_rows_are_said_and_missing_rows_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "more", rows=3, edit=lambda settings: settings.update(vocab_size=30522))
    said = opened(tmp_path / "more").findings.settings
    rows = len(PIECES) + 3
    assert any(f"vocab_size is {rows} by the weights" in sentence and "not 30522" in sentence for sentence in said)
    assert any("3 rows are spare" in sentence for sentence in said)
    write(tmp_path / "fewer", rows=-2)
    with pytest.raises(ValueError, match="this is the vocabulary of another encoder"):
        opened(tmp_path / "fewer")


@pytest.mark.parametrize("kind", ["bert", "roberta", "albert"])
def test_the_tables_have_as_many_rows_as_the_weights(kind: str, tmp_path: Path) -> None:
    wrong = {"max_position_embeddings": 512, "type_vocab_size": 4, "vocab_size": 21128}
    write(tmp_path, kind, edit=lambda settings: settings.update(wrong))
    found = opened(tmp_path)
    assert (found.config.max_position_embeddings, found.config.vocab_size) == (48, len(PIECES))
    assert sum("by the weights" in sentence for sentence in found.findings.settings) == 3


def test_a_copy_of_a_folder_is_the_same_encoder(tmp_path: Path) -> None:
    write(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    first, second = (open_encoder(tmp_path / name).load().state_dict() for name in ("one", "two"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert json.loads((tmp_path / "two" / "config.json").read_text())["model_type"] == "bert"


@pytest.mark.parametrize("kind", ["nomic_bert", "gte"])
def test_names_that_transformers_converts_itself_are_converted(kind: str, tmp_path: Path) -> None:
    write_vocabulary(tmp_path, kind, "vocab.txt")
    model = AutoModel.from_config(config(kind, len(PIECES)))
    model.save_pretrained(tmp_path)
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert set(file.keys()) != set(model.state_dict())
    loaded = open_encoder(tmp_path).load().state_dict()
    assert all(torch.equal(tensor, loaded[name]) for name, tensor in model.state_dict().items() if "pooler" not in name)
