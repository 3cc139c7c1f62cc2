"""The command line as a whole: help is complete and fast, errors are one sentence, tracebacks only on request."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from hf_cner.cli.main import app, main

COMMANDS = ("inspect", "convert", "dataset", "train", "evaluate", "predict", "presets", "encoder", "demo", "version")
LIGHT = """
import sys
from hf_cner.cli.main import main
try:
    main({arguments!r})
except SystemExit as stop:
    assert not stop.code, stop.code
heavy = sorted({{"torch", "transformers", "datasets", "evaluate", "numpy", "omegaconf"}} & set(sys.modules))
assert not heavy, heavy
"""


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["predict", "-h"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT.format(arguments=arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_help_answers_in_half_a_second() -> None:
    command = [sys.executable, "-m", "hf_cner.cli.main", "--help"]
    before = os.times()
    subprocess.run(command, capture_output=True, check=True)
    after = os.times()
    # Time of the processor, not of the clock: other tests run beside this one.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.5


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert not stop.value.code
    printed = capsys.readouterr().out
    assert command == "version" or f"hf-cner {command}" in printed, "no example"


def test_errors_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["inspect", "jsonl", "--data-dir", str(tmp_path / "nothing.jsonl")])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "nothing.jsonl" in error


@pytest.mark.parametrize("where", ["before", "after", "environment"])
def test_tracebacks_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    arguments = ["inspect", "jsonl", "--data-dir", str(tmp_path / "nothing.jsonl")]
    if where == "environment":
        monkeypatch.setenv("HF_CNER_DEBUG", "1")
    elif where == "before":
        arguments.insert(0, "--debug")
    else:
        arguments.append("--debug")
    with pytest.raises(ValueError, match=r"nothing\.jsonl"):
        main(arguments)


@pytest.mark.parametrize("arguments", [["inspct"], ["train"], ["inspect", "sample", "--on-error", "maybe"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "Usage:" in capsys.readouterr().err


def test_a_process_among_several_leaves_their_group(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[bool] = []
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.destroy_process_group", lambda: left.append(True))
    with pytest.raises(SystemExit):
        main(["version"])
    assert left == [True]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("hf-cner eval", ["evaluate"]),
        ("hf-cner train --preset idcnn-mha", ["idcnn-mha-crf"]),
        ("hf-cner presets idcnn-mha", ["idcnn-mha-crf"]),
        ("hf-cner train --corpus tcm-lea", ["tcm-leaflets"]),
        ("hf-cner inspect label", ["label-studio"]),
        ("hf-cner evaluate --corpus docc", ["doccano"]),
    ],
)
def test_a_shell_completes_commands_presets_and_corpora(typed: str, expected: list[str]) -> None:
    code = "import sys; sys.argv[0] = 'hf-cner'; from hf_cner.cli.main import main; main()"
    asked = {"_HF_CNER_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True)
    assert done.stdout.split() == expected, done.stderr


def test_the_script_for_a_shell_is_shown_and_installed(tmp_path: Path) -> None:
    code = "import sys; sys.argv[0] = 'hf-cner'; from hf_cner.cli.main import main; main()"
    asked = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "HOME": str(tmp_path)}
    for option in ("--show-completion", "--install-completion"):
        done = subprocess.run([sys.executable, "-c", code, option, "bash"], env=asked, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "_HF_CNER_COMPLETE=complete_bash" in done.stdout or "completion installed" in done.stdout
    assert "hf-cner" in (tmp_path / ".bashrc").read_text(encoding="utf-8")


def test_every_output_has_the_same_short_name() -> None:
    commands: Any = typer.main.get_command(app)
    options = [(name, option.opts) for name, one in commands.commands.items() for option in one.params]
    found = {name: names for name, names in options if "--output" in names}
    assert len(found) > 9
    assert {name for name, names in found.items() if "-o" not in names} == set()
