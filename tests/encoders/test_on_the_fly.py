"""Training and pretraining read a published folder as it is, and write down what they found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from published_shapes import write
from small_runs import notes
from transformers import AutoModelForMaskedLM

from hf_cner.cli.main import main
from hf_cner.data.documents import write_jsonl

SMALL = [
    *("model.windows.max_length=24", "model.windows.overlap=8", "training.max_steps=2", "training.eval_strategy='no'"),
    "training.use_cpu=true",
]


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def assignments(*settings: str) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


def test_a_run_says_and_writes_down_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "source", "albert", style="parallel", edit=lambda settings: settings.pop("model_type"))
    write_jsonl(notes(40), tmp_path / "notes.jsonl")
    encoder = f"model.encoder.name_or_path={tmp_path / 'source'}"
    options = ["--preset", "albert-idcnn-crf", "--corpus", "jsonl", "--data-dir", tmp_path / "notes.jsonl"]
    status = run("train", *options, "--output-dir", tmp_path / "out", *assignments(encoder, *SMALL))
    said = capsys.readouterr().err
    assert status == 0, said
    assert "encoder: albert, weights from pytorch_model.bin (a pickle, read as tensors alone)" in said
    found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["data"]["encoder"]
    assert found["model_type"] == "albert" and "the prefix module.albert. was removed" in " ".join(found["renamed"])
    assert not (tmp_path / "out" / "pytorch_model.bin").exists()


def test_a_run_takes_the_type_from_its_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "source", "bert", style="bare", edit=lambda settings: settings.pop("model_type"))
    write_jsonl(notes(40), tmp_path / "notes.jsonl")
    encoder = f"model.encoder.name_or_path={tmp_path / 'source'}"
    options = ["--preset", "bert-softmax", "--corpus", "jsonl", "--data-dir", tmp_path / "notes.jsonl"]
    options += ["--output-dir", tmp_path / "out", *assignments(encoder, *SMALL)]
    assert run("train", *options) == 2
    assert "model.encoder.model_type" in capsys.readouterr().err.replace("\n", "")
    assert run("train", *options, *assignments("model.encoder.model_type=bert")) == 0


@pytest.mark.parametrize("kind, objective", [("bert", "mlm"), ("albert", "mlm"), ("xlnet", "plm")])
def test_pretraining_begins_from_a_published_folder(
    kind: str, objective: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    write(source, kind, vocabulary="spiece.model" if kind == "xlnet" else "vocab.txt", style="own")
    (tmp_path / "notes.txt").write_text("\n".join(document.text for document in notes(40)), encoding="utf-8")
    small = ["training.max_steps=2", "training.use_cpu=true", "max_length=24"]
    options = ["--objective", objective, "--encoder", source, "--output-dir", tmp_path / "out", *assignments(*small)]
    assert run("pretrain", tmp_path / "notes.txt", *options) == 0
    assert f"encoder: {kind}, weights from pytorch_model.bin" in capsys.readouterr().err
    found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["data"]["encoder"]
    assert found["model_type"] == kind and found["dropped"]
    if kind != "xlnet":
        model = AutoModelForMaskedLM.from_pretrained(tmp_path / "out")
        assert torch.isfinite(model.get_input_embeddings().weight).all() and model.config.vocab_size == len(
            (source / "vocab.txt").read_text(encoding="utf-8").splitlines()
        )


def test_pretraining_says_of_a_folder_what_training_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("患者发热。", encoding="utf-8")
    assert (
        run("pretrain", tmp_path / "notes.txt", "--encoder", tmp_path / "empty", "--output-dir", tmp_path / "out") == 2
    )
    assert "found no configuration; expected config.json" in " ".join(capsys.readouterr().err.split())
