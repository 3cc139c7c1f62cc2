"""`--json`: every command that reports has it, and what it prints is JSON and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from hf_cner.cli.json_report import HELP, report_console, write_json
from hf_cner.cli.main import app

Call = Callable[..., int]
# What these make is the result itself (documents, a page, a folder, a service), and no report.
MAKE = {"predict", "annotate", "serve", "review", "apply", "card", "push", "space", "demo", "export", "dataset"}


def test_every_command_that_reports_has_it() -> None:
    commands = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    commands |= {"encoder import": commands.pop("encoder").commands["import"]}
    assert set(commands) > MAKE
    for name, command in commands.items():
        said = [parameter.help for parameter in command.params if "--json" in parameter.opts]
        assert said == ([] if name in MAKE else [HELP]), name


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["presets"], "bilstm-crf"),
        (["presets", "bilstm-crf"], "model"),
        (["corpora"], "label-studio"),
        (["corpora", "conll"], "options_of_reading"),
        (["settings", "--preset", "bilstm-crf"], "model"),
        (["settings", "--schema"], "title"),
        (["inspect", "sample"], "equal_texts"),
        (["convert", "sample", "--to", "conll", "-o", "sample.conll"], "lost"),
        (["reproduce"], "p4-table2"),
        (["version"], "torch"),
    ],
)
def test_what_is_printed_is_json(
    arguments: list[str],
    part: str,
    call: Call,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*arguments, "--json", "-") == 0
    printed = json.loads(capsys.readouterr().out)
    assert part in (printed if isinstance(printed, dict) else [row["name"] for row in printed])
    for made in tmp_path.iterdir():
        made.unlink()
    assert call(*arguments, "--json", "report.json") == 0
    assert json.loads(Path("report.json").read_text(encoding="utf-8")) == printed
    shown = capsys.readouterr()
    assert shown.out.strip() or arguments[0] == "convert"  # which says what it lost on standard error


def test_nothing_that_is_printed_acts_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    found = {"a": "\x1b[2J \x7f \u202e\n\t :x: [b]头痛[/b]"}
    write_json(Path("-"), found)
    printed = capsys.readouterr().out
    assert json.loads(printed) == found and "头痛" in printed
    assert not {"\x1b", "\x7f", "\u202e"} & set(printed)
    report_console(Path("-")).print("a table")
    assert capsys.readouterr().out == ""


def test_the_report_is_no_input_and_no_other_form(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for command in (("presets",), ("settings", "--preset", "bilstm-crf"), ("version",), ("reproduce",)):
        assert call(*command, "--json", tmp_path / "report.csv") == 2
        assert "found a name that ends in .csv" in " ".join(capsys.readouterr().err.split())
    notes = tmp_path / "notes.json"
    notes.write_text("{}", encoding="utf-8")
    assert call("inspect", "jsonl", "--data-dir", notes, "--json", notes) == 2
    assert notes.read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize(
    "command",
    [("train", "--corpus", "sample", "--preset", "bilstm-crf"), ("search", "--corpus", "sample"), ("pretrain",)],
)
def test_the_folder_of_a_run_holds_no_report_that_would_keep_it_from_being_replaced(
    command: tuple[str, ...], call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    for report in (folder / "report.json", tmp_path / "." / "run" / "more" / "report.json"):
        assert call(*command, "--output-dir", folder, "--json", report) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert f"found a name in {folder}, which holds the files of the run alone" in said and not folder.exists()


def test_one_process_of_a_run_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RANK", "1")
    write_json(tmp_path / "report.json", {})
    assert not list(tmp_path.iterdir())
