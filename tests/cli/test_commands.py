"""The commands as people and scripts call them, end to end, on a tiny invented corpus."""

from __future__ import annotations

import csv
import io
import json
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hf_cner.cli.main import main
from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span, read_jsonl, write_jsonl
from hf_cner.data.formats import table
from hf_cner.data.problems import Problems
from hf_cner.data.registry import REGISTRY
from hf_cner.data.table_files import open_table

PARTS = ("头", "腹", "胸", "腰", "膝")
SIGNS = ("疼痛", "红肿", "发热", "麻木")
TINY = [
    "model.encoder.embedding_size=16",
    "model.encoder.bigram_size=8",
    "model.context.hidden_size=16",
    "model.dropout=0.0",
    "training.num_train_epochs=6",
    "training.per_device_train_batch_size=4",
    "training.learning_rate=0.02",
    "training.disable_tqdm=true",
]


def invented(number: int, seed: int = 0) -> list[Document]:
    """Notes such as 患者头部疼痛3天。 with a body part and a sign each."""
    generator = random.Random(seed)
    documents = []
    for index in range(number):
        part, sign, days = generator.choice(PARTS), generator.choice(SIGNS), generator.randint(2, 99)
        text = f"患者{part}部{sign}{days}天，编号{index}。"
        spans = (Span(2, 4, "部位"), Span(4, 6, "症状"))
        documents.append(Document(text, spans, id=f"n{index}", record=f"r{index}"))
    return documents


def run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert not stop.value.code


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The sentence with which a command refuses; nothing else may be on standard error."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "notes.jsonl"
    write_jsonl(invented(60), path)
    return path


@pytest.fixture(scope="module")
def model(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "out"
    sets = [item for assignment in TINY for item in ("--set", assignment)]
    run("train", "--preset", "bilstm-mha-crf", "--corpus", "jsonl", "--data-dir", data, "--output-dir", folder, *sets)
    return folder


def test_train_leaves_model_settings_and_results(model: Path) -> None:
    results = json.loads((model / "results.json").read_text(encoding="utf-8"))
    assert results["metrics"]["dev"]["strict"]["micro"]["f1"] > 0.9
    assert results["data"]["documents"] == {"train": 48, "dev": 12}
    settings = (model / "settings.yaml").read_text(encoding="utf-8")
    assert "preset: bilstm-mha-crf" in settings and "hidden_size: 16" in settings
    assert (model / "model.safetensors").is_file() and (model / "tokenizer.json").is_file()


def test_train_takes_its_own_settings_again(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = tmp_path / "again"
    run("train", "--config", model / "settings.yaml", "--corpus", "jsonl", "--data-dir", data, "--output-dir", again,
        "--split", "7:2:1", "--seed", 3, "--set", "training.num_train_epochs=1")  # fmt: skip
    printed = capsys.readouterr().out
    assert "test: 12 documents, 24 mentions" in printed and "dev: 6 documents" in printed
    assert f"The model is in {again}" in printed
    results = json.loads((again / "results.json").read_text(encoding="utf-8"))
    assert (
        results["seed"] == 3 and results["epochs"] == 1 and results["settings"]["model"]["context"]["hidden_size"] == 16
    )


def test_train_folds(model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ("--config", model / "settings.yaml", "--corpus", "jsonl", "--data-dir", data)
    run("train", *common, "--output-dir", tmp_path, "--split", "2fold", "--set", "training.num_train_epochs=1")
    printed = capsys.readouterr().out
    assert "fold 0: precision" in printed and "mean ± sd over 2 folds (strict, micro): precision" in printed


def test_train_refuses(model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ("--corpus", "jsonl", "--data-dir", data, "--output-dir")
    assert "holds a finished run" in refused(capsys, "train", "--preset", "bilstm-crf", *common, model)
    assert "Did you mean bilstm-crf" in refused(capsys, "train", "--preset", "bilstm-crff", *common, tmp_path / "x")
    assert "Say what to train: --preset NAME" in refused(capsys, "train", *common, tmp_path / "x")
    wrong = ("--set", "training.learning_rat=1")
    error = refused(capsys, "train", "--preset", "bilstm-crf", *common, tmp_path / "x", *wrong)
    assert "There is no setting training.learning_rat. Did you mean training.learning_rate" in error
    assert not (tmp_path / "x").exists()
    settings = ("optimizer=sgd", "optim_args=momentum=1e12", "learning_rate=1", "disable_tqdm=false")
    high = [option for setting in settings for option in ("--set", f"training.{setting}")]
    error = refused(capsys, "train", "--config", model / "settings.yaml", *high, *common, tmp_path / "x")
    assert "\nerror: Training diverged: by step" in error and not (tmp_path / "x" / "results.json").exists()


def test_predict_rows_are_the_documented_ones(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = invented(30, seed=1)
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    write_jsonl([note.with_spans(()) for note in notes], source)
    run("predict", "--model", model, source, "--output", output)
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["text"]) for row in rows] == [(note.id, note.text) for note in notes]
    entities = [entity for row in rows for entity in row["entities"]]
    assert entities and all(list(entity) == ["start", "end", "type", "text", "score"] for entity in entities)
    assert all(0 < entity["score"] <= 1 for entity in entities)
    assert all(row["text"][e["start"] : e["end"]] == e["text"] for row in rows for e in row["entities"])
    assert "30 documents in" in capsys.readouterr().err
    run("predict", "--model", model, source, "--output", output, "--no-scores")
    first = json.loads(output.read_text(encoding="utf-8").splitlines()[0])
    assert all("score" not in entity for entity in first["entities"])


def test_predict_reads_and_writes_every_form(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("患者头部疼痛3天。\n患者腹部红肿5天。", encoding="utf-8")
    run("predict", "--model", model, tmp_path / "a.txt")
    row = json.loads(capsys.readouterr().out)
    assert row["id"] == "a.txt" and len(row["entities"]) >= 2
    run("predict", "--model", model, tmp_path / "a.txt", "--lines", "--format", "csv")
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(line["document"], line["text"]) for line in table][:2] == [("a.txt:1", "头部"), ("a.txt:1", "疼痛")]
    run("predict", "--model", model, tmp_path, "--output", tmp_path / "out.html")
    assert "头部" in (tmp_path / "out.html").read_text(encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("患者头部疼痛3天。".encode())))
    run("predict", "--model", model, "-", "--format", "text")
    assert "[头部]部位[疼痛]症状" in capsys.readouterr().out


def test_evaluate(model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("evaluate", "--model", model, "--data", data, "--output", tmp_path / "figures.json", "--resamples", 50)
    printed = capsys.readouterr().out
    assert "micro average" in printed and "部位" in printed and "95% interval" in printed
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["mentions"] == 120 and figures["documents"] == 60
    assert figures["metrics"]["strict"]["micro"]["f1"] == figures["strict_f1_interval"]["estimate"] > 0.9
    run("convert", "jsonl", "--data-dir", data, "--to", "conll", "--output", tmp_path / "gold.bio")
    run("evaluate", "--model", model, "--data", tmp_path / "gold.bio", "--resamples", 10)
    assert "60 documents" in capsys.readouterr().out


def test_evaluate_refuses(model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.jsonl"
    write_jsonl([Document("患者头痛", (Span(2, 4, "疾病"),)), Document("头痛", (Span(0, 2, "疾病"),))], other)
    error = refused(capsys, "evaluate", "--model", model, "--data", other)
    assert "found the entity type 疾病 (2 mentions), expected those that the model knows: 症状, 部位" in error
    unnamed = tmp_path / "gold"
    unnamed.write_bytes(data.read_bytes())
    assert "say --corpus NAME" in refused(capsys, "evaluate", "--model", model, "--data", unnamed)
    assert "nothing.jsonl" in refused(capsys, "evaluate", "--model", model, "--data", tmp_path / "nothing.jsonl")
    assert "There is no folder" in refused(capsys, "evaluate", "--model", tmp_path / "no" / "model", "--data", data)


def test_convert(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ("convert", "jsonl", "--data-dir", data)
    spelling = ("--scheme", "bioes", "--dialect", "X_B", "--separator", "comma")
    run(*common, "--to", "conll", *spelling, "--output", tmp_path / "a")
    assert (tmp_path / "a").read_text(encoding="utf-8").splitlines()[2:7] == ["患,O", "者,O", *_tags(data)]
    assert "60 documents, 120 entities, none lost" in capsys.readouterr().err
    run(*common, "--to", "jsonl", "--output", tmp_path / "b.jsonl")
    assert list(read_jsonl(tmp_path / "b.jsonl")) == list(read_jsonl(data))
    assert "There is no corpus or format 'xml'" in refused(capsys, *common, "--to", "xml", "--output", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def _tags(data: Path) -> list[str]:
    text = next(iter(read_jsonl(data))).text
    return [f"{text[2]},部位_B", f"{text[3]},部位_E", f"{text[4]},症状_B"]


def test_inspect(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("inspect", "jsonl", "--data-dir", data, "--json", tmp_path / "counts.json", "--max-length", 10, "--overlap", 2)
    printed = capsys.readouterr().out
    assert "jsonl: 120 mentions (60/60) in 60 records" in printed
    counts: dict[str, Any] = json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))
    assert (
        counts["mentions"] == 120 and counts["windows"][0]["options"]["max_length"] == 10 and counts["problems"] == []
    )


def test_inspect_names_where_annotators_disagree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = [
        Document("头痛头痛", (Span(0, 2, "症状"), Span(2, 4, "疾病")), id="一"),
        Document("无头痛", (), id="二"),
    ]
    write_jsonl(documents, tmp_path / "notes.jsonl")
    run("inspect", "jsonl", "--data-dir", tmp_path / "notes.jsonl", "--json", tmp_path / "counts.json")
    printed = capsys.readouterr().out
    assert "Strings with several types: 1 " in printed and "  '头痛': 症状 1 (一 at 0); 疾病 1 (一 at 2)" in printed
    assert "Strings marked here and unmarked there: 1, at 1 places without a mark." in printed
    assert "  '头痛': marked 2 times (症状, 疾病), not in 二 at 1" in printed
    counts = json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))
    assert counts["unmarked_mentions"]["examples"][0]["places"] == [{"document": "二", "start": 1, "end": 3}]


def test_inspect_lists_what_it_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "头痛", "entities": []}\n{"text": "头', encoding="utf-8")
    assert "broken.jsonl:2" in refused(capsys, "inspect", "jsonl", "--data-dir", broken)
    run("inspect", "jsonl", "--data-dir", broken, "--on-error", "skip", "--json", tmp_path / "counts.json")
    found = capsys.readouterr()
    assert "0 mentions () in 1 records" in found.out and "left out: 1" in found.err
    assert len(json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))["problems"]) == 1


def test_inspect_counts_what_it_does_not_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hf_cner.data.problems.MOST_KEPT", 2)
    path = tmp_path / "notes.jsonl"
    path.write_text('{"text": "头痛", "entities": []}\n' + "broken\n" * 5, encoding="utf-8")
    run("inspect", "jsonl", "--data-dir", path, "--on-error", "skip", "--json", tmp_path / "counts.json")
    counts = json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))
    assert len(counts["problems"]) == 2 and counts["problems_count"] == 5


def test_presets_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    run("corpora")
    listed = capsys.readouterr().out
    assert all(name in listed for name in REGISTRY)
    run("corpora", "ccks2019")
    assert "影像检查" in (shown := capsys.readouterr().out) and '{"originalText": "' in shown
    run("presets")
    printed = capsys.readouterr().out
    assert "xlnet-bilstm-mha-crf" in printed and "Table 3" in printed and "P4" in printed
    assert "hfl/chinese-xlnet-base: xlnet; weights: pytorch_model.bin alone (467 MB); vocabulary: spiece" in printed
    run("presets", "xlnet-bilstm-mha-crf")
    assert "# The encoder is published as hfl/chinese-xlnet-base: xlnet; weights:" in capsys.readouterr().out
    run("presets", "idcnn-crf")
    assert "dilations" in capsys.readouterr().out
    assert "There is no preset 'idcn-crf'. Did you mean idcnn-crf" in refused(capsys, "presets", "idcn-crf")
    run("version")
    assert "hf_cner 0.1.0" in capsys.readouterr().out


def test_errors(model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, figures = tmp_path / "errors.html", tmp_path / "errors.json"
    run("errors", "--model", model, "--split", "dev", "-o", page, "--json", figures)
    found = capsys.readouterr()
    assert "wrong boundary" in found.out and "warning" not in found.err
    assert '"mode":"errors"' in page.read_text(encoding="utf-8")
    counts = json.loads(figures.read_text(encoding="utf-8"))
    assert counts["documents"] == 12 and counts["per_type"]["部位"]["gold"] == 12 and counts["warnings"] == []
    run("errors", "--model", model, "--data", data, "--json", figures)
    assert "48 of 60 documents are in the part that the model was trained on" in " ".join(
        capsys.readouterr().err.split()
    )
    assert json.loads(figures.read_text(encoding="utf-8"))["warnings"]


def test_documents_with_errors_go_back_to_the_annotation_tool(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = list(read_jsonl(data))
    documents[7] = replace(documents[7], spans=(Span(0, 2, "部位"),))
    gold, tasks = tmp_path / "gold.csv", tmp_path / "tasks.json"
    rows = [json.dumps([vars_of(span) for span in document.spans], ensure_ascii=False) for document in documents]
    with gold.open("w", encoding="gb18030", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["name", "note", "other", "entities"])
        writer.writerows(zip([d.id for d in documents], [d.text for d in documents], rows, rows, strict=True))
    columns = ("--encoding", "gb18030", "--text-column", "note", "--id-column", "name", "--corpus", "table")
    common = ("errors", "--model", model, "--data", gold, *columns)
    run(*common, "-f", "label-studio", "-o", tasks, "--json", tmp_path / "errors.json")
    wrong = {one["document"] for one in json.loads((tmp_path / "errors.json").read_text(encoding="utf-8"))["errors"]}
    sent = list(read_corpus("label-studio", tasks, problems=Problems("stop")))
    assert "n7" in wrong and {document.id for document in sent} == wrong and len(wrong) < 60
    assert f"{len(wrong)} documents with errors" in capsys.readouterr().err
    assert next(document.spans for document in sent if document.id == "n7") == (Span(0, 2, "部位"),)
    run(*common, "-f", "label-studio", "-o", tasks, "--entities", "predicted")
    found = next(task for task in json.loads(tasks.read_text(encoding="utf-8")) if task["data"]["document"] == "n7")
    assert found["predictions"][0]["model_version"].startswith("out ") and "annotations" not in found
    run("errors", "--model", model, "--data", data, "-f", "jsonl", "-o", tmp_path / "errors.jsonl")
    for arguments, sentence in {
        ("-f", "label-studio"): "label-studio is written to a file: name it with --output.",
        ("-f", "sample", "-o", "x.json"): "sample can be read, and not be written",
        ("-f", "label-studio", "-o", "x.html"): "found a name that ends in .html",
        ("--writing", "count=utf-16", "-o", "x.html"): "html is written without count; leave out --writing.",
    }.items():
        assert sentence in " ".join(refused(capsys, "errors", "--model", model, "--data", data, *arguments).split())


def vars_of(span: Span) -> dict[str, object]:
    return {"start": span.start, "end": span.end, "type": span.type}


def test_errors_knows_documents_without_ids_and_data_that_changed(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nameless, other = tmp_path / "nameless.jsonl", tmp_path / "other.jsonl"
    write_jsonl([Document(document.text, document.spans) for document in read_jsonl(data)], nameless)
    common = ("--config", model / "settings.yaml", "--corpus", "jsonl", "--data-dir", nameless, "--output-dir")
    run("train", *common, tmp_path / "out", "--set", "training.num_train_epochs=1")
    capsys.readouterr()
    run("errors", "--model", tmp_path / "out", "--split", "dev")
    assert "warning" not in capsys.readouterr().err
    changed = [document.with_spans(document.spans[:1]) for document in read_jsonl(data)]
    write_jsonl(changed, other)
    run("errors", "--model", model, "--split", "dev", "--data", other)
    assert "are not those of the run" in " ".join(capsys.readouterr().err.split())
    write_jsonl(changed[:5], other)
    sentence = refused(capsys, "errors", "--model", model, "--split", "dev", "--data", other)
    assert "documents of the part dev that are not in the data, as " in " ".join(sentence.split())


def test_errors_refuses(model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "errors needs --split" in refused(capsys, "errors", "--model", model)
    assert "expected the part test; choose one with --split: train, dev" in " ".join(
        refused(capsys, "errors", "--model", model, "--split", "test").split()
    )
    (tmp_path / "split.json").write_text('{"folds": 2, "fingerprint": "x"}', encoding="utf-8")
    error = refused(capsys, "errors", "--model", tmp_path, "--split", "test")
    assert "found the split of a cross-validation; expected one model's; name a fold" in " ".join(error.split())
    error = refused(capsys, "errors", "--model", model, "--split", "dev", "-o", tmp_path / "errors.json")
    assert "found a name that ends in .json" in " ".join(error.split())


@pytest.mark.parametrize("form", ["label-studio", "doccano", "brat", "conll"])
def test_predictions_go_to_annotation_tools_and_come_back(
    form: str, model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("predict", "--model", model, data, "--output", tmp_path / "plain.jsonl")
    there = tmp_path / {"label-studio": "tasks.json", "doccano": "a.jsonl", "brat": "brat", "conll": "a.bio"}[form]
    named = () if form == "conll" else ("--format", form)  # by its ending
    run("predict", "--model", model, data, *named, "--output", there)
    assert f"60 documents in {there}" in capsys.readouterr().err
    told = ("--reading", "annotator=predictions") if form == "label-studio" else ()
    back = tmp_path / "back.jsonl"
    run("convert", form, "--data-dir", there, *told, "--to", "jsonl", "--output", back)
    before, after = list(read_jsonl(tmp_path / "plain.jsonl")), list(read_jsonl(back))
    assert [(d.text, d.spans) for d in after] == [(d.text, d.spans) for d in before]
    if form == "label-studio":
        assert [s.score for d in after for s in d.spans] == [s.score for d in before for s in d.spans]
        assert json.loads(there.read_text(encoding="utf-8"))[0]["predictions"][0]["model_version"].startswith("out ")
        assert "症状" in (tmp_path / "tasks.config.xml").read_text(encoding="utf-8")
        assert "found something there" in refused(
            capsys, "predict", "--model", model, data, "--format", "brat", "--output", tmp_path
        )


def test_formats_are_refused_where_they_cannot_be(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("predict", "--model", model, data)
    assert "name it with --output" in refused(capsys, *common, "--format", "brat")
    assert "ends in .csv" in refused(capsys, *common, "--format", "doccano", "--output", tmp_path / "a.csv")
    assert "choose one of jsonl, csv, text, html, conll" in refused(capsys, *common, "--format", "xml")
    tasks = ("--format", "label-studio", "--output", tmp_path / "a.json")
    assert "only doccano can be told" in refused(capsys, *common, *tasks, "--writing", "count=utf-8")
    assert "give KEY=VALUE, each key once" in refused(capsys, *common, *tasks, "--writing", "count")
    assert "--resume continues an --output file of JSON lines" in refused(capsys, *common, *tasks, "--resume")
    assert "jsonl is written without count" in refused(capsys, *common, "--writing", "count=utf-8")
    questions = ("--format", "mrc", "--output", tmp_path / "a.jsonl")
    assert "name them with --queries FILE" in refused(capsys, *common, *questions)
    assert list(tmp_path.iterdir()) == []


def test_a_format_is_inspected_evaluated_and_trained_on(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = tmp_path / "tasks.json"
    run("convert", "jsonl", "--data-dir", data, "--to", "label-studio", "--output", tasks)
    rows = json.loads(tasks.read_text(encoding="utf-8"))
    for row in rows:
        row["annotations"] = [{**row["annotations"][0], "completed_by": 1}, {"completed_by": 2, "result": []}]
    tasks.write_text(json.dumps(rows), encoding="utf-8")
    assert "60" not in refused(capsys, "inspect", "label-studio", "--data-dir", tasks)
    told = ("--reading", "annotator=1")
    run("inspect", "label-studio", "--data-dir", tasks, *told)
    assert "label-studio: 120 mentions (60/60) in 60 records" in capsys.readouterr().out
    run("evaluate", "--model", model, "--data", tasks, "--corpus", "label-studio", *told)
    assert "60 documents" in capsys.readouterr().out
    sets = [item for assignment in [*TINY, "training.num_train_epochs=1"] for item in ("--set", assignment)]
    common = ("train", "--preset", "bilstm-crf", "--corpus", "label-studio", "--data-dir", tasks)
    run(*common, "--output-dir", tmp_path / "run", *told, *sets)
    assert "annotator: '1'" in (tmp_path / "run" / "settings.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_table_is_predicted_and_its_columns_are_carried_through(
    ending: str, model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = [document.with_spans(()) for document in read_jsonl(data)]
    ward = [replace(document, columns={"ward": f"w{number}"}) for number, document in enumerate(notes)]
    table.write(ward, tmp_path / f"notes.{ending}")
    common = ("predict", "--model", model, tmp_path / f"notes.{ending}", "--output")
    run(*common, tmp_path / f"entities.{ending}")
    assert "the texts are read from the column 'text', and their names from 'id'" in capsys.readouterr().err
    run(*common, tmp_path / f"whole.{ending}", "--writing", "entities=column")
    run(*common, tmp_path / "rows.jsonl")
    predicted = list(read_jsonl(tmp_path / "rows.jsonl"))
    again = read_corpus("table", tmp_path / f"whole.{ending}")
    assert again == predicted and [d.columns for d in again] == [d.columns for d in ward]
    assert [d.columns for d in predicted] == [d.columns for d in ward]
    _, rows = open_table(tmp_path / f"entities.{ending}", Problems())
    cells = [list(map(str, cells)) for _, cells in rows]
    assert [(row[0], row[4], row[5], row[7]) for row in cells] == [
        (d.id, span.type, d.mention(span), str(d.columns["ward"])) for d in predicted for span in d.spans
    ]
    run("evaluate", "--model", model, "--data", tmp_path / f"whole.{ending}")
    run("inspect", "table", "--data-dir", tmp_path / f"whole.{ending}", "--text-column", "text")
    assert "table: " in capsys.readouterr().out
