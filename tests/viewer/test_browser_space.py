"""The app of a Space, in a real browser and without this package."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from hf_cner import Predictor
from hf_cner.hub.space import write_space

CHECKPOINT = Path(__file__).parents[1] / "fixtures" / "checkpoints" / "tagging-bilstm-crf"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A checkpoint with the code of today."""
    predictor = Predictor.from_pretrained(CHECKPOINT)
    predictor.model.save_pretrained(tmp_path / "OUT")
    predictor.tokenizer.save_pretrained(tmp_path / "OUT")
    return tmp_path / "OUT"


@pytest.fixture
def python() -> str:
    """A Python with Gradio and what a Space's requirements.txt names."""
    found = os.environ.get("HF_CNER_GRADIO", sys.executable)
    if subprocess.run([found, "-c", "import gradio, torch, torchcrf, transformers"], capture_output=True).returncode:
        pytest.skip("Gradio is not installed; HF_CNER_GRADIO names a Python that has it and requirements.txt")
    return found


@pytest.mark.slow
def test_the_app_marks_entities_in_a_browser(model: Path, tmp_path: Path, python: str, browser: Any) -> None:
    write_space(tmp_path / "SPACE", title="x", folder=model)
    environment = {**os.environ, "GRADIO_SERVER_PORT": "8781", "GRADIO_ANALYTICS_ENABLED": "False"}
    environment |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    environment.pop("PYTHONPATH", None)
    app = subprocess.Popen([python, "app.py"], cwd=tmp_path / "SPACE", env=environment)
    try:
        for _ in range(1200):
            assert app.poll() is None
            try:
                urlopen("http://127.0.0.1:8781/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        page = browser.new_page()
        page.goto("http://127.0.0.1:8781/")
        page.get_by_label("文本 Text").fill("患者头痛3天。")
        page.get_by_role("button", name="Submit").click()
        page.get_by_text("症状和体征").first.wait_for(timeout=60_000)
        assert "头痛" in page.inner_text("body")
        page.close()
    finally:
        app.terminate()
        app.wait(30)


@pytest.mark.slow
def test_an_app_whose_model_was_removed_says_so(tmp_path: Path, python: str) -> None:
    write_space(tmp_path / "SPACE", title="x")
    done = subprocess.run([python, "app.py"], cwd=tmp_path / "SPACE", capture_output=True, text=True)
    assert done.returncode == 1 and "there is no model; put the files of a checkpoint there" in done.stderr
