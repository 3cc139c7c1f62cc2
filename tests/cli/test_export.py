"""`hf-cner export`, and what `predict` and `evaluate` make of an exported folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from exported import NOTES, exported, predictor

from hf_cner.cli.main import main
from hf_cner.data.documents import to_row

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    predictor().model.save_pretrained(folder)
    predictor().tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.jsonl"
    rows = [json.dumps({"id": str(n), "text": text}, ensure_ascii=False) for n, text in enumerate(NOTES) if text]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_model_is_exported_verified_and_used(
    checkpoint: Path, notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, output = tmp_path / "graph", tmp_path / "found.jsonl"
    assert run("export", "--model", checkpoint, "--to", "onnx", "--output", folder, "--verify", notes) == 0
    assert "agreement of spans 100.00%" in capsys.readouterr().out
    assert run("export", "--model", checkpoint, "--output", folder, "--verify", notes) == 0
    assert "agreement of spans 100.00%" in capsys.readouterr().out
    assert run("predict", "--model", folder, notes, "--backend", "onnx", "--output", output) == 0
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    expected = [to_row(document) for document in predictor()([text for text in NOTES if text])]
    assert [[e["text"] for e in row["entities"]] for row in rows] == [
        [e["text"] for e in row["entities"]] for row in expected
    ]
    capsys.readouterr()
    assert run("evaluate", "--model", folder, "--data", output) == 0
    assert "strict F1 1.0000" in capsys.readouterr().out
    assert run("export", "--model", checkpoint, "--to", "onnx", "--output", folder) == 2
    assert "replace it by --overwrite" in capsys.readouterr().err


def test_what_is_wrong_is_one_sentence(checkpoint: Path, notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: object) -> str:
        assert run(*arguments) == 2
        return " ".join(capsys.readouterr().err.split())

    assert "give --to onnx, openvino or torch, or --verify" in said("export", "--model", checkpoint, "--output", "x")
    refused = said("predict", "--model", checkpoint, notes, "--backend", "onnx")
    assert "holds a checkpoint and no exported graph; export it: hf-cner export --model" in refused
    refused = said("predict", "--model", exported(), notes, "--backend", "openvino")
    assert "is a graph for onnx, not for openvino" in refused
    assert "takes no threshold" in said("predict", "--model", exported(), notes, "--threshold", "0.5")
    assert "Unknown target 'tflite'" in said("export", "--model", checkpoint, "--to", "tflite", "--output", "x")


def test_calibration_on_texts_and_what_it_is_for(
    checkpoint: Path, notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ("--model", checkpoint, "--output", tmp_path / "graph", "--calibrate", notes)
    assert run("export", *own, "--to", "onnx") == 2
    assert "--calibrate is for --to onnx --precision int8; give both, or leave it out." in capsys.readouterr().err
    assert run("export", *own, "--to", "onnx", "--precision", "int8", "--verify", notes) == 0
    assert "agreement of spans" in capsys.readouterr().out
    assert json.loads((tmp_path / "graph" / "export.json").read_text("utf-8"))["calibrated"] > 1
