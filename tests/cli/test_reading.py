"""The commands that read: what they refuse, what they say, and that no torch is loaded before."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., int]
ROW = {"id": "1", "text": "患者头痛。", "entities": [{"start": 2, "end": 4, "type": "症状"}]}


def jsonl(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def error_of(capsys: pytest.CaptureFixture[str], call: Call, *arguments: object) -> str:
    assert call(*arguments) == 2
    error = capsys.readouterr().err
    assert error.count("error:") == 1 and "Traceback" not in error
    return " ".join(error.split())


def without_torch(*arguments: object) -> str:
    """What a refused command says; that it loaded neither torch nor transformers is checked."""
    code = (
        "import sys\nfrom hf_cner.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as done:\n    assert done.code == 2\n"
        "assert not {'torch', 'transformers'} & set(sys.modules), 'loaded before the refusal'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, stdin=None
    )
    assert done.returncode == 0, done.stderr
    return " ".join(done.stderr.split())


def test_what_needs_no_model_is_refused_before_torch_is_loaded(tmp_path: Path) -> None:
    note = tmp_path / "x.txt"
    note.write_text("头痛。", encoding="utf-8")
    bad = jsonl(tmp_path / "bad.jsonl", {"text": "头痛", "label": []})
    good = jsonl(tmp_path / "good.jsonl", ROW)
    (tmp_path / "model").mkdir()
    config = {"model_type": "cner", "entity_types": ["药物"]}
    (tmp_path / "model" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "model" / name).write_text("{}", encoding="utf-8")
    (tmp_path / "table.csv").write_text("id,text\n1,头痛\n", encoding="utf-8")
    cases = [
        (("evaluate", "--model", "m/n", "--data", note), "the name does not tell what this is; say --corpus NAME"),
        (("evaluate", "--model", "m/n", "--data", bad), "no 'entities', but 'text', 'label'"),
        (("evaluate", "--model", tmp_path / "none", "--data", good), "There is no folder"),
        (("evaluate", "--model", tmp_path, "--data", good), "config.json is missing"),
        (("evaluate", "--model", "m/n", "--data", good, "--threshold", "x"), "--threshold takes a probability"),
        (("predict", "--model", "m/n", tmp_path / "table.csv", "--text-column", "txt"), "did you mean 'text'?"),
        (
            ("predict", "--model", "m/n", note, "--encoding", "gbk"),
            "found no table or export, which alone are read with",
        ),
        (("predict", "--model", tmp_path / "none", note), "There is no folder"),
        (("predict", "--model", "m/n", note), "m/n is no folder here, and could not be read from the Hub ("),
        (("annotate", good, tmp_path / "out", "--model", "m/n"), "or copy the model's folder here, and set HF_HUB_OFF"),
        (("predict", "--model", "m/n", tmp_path / "nothing"), "no such file or folder"),
    ]
    for arguments, message in cases:
        assert message in without_torch(*arguments)
    assert "found the entity type 症状" in without_torch("evaluate", "--model", tmp_path / "model", "--data", good)


def test_a_table_is_no_note(tmp_path: Path, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("id,text\n1,头痛\n", encoding="utf-8")
    (tmp_path / "notes.docx").write_bytes(b"PK")
    said = error_of(capsys, call, "predict", "--model", "m/n", tmp_path / "notes.docx")
    assert "found a document of a word processor (.docx); expected text (.txt) or JSON lines (.jsonl" in said
    assert said.endswith("or say what it is with --input-format text, lines, jsonl or a format.")
    for command in (("vectors", "--output", tmp_path / "v.txt"), ("pretrain", "--output-dir", tmp_path / "out")):
        said = error_of(capsys, call, *command, path, "--text-column", "txt")
        assert "notes.csv: found no column 'txt', but 'id', 'text'; did you mean 'text'?" in said


def test_standard_input(monkeypatch: pytest.MonkeyPatch, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    said = error_of(capsys, call, "predict", "--model", "m/n", "-")
    assert "Standard input is closed; expected a text or JSON lines" in said
    for content, message in (
        (b"id,text\n1,\xe5\xa4\xb4\n", "standard input: found a table with a line of column names"),
        (b"PK\x03\x04", "standard input: found a zip archive"),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        from hf_cner.data.inputs import read_inputs

        with pytest.raises(ValueError, match=message):
            list(read_inputs("-")[0])


def test_closed_standard_input_as_the_shell_closes_it() -> None:
    command = f"{sys.executable} -m hf_cner.cli.main predict --model m/n - <&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "Standard input is closed" in done.stderr, done.stderr


@pytest.mark.parametrize(
    "content",
    ["[主诉] 头痛\n", "[1]\n", '[{"text": "头痛"}]\n', '{\n  "text": "头痛"\n}\n', "\n\n{broken\n"],
)
def test_a_stream_that_begins_with_a_bracket_is_no_prose(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    from hf_cner.data.inputs import read_inputs

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    with pytest.raises(ValueError, match=r"standard input:\d: found .*, or say --input-format text if this is prose"):
        list(read_inputs("-")[0])


def test_predictions_are_made_of_texts_alone(tmp_path: Path) -> None:
    from hf_cner.data.inputs import read_inputs

    path = jsonl(tmp_path / "a.jsonl", {"text": "头痛", "entities": "?"}, {"text": "发热", "label": [[0, 2, "x"]]})
    documents, _ = read_inputs(str(path))
    assert [document.text for document in documents] == ["头痛", "发热"]


@pytest.mark.parametrize("command", ["inspect", "convert"])
def test_gold_that_is_not_there_is_a_fault(
    command: str, tmp_path: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    path = jsonl(tmp_path / "a.jsonl", ROW, {"text": "头痛", "label": [[0, 2, "症状"]]})
    options = ["--to", "jsonl", "--output", tmp_path / "out.jsonl"] if command == "convert" else []
    said = error_of(capsys, call, command, "jsonl", "--data-dir", path, *options)
    assert "a.jsonl:2: found no 'entities', but 'text', 'label' (this is doccano's export: read it as doccano)" in said
    assert call(command, "jsonl", "--data-dir", path, *options, "--on-error", "skip") == 0
    assert "left out: 1" in capsys.readouterr().err


def test_an_export_is_named_and_no_corpus_is_guessed(
    tmp_path: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "export.json"
    result = {"from_name": "label", "value": {"start": 0, "end": 2, "text": "头痛", "labels": ["症状"]}}
    path.write_text(json.dumps([{"data": {"text": "头痛"}, "annotations": [{"result": [result]}]}], indent=1))
    for arguments in (
        ("inspect", "jsonl", "--data-dir", path),
        ("evaluate", "--model", "m/n", "--data", path),
    ):
        said = error_of(capsys, call, *arguments)
        assert "looks like label-studio" in said and "tcm" not in said


def test_what_is_left_out_of_a_folder_is_said(tmp_path: Path, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wards").mkdir()
    for name in ("chest", "blood-test", "val_fluid", "test"):
        jsonl(tmp_path / "wards" / f"{name}.jsonl", {**ROW, "id": name})
    (tmp_path / "wards" / "list.csv").write_text("1", encoding="utf-8")
    assert call("inspect", "jsonl", "--data-dir", tmp_path / "wards") == 0
    out, err = capsys.readouterr()
    assert "3 documents" in out
    assert "read 3 of 5 files; left out: 1 .csv (list.csv), 1 put aside as test (test.jsonl)." in err


def test_spellings_can_be_named_wherever_conll_is_read(
    tmp_path: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "eng.conll"
    path.write_text("甲|N|I-x\n乙|N|I-x\n丙|N|B-x\n", encoding="utf-8")
    named = ("--input-scheme", "IOB1", "--input-column", "-1", "--input-separator", "|")
    out = tmp_path / "out.jsonl"
    assert call("convert", "conll", "--data-dir", path, *named, "--to", "jsonl", "--output", out) == 0
    assert [entity["text"] for entity in json.loads(out.read_text())["entities"]] == ["甲乙", "丙"]
    assert call("inspect", "conll", "--data-dir", path, *named) == 0
    said = error_of(capsys, call, "evaluate", "--model", tmp_path / "none", "--data", path, *named)
    assert "There is no folder" in said  # the gold was read
    for command in ("train", "search"):
        run = (
            command,
            "--preset",
            "bilstm-crf",
            "--corpus",
            "conll",
            "--data-dir",
            path,
            "--output-dir",
            tmp_path / "r",
        )
        said = error_of(capsys, call, *run, *named, "--split", "8:2")
        assert "too few" in said or "record" in said, said  # the corpus was read
    table = ("p4-table2", "--output-dir", tmp_path / "t", "--corpus", "conll", "--data-dir", path, "--vectors", "none")
    said = error_of(capsys, call, "reproduce", *table, *named)
    assert "too few" in said or "record" in said, said
    trained = ("vectors", "--corpus", "conll", "--data-dir", path, "-o", tmp_path / "v.txt", "--min-count", "1")
    assert call(*trained, *named) == 0
    (tmp_path / "test.txt").write_text("甲乙丙\n", encoding="utf-8")
    run = ("pretrain", "--corpus", "conll", "--data-dir", path, "--output-dir", tmp_path / "p", "--objective", "bilm")
    assert "held out" in error_of(capsys, call, *run, *named, "--exclude", tmp_path / "test.txt")
    said = error_of(capsys, call, "inspect", "jsonl", "--data-dir", path, "--input-scheme", "IOB1")
    assert "which only conll can be told" in said
    said = error_of(capsys, call, "inspect", "conll", "--data-dir", path, "--input-separator", "")
    assert "The separator of CoNLL files is empty" in said


@pytest.mark.parametrize("setting", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C.UTF-8"}])
def test_ids_of_files_are_the_same_under_every_locale(tmp_path: Path, setting: dict[str, str]) -> None:
    (tmp_path / "病历-1.txt").write_text("头痛。", encoding="utf-8")
    (tmp_path / "病历e\u0301.txt").write_text("发热。", encoding="utf-8")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xb2\xa1.txt"))).write_text("咳嗽。", encoding="utf-8")
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "一.conll").write_text("甲 O\n", encoding="utf-8")
    code = (
        "import sys, json\nfrom hf_cner.data.inputs import read_inputs\nfrom hf_cner import read_corpus\n"
        "ids = [d.id for d in read_inputs(sys.argv[1])[0]] + [read_corpus('conll', sys.argv[1] + '/gold')[0].id]\n"
        "print(json.dumps(ids))"
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False, env=kept | setting
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["\\xb2\\xa1.txt", "病历-1.txt", "病历e\u0301.txt", "一-1"]


def test_a_published_part_without_gold_is_not_evaluated(
    tmp_path: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "CMeEE_test.json"
    path.write_text('[{"text": "头痛"}]', encoding="utf-8")
    said = error_of(capsys, call, "evaluate", "--model", "m/n", "--data", path, "--corpus", "cblue-cmeee")
    assert "CMeEE_test.json: found no entities in 1 documents, expected gold; name the annotated part." in said
