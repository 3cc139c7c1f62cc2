"""Checkpoints with faults, through transformers' own doors: what is wrong is named, and pickles are never opened."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import ENCODERS, config
from test_modeling_cner_mrc import CASES as MRC_CASES
from test_modeling_cner_mrc import model_of as mrc_model_of
from transformers import AutoModel, AutoModelForTokenClassification, BertConfig, BertModel, pipeline

from hf_cner import CnerEncoderConfig, CnerEncoderModel, CnerForTokenClassification
from hf_cner.data.tokenizer import build_character_tokenizer

Load = Callable[[Path], Any]
DOORS: dict[str, Load] = {
    "auto": AutoModelForTokenClassification.from_pretrained,
    "base": AutoModel.from_pretrained,
    "own": CnerForTokenClassification.from_pretrained,
    "pipeline": lambda folder: pipeline("clinical-ner", model=str(folder)),
}
each_door = pytest.mark.parametrize("load", DOORS.values(), ids=DOORS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    CnerForTokenClassification(config()).save_pretrained(tmp_path)
    build_character_tokenizer("患者头痛。").save_pretrained(tmp_path)
    return tmp_path


def edit(folder: Path, **fields: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | fields), encoding="utf-8")


class Opened:
    """Unpickled, it fails loudly: loading a pickle runs what it says."""

    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('a pickle was opened')",)


@each_door
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
def test_a_pickle_is_refused_unopened(folder: Path, name: str, load: Load) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(Opened(), folder / name)
    torch.save(Opened(), folder / "training_args.bin")  # no weights
    with pytest.raises(ValueError, match=rf"only as a pickle \({name}\), which can run any code .* safetensors"):
        load(folder)


def test_a_pickle_beside_safetensors_is_left_alone_and_cannot_be_asked_for(folder: Path) -> None:
    torch.save(Opened(), folder / "pytorch_model.bin")
    AutoModelForTokenClassification.from_pretrained(folder)
    with pytest.raises(ValueError, match=r"use_safetensors=False would load a pickle, .*; leave it out"):
        AutoModelForTokenClassification.from_pretrained(folder, use_safetensors=False)


@each_door
def test_missing_weights_are_named(folder: Path, load: Load) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises((OSError, ValueError), match=r"model\.safetensors"):
        load(folder)


@each_door
def test_a_missing_part_of_the_weights_is_named(tmp_path: Path, load: Load) -> None:
    CnerForTokenClassification(config()).save_pretrained(tmp_path, max_shard_size="2KB")
    build_character_tokenizer("患者头痛。").save_pretrained(tmp_path)
    part = sorted(tmp_path.glob("model-*.safetensors"))[1]
    part.unlink()
    with pytest.raises(ValueError, match=rf"{part.name} is missing, which model.safetensors.index.json names"):
        load(tmp_path)


@pytest.mark.parametrize(("content", "found"), [("{", "Expecting property name"), ("{}", "it has no weight_map")])
def test_a_broken_index_is_named(tmp_path: Path, content: str, found: str) -> None:
    CnerForTokenClassification(config()).save_pretrained(tmp_path, max_shard_size="2KB")
    (tmp_path / "model.safetensors.index.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"index.json is broken \({found}.*\); copy the file again"):
        AutoModelForTokenClassification.from_pretrained(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_other_missing_files_stop_the_pipeline(folder: Path, name: str) -> None:
    """In transformers' words; `Predictor` and the commands name the file (tests/inference/test_checkpoint.py)."""
    (folder / name).unlink()
    # Without tokenizer.json transformers 5.2 looks for another kind of tokenizer, and asks for protobuf.
    with pytest.raises((OSError, ValueError, ImportError), match=rf"{name}|tokenizer|protobuf"):
        pipeline("clinical-ner", model=str(folder))


@pytest.mark.parametrize("kind", ["tags", "questions", "encoder"])
def test_a_field_of_an_older_version_is_named_and_kept(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model: Any = {
        "tags": lambda: CnerForTokenClassification(config()),
        "questions": lambda: mrc_model_of(MRC_CASES["static"]),
        "encoder": lambda: CnerEncoderModel(CnerEncoderConfig(encoder=ENCODERS["static"])),
    }[kind]()
    model.save_pretrained(tmp_path)
    logger = logging.getLogger("transformers")  # ours stands below it, and it keeps its records to itself
    logger.addHandler(caplog.handler)
    try:
        type(model).from_pretrained(tmp_path)
        assert "does not use" not in caplog.text
        edit(tmp_path, crf_dropout=0.5)
        again = type(model).from_pretrained(tmp_path)
    finally:
        logger.removeHandler(caplog.handler)
    assert "fields that this version of hf_cner does not use: ['crf_dropout']" in caplog.text
    assert again.config.crf_dropout == 0.5
    expected = model.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in again.state_dict().items())


@pytest.mark.parametrize(
    ("slot", "message"),
    [
        (
            {"kind": "bilstm", "peepholes": True},
            r"context kind 'bilstm' has no option 'peepholes'; it takes \[",
        ),
        ({"kind": "sru"}, r"Unknown context kind 'sru'; choose one of \['bigru', 'bilstm'"),
        ("bilstm", r"The slot context must be a dict with a 'kind', as .*; found 'bilstm'"),
    ],
)
def test_what_a_slot_of_an_older_version_held_is_named(folder: Path, slot: Any, message: str) -> None:
    edit(folder, context=slot)
    with pytest.raises(ValueError, match=message):
        AutoModelForTokenClassification.from_pretrained(folder)


def save_bert(folder: Path) -> None:
    sizes = {"vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    BertModel(BertConfig(**sizes, intermediate_size=8)).save_pretrained(folder)


def test_an_encoder_whose_weights_are_a_pickle_is_refused_unopened(tmp_path: Path) -> None:
    save_bert(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(Opened(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"only as a pickle \(pytorch_model.bin\), which can run any code"):
        CnerForTokenClassification.from_encoder_pretrained(tmp_path, config())


def test_an_encoder_with_code_of_its_own_is_refused(tmp_path: Path) -> None:
    save_bert(tmp_path)
    (tmp_path / "theirs.py").write_text("raise SystemExit('foreign code was run')", encoding="utf-8")
    edit(tmp_path, auto_map={"AutoModel": "theirs.Model"}, model_type="theirs")
    for options in ({}, {"trust_remote_code": True}):
        with pytest.raises(ValueError, match=r"encoder 'theirs' needs code of its own .* only encoders that"):
            CnerForTokenClassification.from_encoder_pretrained(tmp_path, config(), **options)


def test_a_hub_that_cannot_be_reached_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def unreachable(self: object, name: str, **options: object) -> None:
        asked.append(name)
        raise ConnectionError("no route")

    def settings_of(name: str, **options: object) -> None:
        raise OSError(f"{name}: {options}")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    monkeypatch.setattr("transformers.PreTrainedConfig.get_config_dict", settings_of)
    with pytest.raises(OSError, match=r"somebody/bert: \{'local_files_only': True\}"):
        CnerForTokenClassification.from_encoder_pretrained("somebody/bert", config())
    with pytest.raises(OSError, match=r"\{\}"):
        CnerForTokenClassification.from_encoder_pretrained(tmp_path, config())
    assert asked == ["somebody/bert"]
