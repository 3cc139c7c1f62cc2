"""What a run reads beside its corpus is known by its content, not by its place."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from hf_cner.runs.folder import OtherRun, RunFolder
from hf_cner.runs.inputs import OF_TRAINING, inputs_of, path_fingerprint


def encoder(folder: Path, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "vocab.txt").write_text("咳\n", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "characters.txt"
    path.write_bytes(b"1 2\n" * 1_000_000)  # more than one block
    assert path_fingerprint(path) == hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def test_a_models_folder_is_known_by_what_computes(tmp_path: Path) -> None:
    first = path_fingerprint(encoder(tmp_path / "first"))
    second = encoder(tmp_path / "second")
    for name in ("results.json", "training_log.json", "training_args.bin"):
        (second / name).write_text("other", encoding="utf-8")
    assert path_fingerprint(str(second)) == first
    for name in ("config.json", "vocab.txt", "model.safetensors"):
        changed = encoder(tmp_path / f"without-{name}")
        (changed / name).write_text("other", encoding="utf-8")
        assert path_fingerprint(changed) != first


def test_only_what_is_set_is_an_input_and_a_name_on_the_hub_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("咳嗽\n", encoding="utf-8")
    settings = {
        "model": {"encoder": {"kind": "pretrained", "name_or_path": "org/bert"}},
        "vectors": {"path": None},
        "lexicon": {"path": str(path)},
    }
    assert inputs_of(settings, OF_TRAINING) == {
        "model.encoder.name_or_path": "org/bert",
        "lexicon.path": path_fingerprint(path),
    }


def test_a_run_of_an_older_version_knows_nothing_of_its_inputs(tmp_path: Path) -> None:
    settings = {"model": {"encoder": {"name_or_path": str(encoder(tmp_path / "bert"))}}}
    inputs = inputs_of(settings, OF_TRAINING)
    RunFolder(tmp_path / "run").begin(settings, {"hash": "f00"}, inputs=inputs)
    (tmp_path / "run" / "split.json").write_text('{"hash": "f00"}', encoding="utf-8")
    RunFolder(tmp_path / "run").begin(settings, {"hash": "f00"}, inputs=inputs)
    with pytest.raises(OtherRun, match="began with other data"):
        RunFolder(tmp_path / "run").begin(settings, {"hash": "f01"}, inputs=inputs)


@pytest.mark.parametrize("place", ["here", "there"])
def test_a_run_goes_on_where_the_content_is_the_same(place: str, tmp_path: Path) -> None:
    def begin(folder: Path) -> None:
        settings = {"model": {"encoder": {"name_or_path": str(folder)}}}
        RunFolder(tmp_path / "run").begin(settings, {"hash": "f00"}, inputs=inputs_of(settings, OF_TRAINING))

    begin(encoder(tmp_path / "here"))
    if place == "there":
        shutil.move(tmp_path / "here", tmp_path / "there")
    begin(tmp_path / place)
    (tmp_path / place / "model.safetensors").write_bytes(b"trained again")
    said = "other settings" if place == "there" else "another content of model.encoder.name_or_path: what lies there"
    with pytest.raises(OtherRun, match=f"began with {said}"):
        begin(tmp_path / place)
