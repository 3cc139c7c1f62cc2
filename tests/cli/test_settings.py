"""`hf-cner settings`: schemas for editors, and resolved settings, without training anything."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hf_cner.cli.run_folder import check_run_folder
from hf_cner.data.kept import LOCK
from hf_cner.data.problems import DataError
from hf_cner.settings.resolve import resolve_settings
from hf_cner.settings.yaml_text import parse_yaml

Call = Callable[..., int]


def test_resolved_settings_are_a_file_of_settings(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call("settings", "--preset", "bilstm-crf", "--set", "training.learning_rate=1e-5") == 0
    printed = capsys.readouterr().out
    expected = resolve_settings("bilstm-crf", assignments=["training.learning_rate=1e-5"])
    assert parse_yaml(printed) == expected.to_dict() and "learning_rate: 1.0e-05" in printed
    config = tmp_path / "own.yaml"
    config.write_text(printed, encoding="utf-8")
    assert call("settings", "--config", config) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("command", ["train", "pretrain", "search"])
def test_a_schema_is_printed(command: str, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("settings", "--schema", "--for", command) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == f"Settings of hf-cner {command}"


def test_settings_of_pretraining_are_shown_and_checked(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("settings", "--for", "pretrain", "--set", "mask_rate=0.2") == 0
    assert "mask_rate: 0.2" in capsys.readouterr().out
    for arguments, sentence in {
        ("--for", "pretrain", "--set", "mask_rate=2"): "mask_rate is 2; it must be at most 1.",
        ("--for", "pretrain", "--preset", "bilstm-crf"): "There are no presets of pretraining",
        ("--for", "search"): "A search takes the settings of train, and a space",
        ("--set", "model.context.kind=odd"): "Unknown context kind 'odd'",
        ("--set", "training.hub_token=x"): "training.hub_token cannot be set",
    }.items():
        assert call("settings", *arguments) == 2
        assert sentence in capsys.readouterr().err.replace("\n", " ")


def test_what_is_wrong_with_settings_is_said_before_torch_is_imported() -> None:
    calls = (
        ("train", "--preset", "bilstm-crf", "--corpus", "sample", "--output-dir", "o", "--set", "model.dropout=3"),
        ("train", "--preset", "bilstm-crf", "--corpus", "smple", "--output-dir", "o"),
        ("search", "--preset", "bilstm-crf", "--corpus", "jsonl", "--data-dir", "nowhere", "--output-dir", "o"),
        ("pretrain", "nowhere.txt", "--output-dir", "o"),
        ("pretrain", "--corpus", "sample", "--output-dir", "o", "--set", "mask_rate=7"),
        ("pretrain", "--corpus", "sample", "--output-dir", "o", "--set", "training.learning_rate=7"),
        ("pretrain", __file__, "--output-dir", "o"),  # no text
        ("pretrain", "--corpus", "sample", "--output-dir", __file__),
        ("train", "--preset", "bilstm-crf", "--corpus", "sample", "--output-dir", "o", "--epochs", "-3"),
        ("train", "--preset", "bilstm-crf", "--corpus", "sample", "--output-dir", str(Path(__file__).parent)),
        ("encoder", "import", "nobody/nothing", "o"),
        ("reproduce", "p4-table2", "--output-dir", "o", "--set", "modl.dropout=0.1"),
        ("reproduce", "p4-table2", "--output-dir", "o"),
        ("settings", "--preset", "bilstm-crff"),
        ("settings", "--config", "nowhere.yaml"),
        ("settings", "--set", "modl.dropout=0.1"),
    )
    code = (
        "import sys\nfrom hf_cner.cli.main import main\n"
        f"for call in {calls!r}:\n"
        "    try: main(list(call))\n"
        "    except SystemExit as ended: assert ended.code == 2, call\n"
        "    assert 'torch' not in sys.modules and 'transformers' not in sys.modules, call\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("error: ") == len(calls)


@pytest.mark.parametrize("module", ["train", "search", "pretrain"])
def test_short_forms_are_settings(module: str, call: Call, monkeypatch: pytest.MonkeyPatch, notes: Path) -> None:
    given: list[object] = []

    def run(settings: object, **options: object) -> object:
        given.append(settings)
        raise ValueError("enough")

    place = {"train": "training.run", "search": "training.search", "pretrain": "pretraining.run"}[module]
    monkeypatch.setattr(f"hf_cner.{place}.{module}", run)
    where = [notes] if module == "pretrain" else ["--preset", "bilstm-crf", "--corpus", "sample"]
    short = ("--epochs", 3, "--batch-size", 7, "--learning-rate", "2e-4", "--set", "training.num_train_epochs=3")
    assert call(module, *where, "--output-dir", notes.parent / "out", *short) == 1  # it ends in the test
    training = given[0].to_dict()["training"]  # type: ignore[attr-defined]
    found = [training[name] for name in ("num_train_epochs", "per_device_train_batch_size", "learning_rate")]
    assert found == [3, 7, 2e-4]


@pytest.mark.parametrize(
    ("option", "value", "setting", "other"),
    [
        ("--epochs", "3", "training.num_train_epochs", "5"),
        ("--batch-size", "3", "training.per_device_train_batch_size", "5"),
        ("--learning-rate", "0.1", "training.learning_rate", "5"),
    ],
)
def test_a_short_form_that_contradicts_its_setting_is_refused(
    option: str, value: str, setting: str, other: str, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (("train", "--preset", "bilstm-crf", "--corpus", "sample"), ("pretrain", "notes.txt")):
        assert call(*command, "--output-dir", "o", option, value, "--set", f"{setting}={other}") == 2
        assert capsys.readouterr().err == (
            f"error: {option} is {value} and --set {setting} is {other}; give one of the two.\n"
        )


def test_a_folder_that_another_run_may_write_is_left_to_the_lock(tmp_path: Path) -> None:
    (tmp_path / "somebodys.txt").touch()
    with pytest.raises(DataError, match="found somebodys"):
        check_run_folder(tmp_path, resume=False, overwrite=False)
    (tmp_path / LOCK).touch()
    check_run_folder(tmp_path, resume=False, overwrite=False)
