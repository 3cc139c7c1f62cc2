"""`hf-cner card` and `hf-cner push`: one sentence for what cannot be, the same folder with and without a Hub."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from runs import CONFIG, write_run

from hf_cner.cli.about import about_model
from hf_cner.cli.main import main
from hf_cner.data.kept import foreign_file
from hf_cner.runs.files import RUN


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


def failing(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ") and message.count("\n") == 1
    return message


def command(*arguments: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 0


def test_without_a_hub_the_folder_is_written(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["push", "--model", str(run), "--repo", "ward3/notes", "--no-push"]
    command(*arguments)
    done = capsys.readouterr()
    assert done.out == f"{tmp_path / 'run-hub'}\n"
    assert done.err == "not published: settings.yaml, split.json, training_args.bin\n"
    card = (tmp_path / "run-hub" / "README.md").read_text(encoding="utf-8")
    assert 'from_pretrained("ward3/notes")' in card and "# notes" in card
    assert "Preset `bert-bigru-mha-crf`: BERT, BiGRU" in card
    assert "The system follows Yang, Wang, Yang: Named Entity" in card
    assert ", called P2 here; Tables V-VIII, BERT-BiGRU-Att-CRF" in card
    assert "Licence of the data: Not known to the package" in card and "license: other" in card
    assert "an earlier result" in failing(capsys, *arguments)
    command(*arguments, "--overwrite")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run-hub"]


def test_a_bundled_corpus_and_own_vocabulary_make_an_open_model(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    found = json.loads((run / "results.json").read_text(encoding="utf-8"))
    found["data"]["corpus"], found["settings"]["model"]["encoder"] = "sample", {"kind": "static"}
    (run / "results.json").write_text(json.dumps(found), encoding="utf-8")
    command("card", "--model", str(run))
    card = (run / "README.md").read_text(encoding="utf-8")
    assert "license: apache-2.0" in card and "INVENTED" in card and "@misc{hfcnersample" in card
    command("card", "--model", str(run), "--license", "mit", "--overwrite")
    assert "license: mit" in (run / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("other", [{"encoder": "lattice"}, {"encoder": "static", "vectors": {"path": "words.vec"}}])
def test_what_was_trained_on_other_texts_may_have_another_licence(tmp_path: Path, other: dict[str, Any]) -> None:
    settings = {"model": {"encoder": {"kind": other["encoder"]}}, "vectors": other.get("vectors")}
    about = about_model(tmp_path, {"data": {"corpus": "sample"}, "settings": settings})
    assert about.licence == "other"


def test_a_card_is_written_and_not_replaced(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "cards" / "notes.md"
    command("card", "--model", str(run), "--output", str(target), "--repo", "ward3/notes")
    assert target.read_text(encoding="utf-8").startswith("---\n")
    command("card", "--model", str(run), "--output", str(target.with_name("other.md")))
    text = target.with_name("other.md").read_text(encoding="utf-8")
    assert "\n# other\n" in text and "- name: other\n" in text and str(tmp_path) not in text
    pictures = set(re.findall(r"!\[.*\]\((.*)\)", text))
    assert {path.name for path in target.parent.iterdir()} - {"notes.png"} == {"notes.md", "other.md", *pictures}
    assert "exists; name another file, or replace it by --overwrite" in failing(
        capsys, "card", "--model", str(run), "--output", str(target)
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model.safetensors": None}, "model.safetensors is missing"),
        ({"model.safetensors": None, "pytorch_model.bin": "x"}, "only as a pickle (pytorch_model.bin)"),
        ({"tokenizer.json": None}, "tokenizer.json is missing"),
        ({"crf.py": None}, "crf.py is missing"),
        ({"config.json": None}, "config.json is missing"),
        ({"config.json": CONFIG | {"model_type": "bert"}}, "is a checkpoint of another kind"),
        ({"results.json": None}, "results.json is missing"),
        ({"README.md": "# mine"}, "has no metadata"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, changed: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "run", changed)
    assert message in failing(capsys, "push", "--model", str(run), "--repo", "a/b", "--no-push")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_folds_and_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "run" / "fold-0")
    assert "holds the folds" in failing(capsys, "push", "--model", str(tmp_path / "run"), "--repo", "a/b", "--no-push")
    assert "There is no folder" in failing(capsys, "push", "--model", str(tmp_path / "no"), "--repo", "a/b")


def test_output_goes_with_no_push(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = failing(capsys, "push", "--model", str(run), "--repo", "a/b", "--output", str(tmp_path / "x"))
    assert "--output says where --no-push writes" in message


def test_a_published_folder_is_never_somebody_elses(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["push", "--model", str(run), "--repo", "ward3/notes", "--no-push", "--overwrite", "--output"]
    (tmp_path / "bert").mkdir()
    for name, text in {
        "config.json": '{"model_type": "bert"}',
        "model.safetensors": "x",
        "README.md": "# BERT",
    }.items():
        (tmp_path / "bert" / name).write_text(text, encoding="utf-8")
    assert "found README.md, which was not written here" in failing(capsys, *arguments, str(tmp_path / "bert"))
    assert (tmp_path / "bert" / "model.safetensors").read_text() == "x"
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert "found a folder that is also read" in failing(capsys, *arguments, str(run))
    assert f"holds {run}, which is read" in failing(capsys, *arguments, str(tmp_path))
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    command(*arguments, str(tmp_path / "hub"))
    capsys.readouterr()
    (tmp_path / "hub" / "evaluation.json").write_text("{}")
    assert "found evaluation.json, which was not written here" in failing(capsys, *arguments, str(tmp_path / "hub"))


def test_what_a_killed_push_left_is_removed(run: Path, tmp_path: Path) -> None:
    arguments = ["push", "--model", str(run), "--repo", "ward3/notes", "--no-push", "--output", str(tmp_path / "hub")]
    for name, age in ((".hub-0a1b2c3d", 0), (".hub-mine", 0), (".hub-0a1b2c3e", None)):
        (tmp_path / name / "new").mkdir(parents=True)
        if age is not None:
            os.utime(tmp_path / name, (age, age))
    (tmp_path / ".hub.new" / "new").mkdir(parents=True)
    (tmp_path / ".hub.lock").write_text("hf-cner 999999\n")
    command(*arguments)
    assert {path.name for path in tmp_path.iterdir()} == {"run", "hub", ".hub-mine", ".hub-0a1b2c3e"}
    (tmp_path / "hub").rename(tmp_path / ".hub-0a1b2c3e" / "old")  # killed between taking the old away and the new
    (tmp_path / ".hub-0a1b2c3e" / "new").rmdir()
    with pytest.raises(SystemExit):
        main(arguments)
    assert (tmp_path / "hub" / "config.json").is_file()


def test_a_card_replaces_neither_a_picture_nor_the_model(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "notes.png").write_text("mine")
    arguments = ["card", "--model", str(run), "--output"]
    assert "notes.png exists; name another file" in failing(capsys, *arguments, str(tmp_path / "notes.md"))
    assert (tmp_path / "notes.png").read_text() == "mine" and not (tmp_path / "notes.md").exists()
    for name, said in (
        ("config.json", "also read"),
        ("card.png", "one of .md, .markdown"),
        ("card.docx", "one of .md"),
    ):
        assert said in failing(capsys, *arguments, str(run / name), "--overwrite")


def test_a_card_for_a_stream_has_no_picture(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command("card", "--model", str(run), "--output", "/dev/stdout")
    shown = capfd.readouterr().out
    assert "## Intended use" in shown and "![" not in shown and "goes to a stream" in shown


def test_a_card_in_the_folder_of_a_run_is_its_own(run: Path) -> None:
    (run / "settings.yaml").write_text("model: {}\noutput_dir: x\n", encoding="utf-8")
    command("card", "--model", str(run))
    assert foreign_file(run, RUN) is None
    (run / "README.md").write_text("changed by hand", encoding="utf-8")
    assert str(foreign_file(run, RUN)) == "README.md"


def test_the_folder_of_the_model_gets_no_published_one(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = failing(capsys, "push", "--model", str(run), "--repo", "a/b", "--no-push", "--output", str(run / "hub"))
    assert "lies in the folder of the model" in said
    assert not (run / "hub").exists()


def test_broken_json_in_a_published_folder_is_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "added_tokens.json").write_text("no json")
    said = failing(capsys, "push", "--model", str(run), "--repo", "a/b", "--no-push", "--output", str(run) + "-hub")
    assert "added_tokens.json: found broken JSON" in said
