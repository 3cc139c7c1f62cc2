"""A table is trained row by row, goes on where it was cut off, and trains nothing twice."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_runs import notes
from small_tables import TINY, request
from transformers import AutoConfig, BertConfig

import hf_cner.training.run
from hf_cner.data.documents import read_jsonl, write_jsonl
from hf_cner.reproduction.run import reproduce

Counted = tuple[list[str], Callable[[int | None], None]]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """The folders that were trained in, and a way to break off at a number of them."""
    folders: list[str] = []
    limit: list[int | None] = [None]
    real = hf_cner.training.run.train_on

    def counting(parts: Any, types: Any, settings: Any, **options: Any) -> Any:
        if limit[0] is not None and len(folders) >= limit[0]:
            raise KeyboardInterrupt
        folders.append("/".join(Path(settings.output_dir).parts[-2:]))
        return real(parts, types, settings, **options)

    monkeypatch.setattr(hf_cner.training.run, "train_on", counting)
    return folders, lambda number: limit.__setitem__(0, number)


def quiet(text: str) -> None:
    assert text


def test_cut_off_and_repeated_it_goes_on_and_trains_nothing_twice(
    tmp_path: Path, trained: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AutoConfig, "from_pretrained", nothing)  # there is no ALBERT
    folders, stop_after = trained
    asked = request(tmp_path, seeds=2, rows=("BiLSTM-CRF", "IDCNN-CRF", "ALBERT-IDCNN-CRF"))
    stop_after(3)
    with pytest.raises(KeyboardInterrupt):
        reproduce(asked, say=quiet)
    assert folders == ["bilstm-crf/seed-42", "bilstm-crf/seed-43", "idcnn-crf/seed-42"]
    partial = (tmp_path / "out" / "p4-table2.md").read_text(encoding="utf-8")
    assert "IDCNN-CRF: not yet: the reproduction was cut off" in partial
    stop_after(None)
    outcome = reproduce(asked, say=quiet)
    assert folders[3:] == ["idcnn-crf/seed-43"]
    assert reproduce(asked, say=quiet) == outcome and len(folders) == 4
    assert json.loads((tmp_path / "out" / "p4-table2.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(outcome)
    )
    bilstm, _, albert = outcome["rows"]
    assert bilstm["ours"]["seeds"] == [42, 43] and bilstm["ours"]["begins_with"] == "random characters"
    values = bilstm["ours"]["f1"]["values"]
    assert bilstm["ours"]["f1"]["mean"] == pytest.approx(sum(values) / 2)
    results = json.loads((tmp_path / "out/runs/jsonl/bilstm-crf/seed-43/results.json").read_text(encoding="utf-8"))
    assert values[1] == 100 * results["metrics"]["test"]["strict"]["micro"]["f1"]
    assert results["protocol"] == outcome["protocol"]["sentence"]
    assert albert["ours"] is None and "could not be fetched" in albert["not_run"]
    report = (tmp_path / "out" / "p4-table2.md").read_text(encoding="utf-8")
    assert "Only these rows were asked for; the table has 2 more." in report
    assert "- ALBERT-IDCNN-CRF: it needs the encoder" in report and "![p4-table2-models.png]" in report
    assert (tmp_path / "out" / "p4-table2-models.png").stat().st_size > 10_000


def test_other_settings_or_data_do_not_pass_for_the_same_run(tmp_path: Path) -> None:
    reproduce(request(tmp_path, rows=("BiLSTM-CRF",)), say=quiet)
    changed = (*TINY, "model.dropout=0.1")
    refused = reproduce(request(tmp_path, rows=("BiLSTM-CRF",), assignments=changed), say=quiet)
    assert refused["failed"] == ["BiLSTM-CRF"] and refused["rows"][0]["ours"] is None
    assert "it failed: " in refused["rows"][0]["not_run"]
    assert "began with other settings (model.dropout)" in refused["rows"][0]["not_run"]
    assert refused["rows"][0]["not_run"].endswith("(This row alone: --row 'BiLSTM-CRF' --overwrite.)")
    outcome = reproduce(request(tmp_path, rows=("BiLSTM-CRF",), assignments=changed, overwrite=True), say=quiet)
    assert outcome["settings"][-1] == "model.dropout=0.1"


def test_corrected_annotations_are_other_data(tmp_path: Path) -> None:
    asked = request(tmp_path, rows=("BiLSTM-CRF",))
    reproduce(asked, say=quiet)
    documents = list(read_jsonl(tmp_path / "notes.jsonl"))
    write_jsonl(
        [dataclasses.replace(documents[0], spans=documents[0].spans[1:]), *documents[1:]], tmp_path / "notes.jsonl"
    )
    refused = reproduce(asked, say=quiet)["rows"][0]
    assert refused["ours"] is None and "began with other data" in refused["not_run"]


def test_a_folder_that_was_moved_is_read_and_one_made_anew_is_not(tmp_path: Path) -> None:
    write_jsonl(notes(20, 5), tmp_path / "text.jsonl")
    asked = request(tmp_path, rows=("BiLSTM-CRF",), unlabelled=(str(tmp_path / "text.jsonl"),))
    first = reproduce(asked, say=quiet)
    (tmp_path / "out").rename(tmp_path / "moved")
    moved = dataclasses.replace(asked, output_dir=tmp_path / "moved")
    said: list[str] = []
    again = reproduce(moved, say=said.append)
    assert again["rows"] == first["rows"] and any("read from" in text for text in said)
    (vectors,) = (tmp_path / "moved" / "encoders").glob("characters-*.txt")
    given = dataclasses.replace(moved, vectors=str(vectors))
    assert reproduce(given, say=quiet)["rows"][0]["ours"]["f1"] == first["rows"][0]["ours"]["f1"]
    lines = vectors.read_text(encoding="utf-8").splitlines(keepends=True)
    vectors.write_text(
        "".join([f"{int(lines[0].split()[0]) - 1} {lines[0].split()[1]}\n", *lines[1:-1]]), encoding="utf-8"
    )
    said.clear()
    refused = reproduce(given, say=said.append)["rows"][0]
    assert refused["ours"] is None and "began with other settings (vectors.path)" in refused["not_run"]
    assert any("was made under another protocol or with other settings" in text for text in said)


@pytest.mark.parametrize("content", ['{"rows": ', "[]"])
def test_a_damaged_report_is_made_anew(content: str, tmp_path: Path, trained: Counted) -> None:
    asked = request(tmp_path, rows=("BiLSTM-CRF",))
    first = reproduce(asked, say=quiet)
    (tmp_path / "out" / "p4-table2.json").write_text(content, encoding="utf-8")
    said: list[str] = []
    assert reproduce(asked, say=said.append)["rows"] == first["rows"] and len(trained[0]) == 1
    assert any("p4-table2.json is damaged, and is replaced" in text for text in said)


def nothing(name: str) -> Any:
    raise OSError(f"no {name}")


def test_rows_that_were_reported_before_stay_in_the_report(
    tmp_path: Path, trained: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AutoConfig, "from_pretrained", nothing)  # there is no ALBERT
    first = reproduce(request(tmp_path, rows=("IDCNN-CRF",)), say=quiet)
    assert [row["name"] for row in first["rows"]] == ["IDCNN-CRF"]
    both = reproduce(request(tmp_path, rows=("BiLSTM-CRF",)), say=quiet)
    assert [row["name"] for row in both["rows"]] == ["BiLSTM-CRF", "IDCNN-CRF"] and len(trained[0]) == 2
    assert both["rows"][1]["ours"]["f1"] == first["rows"][0]["ours"]["f1"]
    missing = reproduce(request(tmp_path, rows=("ALBERT-IDCNN-CRF",)), say=quiet)["rows"]
    assert [row["name"] for row in missing] == ["BiLSTM-CRF", "IDCNN-CRF", "ALBERT-IDCNN-CRF"]
    rows = reproduce(request(tmp_path, rows=("BiLSTM-CRF",)), say=quiet)["rows"]
    assert rows[2]["not_run"] == missing[2]["not_run"] and "needs the encoder" in rows[2]["not_run"]
    said: list[str] = []
    other = reproduce(request(tmp_path, rows=("BiLSTM-CRF",), seeds=2), say=said.append)
    assert [row["name"] for row in other["rows"]] == ["BiLSTM-CRF"]  # a row of one seed is no row of two
    assert any("another protocol or with other settings, and is replaced" in text for text in said)
    alone = reproduce(request(tmp_path, rows=("IDCNN-CRF",), seeds=2, pretraining=("seed=7",)), say=quiet)
    assert [row["name"] for row in alone["rows"]] == ["IDCNN-CRF"]  # what is pretrained elsehow does not compare


@pytest.mark.parametrize("kind", [ValueError, ImportError, RuntimeError, OSError, FloatingPointError])
def test_a_row_that_fails_does_not_stop_the_next_one(
    kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = hf_cner.training.run.train_on

    def failing(parts: Any, types: Any, settings: Any, **options: Any) -> Any:
        if settings.preset == "bilstm-crf":
            raise kind("The windows are too long.")
        return real(parts, types, settings, **options)

    monkeypatch.setattr(hf_cner.training.run, "train_on", failing)
    outcome = reproduce(request(tmp_path, rows=("BiLSTM-CRF", "IDCNN-CRF")), say=quiet)
    assert outcome["failed"] == ["BiLSTM-CRF"] and outcome["rows"][1]["ours"]["f1"]["values"]
    report = (tmp_path / "out" / "p4-table2.md").read_text(encoding="utf-8")
    assert "- BiLSTM-CRF: it failed: The windows are too long.\n" in report


@pytest.mark.parametrize("setting", ["model.dropuot=0.1", "training.num_train_epoch=1", "training.learning_rate=abc"])
def test_a_setting_that_does_not_exist_stops_before_anything_is_trained(
    setting: str, tmp_path: Path, trained: Counted
) -> None:
    with pytest.raises(ValueError, match=setting.partition("=")[0]):
        reproduce(request(tmp_path, assignments=(*TINY, setting)), say=quiet)
    assert trained[0] == []


def test_error_samples_come_from_our_own_predictions(tmp_path: Path) -> None:
    write_jsonl(notes(20, 5), tmp_path / "text.jsonl")
    asked = request(tmp_path, "p4-table3", scale="small", unlabelled=(str(tmp_path / "text.jsonl"),), keep_models=False)
    outcome = reproduce(asked, say=quiet)
    samples = outcome["rows"][0]["ours"]["samples"]
    missed = samples["kinds"]["missed"]
    results = json.loads(
        (tmp_path / "out/runs/jsonl/albert-idcnn-mha-crf-small/seed-42/results.json").read_text(encoding="utf-8")
    )
    assert (
        sum(samples["kinds"].values()) - samples["kinds"]["spurious"]
        == results["metrics"]["test"]["strict"]["micro"]["fn"]
    )
    assert missed > 0  # one epoch teaches nothing
    assert not list((tmp_path / "out").glob("runs/**/model.safetensors"))
    report = (tmp_path / "out" / "p4-table3.md").read_text(encoding="utf-8")
    assert "at a small scale, with encoders pretrained on the spot" in report.splitlines()[0]
    assert "腹主动脉旁淋巴结" in report and "## Error samples" in report
    assert reproduce(asked, say=quiet)["rows"][0]["ours"]["samples"] == samples  # the weights are gone by now
    stored = tmp_path / "out/runs/jsonl/albert-idcnn-mha-crf-small/seed-42/samples.json"
    stored.unlink()
    said: list[str] = []
    without = reproduce(asked, say=said.append)["rows"][0]["ours"]
    assert without["f1"] == outcome["rows"][0]["ours"]["f1"] and without["samples"] is None
    report = (tmp_path / "out" / "p4-table3.md").read_text(encoding="utf-8")
    assert "Ours, ALBERT-IDCNN-MHA-CRF: none, for the weights were not kept" in report
    assert any("no error samples: the weights in" in text for text in said)
    stored.write_text("{}", encoding="utf-8")  # of a model that is gone
    again = reproduce(dataclasses.replace(asked, overwrite=True), say=quiet)
    assert again["rows"][0]["ours"]["samples"]["kinds"] == samples["kinds"]


def test_questions_without_a_corpus_that_has_them_are_no_row(tmp_path: Path) -> None:
    BertConfig(hidden_size=8, num_attention_heads=1).save_pretrained(tmp_path / "folder")
    outcome = reproduce(
        request(tmp_path, "p3-table6", rows=("BERT-MRC-Biaffine",), encoders={"bert": str(tmp_path / "folder")}),
        say=quiet,
    )
    assert "it asks a question for each type" in outcome["rows"][0]["not_run"]
