"""The folder of a Space, and the app in a real browser where Gradio is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import SpaceCard

from hf_cner import Predictor
from hf_cner.cli.main import main
from hf_cner.hub.space import write_space

CHECKPOINT = Path(__file__).parents[1] / "fixtures" / "checkpoints" / "tagging-bilstm-crf"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A checkpoint with the code of today."""
    predictor = Predictor.from_pretrained(CHECKPOINT)
    predictor.model.save_pretrained(tmp_path / "OUT")
    predictor.tokenizer.save_pretrained(tmp_path / "OUT")
    return tmp_path / "OUT"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_folder_holds_what_a_space_needs(model: Path, tmp_path: Path) -> None:
    assert run("space", "--model", model, "-o", tmp_path / "SPACE", "--title", '病历"实体"\U0001f600') == 0
    space = tmp_path / "SPACE"
    card = SpaceCard((space / "README.md").read_text(encoding="utf-8")).data
    assert (card.sdk, card.app_file, card.title) == ("gradio", "app.py", '病历"实体"\U0001f600')
    needed = (space / "requirements.txt").read_text()
    assert "transformers==" in needed and "+" not in needed
    code = (space / "app.py").read_text(encoding="utf-8")
    compile(code, "app.py", "exec")
    assert str(tmp_path) not in code
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in (space / "model").iterdir()}


def test_a_model_of_the_hub_is_named(tmp_path: Path) -> None:
    write_space(tmp_path / "SPACE", title="x", name="ward3/notes-ner")
    assert "ward3/notes-ner" in (tmp_path / "SPACE" / "app.py").read_text(encoding="utf-8")
    card = SpaceCard((tmp_path / "SPACE" / "README.md").read_text(encoding="utf-8")).data
    assert card.models == ["ward3/notes-ner"] and not (tmp_path / "SPACE" / "model").exists()


def test_without_a_model_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "EMPTY").mkdir()
    assert run("space", "--model", tmp_path / "EMPTY", "-o", tmp_path / "SPACE") == 2
    assert "config.json is missing" in capsys.readouterr().err and not (tmp_path / "SPACE").exists()


def test_nothing_is_replaced(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "SPACE").mkdir()
    (tmp_path / "SPACE" / "mine").write_text("mine")
    assert run("space", "--model", model, "-o", tmp_path / "SPACE") == 2
    assert (tmp_path / "SPACE" / "mine").read_text() == "mine" and "SPACE" in capsys.readouterr().err
