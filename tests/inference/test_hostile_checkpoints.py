"""Damaged and hostile checkpoints: one sentence that names the file, at once, before any memory is filled."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hf_cner import CnerConfig, CnerForTokenClassification, CnerMrcConfig
from hf_cner.cli.main import main
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.inference.checkpoint import CheckpointError
from hf_cner.inference.predictor import Predictor
from hf_cner.inference.shapes import check_numbers, loading, weight_shapes

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    tokenizer = build_character_tokenizer("患者头痛。")
    config = CnerConfig(
        encoder={"kind": "static", "vocab_size": len(tokenizer), "embedding_size": 8},
        context={"kind": "bilstm", "hidden_size": 6},
        attention={"kind": "none"},
        span_decoder={"kind": "crf"},
        entity_types=["症状", "部位"],
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    CnerForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


def refused(folder: Path, message: str) -> None:
    begin = time.process_time()
    with pytest.raises(CheckpointError, match=message) as caught:
        Predictor.from_pretrained(folder, device="cpu")
    assert time.process_time() - begin < 5
    sentence = str(caught.value)
    assert sentence.isprintable() and len(sentence) < 1000 and str(folder) in sentence


def edit_config(folder: Path, edit: Edit) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    edit(config)
    path.write_text(json.dumps(config), encoding="utf-8")


def test_a_whole_checkpoint_is_loaded(folder: Path) -> None:
    assert Predictor.from_pretrained(folder, device="cpu")("患者头痛。")[0].text == "患者头痛。"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c["windows"].update(max_length=-1), r"config\.json .*max_length is -1"),
        (lambda c: c["windows"].update(overlap=256), r"config\.json .*overlap is 256; it must be"),
        (lambda c: c["context"].update(hidden_size=10**9), r"config\.json .* context\.hidden_size 1000000000, where"),
        (lambda c: c["context"].update(hidden_size=1e9), r"config\.json .* context\.hidden_size 1000000000\.0, where"),
        (lambda c: c["context"].update(num_layers=10**6), r"config\.json .* context\.num_layers 1000000, where"),
        (lambda c: c["context"].update(hidden_size=20_000), r"found cner\.context\S+ of shape .*, expected .*80000"),
        (lambda c: c["encoder"].update(vocab_size=900_000), r"found cner\.encoder\S+ of shape .*, expected \(900000"),
        (lambda c: c.update(entity_types=["x"] * 10**5), r"config\.json .* entity_types a list of 100,000, where"),
        (
            lambda c: c.update(context={"kind": "idcnn", "dilations": [1] * 10**5}),
            r"config\.json .* context\.dilations a list of 100,000, where",
        ),
        (
            lambda c: c.update(attention={"kind": "multi_head", "head_size": 10**6}),
            r"config\.json describes a model of [0-9,]+ numbers, and the weights hold [0-9,]+; copy both",
        ),
        (
            lambda c: c.update(encoder={"kind": "pretrained", "config": {"num_hidden_layers": 9**9}}),
            r"config\.json .* encoder\.config\.num_hidden_layers 387420489, where",
        ),
        (lambda c: c["context"].update(hidden_size="x"), r"config\.json cannot be loaded \(ValueError: .*hidden_size"),
        (lambda c: c.update(entity_types=5), r"config\.json cannot be loaded \(TypeError: "),
        (lambda c: c.update(windows=3), r"config\.json cannot be loaded \(TypeError: "),
        (lambda c: c["windows"].update(max_length="x"), r"ValueError: windows gives max_length the value 'x'; it"),
        (lambda c: c["windows"].update(policy=[1]), r"ValueError: Unknown window policy \[1\]; choose one of"),
        (lambda c: c.update(dtype="\x1b[2J"), r"config\.json cannot be loaded \(AttributeError: .*x1b"),
        (lambda c: c.update(model_type=["cner"]), r"another kind \(model_type \['cner'\]\)"),
    ],
)  # fmt: skip
def test_a_configuration_that_is_not_of_the_weights(folder: Path, edit: Edit, message: str) -> None:
    edit_config(folder, edit)
    refused(folder, message)


def test_a_deep_configuration(folder: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 100_000)
    refused(folder, r"config\.json is broken \(JSON nested more than 100 deep\)")


@pytest.mark.parametrize("keep", [0, 4, 8, 100, -1])
def test_truncated_weights(folder: Path, keep: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    refused(folder, r"model\.safetensors is broken \(.*\); copy the file again")


@pytest.mark.parametrize("length", [2**63, 10**9, 3])
def test_a_header_of_another_length(folder: Path, length: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + path.read_bytes()[8:])
    refused(folder, r"model\.safetensors is broken")


def test_an_index_of_another_form(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": ["model-1.safetensors"]}')
    refused(folder, r"index\.json is broken \(it has no weight_map\)")


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", ["", "[]", '{"version": "1.0"}', "[" * 100_000, '{"model": ' * 50, "\xff", "{}"])
def test_broken_tokenizers(folder: Path, name: str, content: str) -> None:
    if (name, content) in {("tokenizer_config.json", '{"version": "1.0"}'), ("tokenizer_config.json", "{}")}:
        return  # whole, if poor
    (folder / name).write_bytes(content.encode("latin-1"))
    refused(folder, r"tokenizer(_config)?\.json")


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_the_commands_say_the_same(
    folder: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "a.jsonl"
    data.write_text('{"text": "患者头痛。", "entities": []}\n', encoding="utf-8")
    edit_config(folder, lambda config: config["context"].update(num_layers=10**6))
    with pytest.raises(SystemExit) as stop:
        main([command, *([str(data)] if command == "predict" else ["--data", str(data)]), "--model", str(folder)])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1
    assert error.startswith("error: ") and "context.num_layers 1000000" in error


def test_numbers_that_weights_back_pass(folder: Path) -> None:
    shapes = weight_shapes(folder)
    assert shapes["cner.encoder.characters.weight"][1] == 8
    check_numbers({"rope_theta": 1e9, "a": {"size": 1000}, "num_layers": 12, "text": "x", "none": None}, shapes, folder)
    large = {f"layer.{number}": (4000, 4000) for number in range(500)}
    check_numbers({"hidden_size": 4000, "num_hidden_layers": 2000, "vocab_size": 2_000_000}, large, folder)


def test_only_what_a_library_makes_nothing_of_is_renamed() -> None:
    with (
        pytest.raises(CheckpointError, match=r"^a\.json cannot be loaded \(KeyError: 'x'\); copy the checkpoint again"),
        loading("a.json"),
    ):
        raise KeyError("x")
    for passed in (CheckpointError("x"), OSError("x"), MemoryError()):
        with pytest.raises(type(passed)), loading("a.json"):
            raise passed


def test_a_tokenizer_at_which_the_library_panics(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
    path.write_text(json.dumps(content), encoding="utf-8")
    refused(folder, r"The tokenizer in .* \(tokenizer\.json, tokenizer_config\.json\) cannot be loaded \(PanicExcep")
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(folder / "config.json"), "--model", str(folder)])
    assert ended.value.code == 2 and "Traceback" not in capfd.readouterr().err


def test_a_name_of_the_hub_is_held_against_its_weights_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_config(folder, lambda c: c["context"].update(num_layers=10**6))
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda name, **_: str(folder))
    with pytest.raises(CheckpointError, match=r"context\.num_layers 1000000, where the weights hold"):
        Predictor.from_pretrained("somebody/model", device="cpu")


def test_types_are_bounded_before_anything_is_made_of_them() -> None:
    begin = time.process_time()
    with pytest.raises(ValueError, match=r"entity_types holds 100,000 types; a model takes at most 2,000"):
        CnerConfig(entity_types=[f"t{number}" for number in range(100_000)])
    with pytest.raises(ValueError, match="more labels than a model takes: at most 8,001"):
        CnerConfig(id2label={number: f"B-t{number}" for number in range(100_000)})
    with pytest.raises(ValueError, match="more labels than a model takes"):
        CnerConfig(num_labels=10**9)
    names = [f"t{number}" for number in range(100_000)]
    with pytest.raises(ValueError, match=r"entity_types holds 100,000 types; a model takes at most 2,000"):
        CnerMrcConfig(queries={name: f"{name}?" for name in names})
    for options in ({"id2label": dict(enumerate(names))}, {"num_labels": 10**9}):
        with pytest.raises(ValueError, match="more labels than a model takes: at most 2,000"):
            CnerMrcConfig(**options)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize("changed", [{"model_max_length": "x"}, {"model_max_length": []}, {"unk_token": ""}])
def test_settings_at_which_a_tokenizer_fails_later(folder: Path, changed: dict[str, object]) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changed), encoding="utf-8")
    refused(folder, r"The tokenizer in .* cannot be loaded \((TypeError|RecursionError|ValueError|AttributeError)")


def test_an_id_without_a_row(folder: Path) -> None:
    path = folder / "tokenizer.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    whole["model"]["vocab"]["头"] = 1_000_000_000
    path.write_text(json.dumps(whole), encoding="utf-8")
    refused(folder, r"The tokenizer in .* has the id 1,000,000,000, and the model's table \d+ rows")
