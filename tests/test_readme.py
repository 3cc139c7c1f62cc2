"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hf_cner import Predictor
from hf_cner.cli.main import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {"__name__": "readme"})
    lines = capsys.readouterr().out.splitlines()
    assert any(re.fullmatch(r"[01]\.\d+", line) for line in lines), "strict F1"
    assert Predictor.from_pretrained("OUT").entity_types[0] == "症状和体征"


def test_commands_exist() -> None:
    shown = set(re.findall(r"hf-cner ([a-z]+)", README))
    registered = {command.name for command in app.registered_commands}
    assert shown <= registered and {"train", "evaluate", "predict", "inspect"} <= shown
