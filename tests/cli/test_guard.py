"""Every command that writes sees first that it may: never an input, never a name that promises another form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hf_cner.data.documents import Document, Span, write_jsonl

COMMANDS = [
    ("predict", "in.jsonl", "--model", "nowhere", "--output"),
    ("predict", "folder", "--model", "nowhere", "--output"),
    ("convert", "jsonl", "--data-dir", "in.jsonl", "--to", "jsonl", "--output"),
    ("convert", "jsonl", "--data-dir", "other.jsonl", "--to", "mrc", "--queries", "in.jsonl", "--output"),
    ("evaluate", "--model", "nowhere", "--data", "in.jsonl", "--output"),
    ("inspect", "jsonl", "--data-dir", "in.jsonl", "--json"),
    ("vectors", "in.jsonl", "--output"),
    ("vectors", "other.jsonl", "--exclude", "jsonl=in.jsonl", "--output"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "folder").mkdir()
    for name in ("in.jsonl", "other.jsonl"):
        write_jsonl([Document("患者头痛", (Span(2, 4, "症状"),), id="a")], tmp_path / name)
    (tmp_path / "folder" / "linked.txt").symlink_to(tmp_path / "in.jsonl")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
@pytest.mark.parametrize("output", ["in.jsonl", "folder/../in.jsonl", "folder/linked.txt"])
def test_an_output_is_never_an_input(
    command: tuple[str, ...], output: str, folder: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "in.jsonl").read_bytes()
    assert call(*command, output) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("error: ") and ("that is also read" in said or "which is read" in said)
    assert (folder / "in.jsonl").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["folder", "in.jsonl", "other.jsonl"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
@pytest.mark.parametrize("ending", ["pdf", "xml", "ann", "docx"])
def test_a_name_that_promises_another_form_is_refused(
    command: tuple[str, ...], ending: str, folder: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*command, f"out.{ending}") == 2
    assert f"found a name that ends in .{ending}, which is not a form" in " ".join(capsys.readouterr().err.split())
    assert not (folder / f"out.{ending}").exists()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_a_file_of_a_model_is_never_an_output(
    command: tuple[str, ...], folder: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "model").mkdir()
    (folder / "listed").mkdir()
    (folder / "model" / "config.json").write_text("{}")
    (folder / "listed" / ".hf-cner.json").write_text('{"files": {"mine.txt": ""}}')
    (folder / "listed" / "mine.txt").write_text("mine")
    for output in ("model/config.json", "model/vocab.txt", "listed/mine.txt", "folder/../model/results.json"):
        assert call(*command, output) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert "found a name of the model, or of another result" in said or "found a name that ends in .json" in said
    assert [path.name for path in (folder / "model").iterdir()] == ["config.json"]
    assert (folder / "listed" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("ending", ["jsonl", "json", "html"])
@pytest.mark.parametrize(
    "command",
    [("vectors", "in.jsonl"), ("convert", "jsonl", "--data-dir", "in.jsonl", "--to", "conll")],
    ids=lambda command: str(command[0]),
)
def test_what_holds_no_rows_gets_no_name_of_rows(
    command: tuple[str, ...], ending: str, folder: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*command, "--output", f"out.{ending}") == 2
    assert f"found a name that ends in .{ending}, which is not a form" in " ".join(capsys.readouterr().err.split())


def test_an_empty_file_of_a_format_is_not_converted(
    folder: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty.jsonl").write_text("\n")
    assert call("convert", "mrc", "--data-dir", "empty.jsonl", "--to", "jsonl", "--output", "out.jsonl") == 2
    assert "empty.jsonl: found no document" in " ".join(capsys.readouterr().err.split())
    assert not (folder / "out.jsonl").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("train", "--preset", "bilstm-crf", "--corpus", "jsonl", "--data-dir", "in.jsonl"),
        ("search", "--preset", "bilstm-crf", "--corpus", "jsonl", "--data-dir", "in.jsonl"),
        ("pretrain", "in.jsonl", "--model-type", "bert"),
    ],
    ids=lambda command: str(command[0]),
)
def test_a_folder_with_somebody_elses_file_is_refused(
    command: tuple[str, ...], folder: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "enc").mkdir()
    (folder / "enc" / "config.json").write_text("{}")
    for flag in ([], ["--overwrite"], ["--resume"]):
        assert call(*command, "--output-dir", "enc", *flag) == 2
        assert "enc: found config.json, which was not written here" in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in (folder / "enc").iterdir()] == ["config.json"]
    assert call(*command, "--config", "enc/config.json", "--output-dir", "enc", "--overwrite") == 2
    assert "holds enc/config.json, which is read" in " ".join(capsys.readouterr().err.split())
    assert call(*command, "--output-dir", "in.jsonl") == 2
    assert "is a file; output_dir must be a folder" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    "command",
    [
        ("vectors", "notes", "--output", "notes/v.txt"),
        ("vectors", "notes", "--output", "notes/deep/v.txt.gz"),
        ("predict", "notes", "--model", "nowhere", "--output", "linked/found.txt"),
        ("convert", "jsonl", "--data-dir", "notes", "--to", "jsonl", "--output", "notes/out.jsonl"),
        ("pretrain", "notes", "--model-type", "bert", "--output-dir", "notes/encoder"),
        ("train", "--preset", "bilstm-crf", "--corpus", "jsonl", "--data-dir", "notes", "--output-dir", "notes/model"),
    ],
    ids=lambda command: str(command[0]),
)
def test_an_output_is_never_what_the_next_run_would_read(
    command: tuple[str, ...], folder: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("患者头痛")
    (folder / "in.jsonl").rename(folder / "notes" / "in.jsonl")
    (folder / "linked").symlink_to("notes")
    assert call(*command) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "which is read" in said and "so the next run would read" in said
    assert sorted(path.name for path in (folder / "notes").iterdir()) == ["a.txt", "in.jsonl"]
    assert call("inspect", "jsonl", "--data-dir", "notes", "--json", "notes/counts.json") == 0  # no such file is read


@pytest.mark.parametrize(
    ("given", "output"), [("note.ann", "note.txt"), ("note.txt", "note.ann"), ("note.ann", "visual.conf")]
)
def test_what_is_read_with_a_file_of_brat_is_an_input(
    given: str, output: str, tmp_path: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = {
        "note.txt": "患者头痛",
        "note.ann": "T1\tSymptom 2 4\t头痛\n",
        "visual.conf": "[labels]\nSymptom | 症状\n",
    }
    for name, text in before.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    arguments = ("convert", "brat", "--data-dir", str(tmp_path / given), "--to", "conll", "--output")
    assert call(*arguments, str(tmp_path / output)) == 2
    assert "found a file that is also read" in " ".join(capsys.readouterr().err.split())
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "command",
    [
        (
            "convert",
            "jsonl",
            "--data-dir",
            "in.jsonl",
            "--to",
            "jsonl",
            "--output",
            "new.jsonl",
            "--json",
            "./new.jsonl",
        ),
        ("vectors", "in.jsonl", "--output", "new.txt", "--json", "new.txt"),
        ("apply", "in.jsonl", "--data", "other.jsonl", "--output", "new.jsonl", "--log", "new.jsonl"),
    ],
    ids=lambda command: command[0],
)
def test_two_outputs_of_one_command_have_two_names(
    command: tuple[str, ...], folder: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*command) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "found the name of another file that this command reads or writes" in said
    assert sorted(path.name for path in folder.iterdir()) == ["folder", "in.jsonl", "other.jsonl"]
