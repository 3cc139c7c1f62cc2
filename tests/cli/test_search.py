"""`hf-cner search`: what its options come to, and what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hf_cner.cli.main import app, main
from hf_cner.training import search as module

pytest.importorskip("optuna", reason="Optuna is not installed: pip install '.[search]'")
OUTCOME = {
    "best": {"trial": 1, "f1": 0.75, "parameters": {"model.dropout": 0.25, "model.context.hidden_size": 64}},
    "trials": [
        {"trial": k, "state": "complete", "f1": f1, "seconds": 2.0, "model.dropout": d, "model.context.hidden_size": 64}
        for k, f1, d in [(0, 0.5, 0.125), (1, 0.75, 0.25)]
    ]
    + [{"trial": 2, "state": "fail", "f1": None, "seconds": None}],
    "settings": {},
    "files": {"trials.csv": "OUT/trials.csv", "best.yaml": "OUT/best.yaml"},
    "protocol": "as it was",
}
CALL = ["search", "--preset", "bilstm-crf", "--corpus", "sample"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    given: dict[str, Any] = {}

    def searched(settings: Any, **options: Any) -> Any:
        given.update(options, settings=settings)
        return OUTCOME

    monkeypatch.setattr(module, "search", searched)
    return given


def test_options_come_to_settings_and_a_space(asked: dict[str, Any], tmp_path: Path) -> None:
    more = ["--set", "model.dropout=0.3", "--vary", "training.weight_decay={low: 0.0, high: 0.1}", "--encoder"]
    more += ["--output-dir", str(tmp_path), "--trials", "7", "--split", "7:2:1", "--shares", "9:1", "--seed", "5"]
    result = CliRunner().invoke(app, [*CALL, *more])
    assert result.exit_code == 0, result.output
    settings, space = asked["settings"], asked["space"]
    assert settings.model.dropout == 0.3 and settings.seed == 5
    assert settings.data.split.ratios == [7, 2, 1] and settings.output_dir == str(tmp_path)
    assert "model.dropout" not in space and space["training.weight_decay"] == {"low": 0.0, "high": 0.1}
    assert "training.slot_learning_rates.encoder" in space
    assert asked["shares"] == [9, 1] and asked["trials"] == 7 and asked["resume"] is False
    lines = result.output.splitlines()
    rows = [line.split("│")[1:4] for line in lines if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [["1", "0.7500", "2"], ["0", "0.5000", "2"]]
    assert "Protocol: as it was" in lines and "Train with the best: hf-cner train --config OUT/best.yaml …" in lines


def test_a_table_and_short_forms_are_taken_as_by_train(asked: dict[str, Any], tmp_path: Path) -> None:
    notes = tmp_path / "notes.csv"
    notes.write_text("id,note\n1,头痛\n", encoding="gb18030")
    call = ["search", "--preset", "bilstm-crf", "--corpus", "table", "--data-dir", str(notes), "--output-dir"]
    more = ["--text-column", "note", "--id-column", "id", "--encoding", "gb18030", "--learning-rate", "0.01"]
    result = CliRunner().invoke(app, [*call, str(tmp_path / "out"), *more, "--epochs", "2"])
    assert result.exit_code == 0, result.output
    settings = asked["settings"]
    assert settings.data.reading == {"text_column": "note", "id_column": "id", "encoding": "gb18030"}
    assert settings.training["num_train_epochs"] == 2 and "training.learning_rate" not in asked["space"]


def test_a_space_from_a_file(asked: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("model.dropout: [0.1, 0.2]\n", encoding="utf-8")
    result = CliRunner().invoke(app, [*CALL, "--output-dir", str(tmp_path), "--space", str(path), "--resume"])
    assert result.exit_code == 0, result.output
    assert asked["space"] == {"model.dropout": [0.1, 0.2]} and asked["resume"] is True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["search", "--corpus", "sample", "--output-dir", "x"], "Say what to search for: --preset NAME"),
        ([*CALL, "--output-dir", "x", "--vary", "model.dropout"], "--vary takes key=value"),
        ([*CALL, "--output-dir", "x", "--vary", "model.drpout=[0.1]"], "Did you mean model.dropout?"),
        ([*CALL, "--output-dir", "x", "--space", "nowhere.yaml"], "There is no configuration file nowhere.yaml"),
        ([*CALL, "--output-dir", "x", "--split", "5fold"], "With folds every document is in a test part once"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2 and sentence in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "x").exists()
