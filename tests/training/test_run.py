from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_runs import notes
from transformers import AutoModelForTokenClassification, AutoTokenizer
from worker import settings

import hf_cner.training.run
from hf_cner import Predictor
from hf_cner.data.documents import Document, write_jsonl
from hf_cner.data.problems import DataError
from hf_cner.training.run import train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("run") / "out"
    given = settings(folder, num_train_epochs=12, logging_strategy="epoch")
    return folder, given, train(given)


def test_the_folder_holds_the_model_and_all_about_it(run: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    folder, given, results = run
    assert json.loads((folder / "results.json").read_text()) == json.loads(json.dumps(results))
    assert yaml.safe_load((folder / "settings.yaml").read_text()) == given
    assert not list(folder.glob("checkpoint-*")) and not list(folder.glob("*.tmp"))
    assert results["metrics"]["dev"]["strict"]["micro"]["f1"] > 0.9
    assert set(results["metrics"]["test"]["strict"]["per_type"]) == {"症状", "部位"}
    assert results["data"]["documents"] == {"train": 63, "test": 18, "dev": 9}
    assert results["data"]["split"] == {"shares": "7:2:1", "seed": 5, "hash": results["data"]["split"]["hash"]}
    assert results["entities"]["lost"] == 0 and results["entities"]["documents"] == 63
    assert results["seed"] == 7 and results["epochs"] == 12.0 and 1 <= results["best_epoch"] <= 12
    assert len(results["seconds"]["training_epochs"]) == 12
    assert {"torch", "transformers", "python"} <= set(results["versions"])
    split = json.loads((folder / "split.json").read_text())
    assert {name: len(split[name]) for name in ("train", "test", "dev")} == results["data"]["documents"]
    log = json.loads((folder / "training_log.json").read_text())
    assert sum("loss" in entry for entry in log) == 12 and sum("eval_strict_f1" in entry for entry in log) == 12


def test_the_model_loads_and_finds_what_the_results_say(run: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    folder, _, results = run
    model = AutoModelForTokenClassification.from_pretrained(folder)
    assert len(AutoTokenizer.from_pretrained(folder)) == model.config.vocab_size
    test = [
        document for document in notes(90, 1) if document.id in json.loads((folder / "split.json").read_text())["test"]
    ]
    found = list(Predictor.from_pretrained(folder).predict([document.text for document in test]))
    hits = sum(len({*gold.spans} & {*guess.spans}) for gold, guess in zip(test, found, strict=True))
    assert hits == results["metrics"]["test"]["strict"]["micro"]["tp"]


def test_a_finished_run_is_read_refused_or_replaced(
    run: tuple[Path, dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    _, given, results = run
    assert train(given, resume=True) == json.loads(json.dumps(results))
    with pytest.raises(ValueError, match="holds a finished run; choose another output_dir"):
        train(given)
    small = settings(tmp_path / "out", num_train_epochs=1)
    train(small)
    (tmp_path / "out" / "own.txt").write_text("kept")
    again = copy.deepcopy(small)
    again["seed"] = 8
    with pytest.raises(DataError, match=r"out: found own\.txt, which was not written here; .* move that file away"):
        train(again, overwrite=True)
    (tmp_path / "out" / "own.txt").unlink()
    assert train(again, overwrite=True)["seed"] == 8
    assert json.loads((tmp_path / "out" / "results.json").read_text())["checkpoint"] == str(tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"out", "notes.jsonl"}


def test_folds_go_on_with_their_own_settings_and_are_replaced_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = settings(tmp_path / "out", num_train_epochs=1)
    given["data"]["split"] = {"folds": 3, "seed": 1}
    real, done = hf_cner.training.run._train_in, []

    def cut_off(*args: Any, **options: Any) -> Any:
        if len(done) % 2:
            raise KeyboardInterrupt
        done.append(real(*args, **options))
        return done[-1]

    monkeypatch.setattr(hf_cner.training.run, "_train_in", cut_off)
    with pytest.raises(KeyboardInterrupt):
        train(given)
    monkeypatch.undo()
    other = copy.deepcopy(given)
    other["training"]["learning_rate"] = 0.5
    with pytest.raises(ValueError, match=r"began with other settings \(training\.learning_rate\)"):
        train(other, resume=True)
    first = train(given, resume=True)
    assert [fold["data"]["fold"] for fold in first["folds"]] == [0, 1, 2]
    monkeypatch.setattr(hf_cner.training.run, "_train_in", cut_off)
    done.append(None)
    with pytest.raises(KeyboardInterrupt):
        train(other, overwrite=True)
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == json.loads(json.dumps(first))
    monkeypatch.undo()
    second = train(other, resume=True)  # the new one, which takes the name when all folds are there
    assert second["settings"]["training"]["learning_rate"] == 0.5
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == json.loads(json.dumps(second))
    assert [fold["checkpoint"] for fold in second["folds"]] == [str(tmp_path / "out" / f"fold-{n}") for n in range(3)]


def test_a_run_that_was_cut_off_after_its_early_stop_trains_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    training = {"num_train_epochs": 30, "early_stopping_patience": 1, "learning_rate": 0.05}
    whole = train(settings(tmp_path / "whole", **training))
    assert whole["best_epoch"] + 1 == whole["epochs"] < 30
    cut = settings(tmp_path / "cut", **training)
    monkeypatch.setattr(hf_cner.training.run, "_report", lambda *_: exec("raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):  # while the best epoch is evaluated
        train(cut)
    monkeypatch.undo()
    resumed = train(cut, resume=True)
    assert {key: resumed[key] for key in ("epochs", "best_epoch", "metrics")} == {
        key: whole[key] for key in ("epochs", "best_epoch", "metrics")
    }


def test_a_run_that_was_cut_off_goes_on_with_its_own_settings_and_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = settings(tmp_path / "out", num_train_epochs=2)
    monkeypatch.setattr("hf_cner.training.run._finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        train(given)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="holds a run that was cut off; continue it"):
        train(given)
    other = copy.deepcopy(given)
    other["training"]["learning_rate"] = 0.5
    with pytest.raises(ValueError, match=r"began with other settings \(training.learning_rate\)"):
        train(other, resume=True)
    write_jsonl(notes(91, 1), tmp_path / "notes.jsonl")
    with pytest.raises(ValueError, match="began with other data"):
        train(given, resume=True)
    write_jsonl(notes(90, 1), tmp_path / "notes.jsonl")
    assert train(given, resume=True)["epochs"] == 2.0


def test_a_run_does_not_go_on_with_other_vectors_under_the_same_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = settings(tmp_path / "out", num_train_epochs=1)
    given["vectors"] = {"path": str(tmp_path / "characters.txt")}
    size = given["model"]["encoder"]["embedding_size"]
    (tmp_path / "characters.txt").write_text(f"1 {size}\n头 {'0.1 ' * size}\n", encoding="utf-8")
    monkeypatch.setattr("hf_cner.training.run._finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        train(given)
    monkeypatch.undo()
    (tmp_path / "characters.txt").write_text(f"1 {size}\n头 {'0.2 ' * size}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"began with another content of vectors\.path"):
        train(given, resume=True)


@pytest.mark.parametrize(
    "refused",
    [
        {"optimizer": "adamw", "optim_args": "weight_decay=0.1"},
        {"optimizer": "adamw", "optim_args": "beta=1"},
        {"slot_learning_rates": {"span_decoder.crfx": 0.1}},
    ],
)
def test_what_is_refused_does_not_cost_the_model_that_it_would_have_replaced(
    refused: dict[str, Any], tmp_path: Path
) -> None:
    train(settings(tmp_path / "out", num_train_epochs=1))
    weights = (tmp_path / "out" / "model.safetensors").read_bytes()
    with pytest.raises(ValueError, match=r"optim_args gives|no option 'beta'|falls under"):
        train(settings(tmp_path / "out", num_train_epochs=1, **refused), overwrite=True)
    assert (tmp_path / "out" / "results.json").is_file()
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == weights
    with pytest.raises(ValueError, match=r"optim_args gives|no option 'beta'|falls under"):
        train(settings(tmp_path / "other", num_train_epochs=1, **refused))
    assert train(settings(tmp_path / "other", num_train_epochs=1))["epochs"] == 1.0  # nothing stands in the way


def test_folds_are_run_one_by_one_and_averaged(tmp_path: Path) -> None:
    given = settings(tmp_path / "out", num_train_epochs=2)
    given["data"]["split"] = {"ratios": None, "folds": 2, "seed": 1}
    results = train(given)
    scores = [fold["metrics"]["test"]["strict"]["micro"]["f1"] for fold in results["folds"]]
    assert results["metrics"]["test"]["f1"]["mean"] == pytest.approx(sum(scores) / 2)
    assert results["data"]["split"]["shares"] == "2 folds"
    tested = [json.loads((tmp_path / "out" / f"fold-{n}" / "split.json").read_text())["test"] for n in (0, 1)]
    assert sorted(tested[0] + tested[1]) == sorted(document.id for document in notes(90, 1))
    (tmp_path / "out" / "results.json").unlink()
    assert train(given, resume=True)["metrics"] == results["metrics"]


def test_without_a_dev_part_the_last_epoch_stays(tmp_path: Path) -> None:
    given = settings(tmp_path / "out", num_train_epochs=1, early_stopping_patience=3)
    given["data"]["split"] = {"ratios": None, "folds": None, "seed": 1}
    results = train(given)
    assert results["metrics"] == {} and results["best_epoch"] is None
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_a_progress_bar_and_a_line_for_each_epoch(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    given = settings(tmp_path / "out", num_train_epochs=2, disable_tqdm=False)
    train(given)
    shown = capfd.readouterr()
    assert "training part: 63 documents" in shown.err and "none lost" in shown.err
    assert "epoch 1: dev loss" in shown.err and "epoch 2: dev loss" in shown.err and "(best)" in shown.err
    assert "Writing model shards" not in shown.err and shown.out == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output_dir": None}, "need output_dir"),
        ({"training": {"epochs": 3}}, "There is no setting training.epochs"),
        ({"split": {"ratios": [1, 1, 1, 1], "seed": 0}}, r"data.split.ratios is \[1, 1, 1, 1\]; give two"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    given = settings(tmp_path / "out")
    given["data"] |= {key: value for key, value in change.items() if key == "split"}
    given |= {key: value for key, value in change.items() if key != "split"}
    with pytest.raises(ValueError, match=message):
        train(given)
    assert not (tmp_path / "out" / "results.json").exists()


def test_settings_that_fail_leave_a_finished_run_alone(tmp_path: Path) -> None:
    good = settings(tmp_path / "out", num_train_epochs=1)
    train(good)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()}
    bad = copy.deepcopy(good)
    bad["model"]["context"] = {"kind": "lstm"}
    with pytest.raises(ValueError, match="Unknown context kind 'lstm'"):
        train(bad, overwrite=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()} == before
    bad["output_dir"] = str(tmp_path / "new")
    with pytest.raises(ValueError, match="Unknown context kind 'lstm'"):
        train(bad)
    assert not (tmp_path / "new").exists()


def test_a_corpus_without_entities_and_a_file_as_folder_are_refused(tmp_path: Path) -> None:
    write_jsonl([Document("无", id="a"), Document("伴", id="b")], tmp_path / "notes.jsonl")
    with pytest.raises(ValueError, match="has no entities at all"):
        train(settings(tmp_path / "out"))
    (tmp_path / "notes.jsonl").unlink()
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file; output_dir must be a folder"):
        train(settings(tmp_path / "file"))


def test_the_last_epoch_stays_where_none_is_to_be_chosen(tmp_path: Path) -> None:
    given = settings(tmp_path / "out", num_train_epochs=1, load_best_model_at_end=False)
    given["data"]["split"]["ratios"] = [8.0, 2.0]
    results = train(given)
    assert set(results["metrics"]) == {"dev"} and results["best_epoch"] is None
    assert results["data"]["split"]["shares"] == "8:2"


def test_dev_joined_to_train_keeps_the_last_epoch(tmp_path: Path) -> None:
    given = settings(tmp_path / "out", num_train_epochs=1)
    given["data"]["split"] = {**given["data"]["split"], "ratios": [7, 2, 1], "join_dev": True}
    results = train(given)
    assert results["data"]["documents"] == {"train": 72, "test": 18} and set(results["metrics"]) == {"test"}
    assert "7:2:1, dev joined to train by record (train / test)" in results["protocol"]
    assert results["best_epoch"] is None
    given["data"]["split"]["ratios"] = [8, 2]
    with pytest.raises(ValueError, match=r"join_dev joins dev to train, and the ratios \[8, 2\] then"):
        train({**given, "output_dir": str(tmp_path / "other")})
