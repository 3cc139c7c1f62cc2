"""What is missing or wrong in a checkpoint folder is named before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hf_cner.inference.checkpoint import CheckpointError, check_folder, check_model_type, is_local


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "cner"}), encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    return tmp_path


def test_a_complete_folder_gives_its_configuration(folder: Path) -> None:
    assert check_folder(folder) == {"model_type": "cner"}
    assert is_local(folder) and is_local(str(folder))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.json", r"config.json is missing; is this a checkpoint's folder\?"),
        ("model.safetensors", r"model.safetensors is missing; copy it too"),
        ("tokenizer.json", r"has no whole tokenizer \(tokenizer.json is missing\).*tokenizer.save_pretrained"),
        ("tokenizer_config.json", r"has no whole tokenizer \(tokenizer_config.json is missing\)"),
    ],
)
def test_a_missing_file_is_named(folder: Path, name: str, message: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=message):
        check_folder(folder)


def test_an_adapter_is_told_from_a_model(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")
    with pytest.raises(CheckpointError, match="it is a PEFT adapter: merge it"):
        check_folder(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.ckpt"])
def test_a_pickle_is_refused(folder: Path, name: str) -> None:
    (folder / "model.safetensors").rename(folder / name)
    (folder / "training_args.bin").write_bytes(b"")
    with pytest.raises(CheckpointError, match=rf"only as a pickle \({name}\), which can run any code"):
        check_folder(folder)


def test_training_arguments_alone_are_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "training_args.bin")
    with pytest.raises(CheckpointError, match=r"model.safetensors is missing"):
        check_folder(folder)


def test_a_missing_shard_is_named(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    with pytest.raises(
        CheckpointError, match=r"model-00002-of-00002.safetensors is missing, which model.safetensors.index"
    ):
        check_folder(folder)
    (folder / "model-00002-of-00002.safetensors").write_bytes(b"")
    assert check_folder(folder)["model_type"] == "cner"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize(
    ("content", "found"), [(b'{"model_type": "cn', "broken"), (b"\xff\xfe", "broken"), (b"[1]", "a JSON array")]
)
def test_a_broken_file_is_named(folder: Path, name: str, content: bytes, found: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"/{name} is broken.*{found if found != 'broken' else ''}"):
        check_folder(folder)


@pytest.mark.parametrize("model_type", ["bert", None])
def test_another_package_s_checkpoint_is_refused(folder: Path, model_type: str | None) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}), encoding="utf-8")
    with pytest.raises(
        CheckpointError, match=rf"another kind \(model_type {model_type!r}\); hf_cner reads its own: cner"
    ):
        check_folder(folder)
    with pytest.raises(CheckpointError, match="someone/model is a checkpoint of another kind"):
        check_model_type(model_type, "someone/model")


def test_a_path_is_told_from_a_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "file").write_text("")
    assert not is_local("someone/model") and not is_local("model")
    for path in (str(tmp_path / "none"), "./none", "../none", "runs/none", "a/b/c", "~/none", "none/"):
        with pytest.raises(CheckpointError, match=r"There is no folder .*; give the folder of a checkpoint"):
            is_local(path)
    with pytest.raises(CheckpointError, match=r"is a file; give the checkpoint's folder"):
        is_local(tmp_path / "file")


@pytest.mark.parametrize("model_type", [["cner"], {"a": 1}, 3, "\x1b[2J", "x" * 10_000])
def test_a_model_type_of_any_form_is_refused_in_a_short_sentence(folder: Path, model_type: object) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="another kind") as caught:
        check_folder(folder)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("[]", r"found a JSON array, expected an object"),
        ("{}", r"it has no weight_map"),
        ('{"weight_map": []}', r"it has no weight_map"),
        ('{"weight_map": {"a": 3}}', r"found 3 as a part of the weights"),
        ('{"weight_map": {"a": "../../x.safetensors"}}', r"found '\.\./\.\./x\.safetensors' as a part"),
        ('{"weight_map": {"a": "pytorch_model.bin"}}', r"found 'pytorch_model\.bin' as a part"),
        (json.dumps({"weight_map": {"a": "x" * 5000 + ".safetensors"}}), r"found 'x+ as a part"),
        ("[" * 5000, r"JSON nested more than 100 deep"),
        ('{"weight_map": {}, "weight_map": {}}', r"the key 'weight_map' twice"),
    ],
    ids=lambda text: text[:30],
)
def test_an_index_of_another_form_is_named(folder: Path, content: str, found: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=rf"model\.safetensors\.index\.json is broken \(.*{found}.*copy the file"):
        check_folder(folder)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"model_type":' * 50_000])
def test_a_deep_configuration_is_one_sentence(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"config\.json is broken \(JSON nested more than 100 deep\)"):
        check_folder(folder)
