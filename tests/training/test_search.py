"""A search for settings: three small trials, cut off and continued, and what it may not be."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from small_runs import notes

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import write_jsonl
from hf_cner.runs.callbacks import Patience
from hf_cner.settings.resolve import resolve_settings
from hf_cner.settings.training import TrainSettings
from hf_cner.training import search as module
from hf_cner.training.parts import parts_of
from hf_cner.training.run import train
from hf_cner.training.search import search
from hf_cner.training.trainer import DocumentTrainer

optuna = pytest.importorskip("optuna", reason="Optuna is not installed: pip install '.[search]'")
SPACE: dict[str, Any] = {
    "model.context.hidden_size": [8, 16],
    "training.slot_learning_rates.span_decoder": {"low": 1e-2, "high": 1e-1, "log": True},
    "training.weight_decay": {"low": 0.0, "high": 1e-3},
}
QUICK = [
    *("model.encoder.embedding_size=8", "training.num_train_epochs=4", "training.learning_rate=0.05"),
    *("training.use_cpu=true", "training.disable_tqdm=true", "training.per_device_train_batch_size=4"),
    *("data.corpus=jsonl", "data.split.ratios=[7, 2, 1]"),
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "notes.jsonl"
    write_jsonl(notes(40, 1), path)
    return path


def settings(corpus: Path, folder: Path, *more: str) -> TrainSettings:
    own = [f"data.data_dir={corpus}", f"output_dir={folder}"]
    return resolve_settings("bilstm-crf", assignments=[*QUICK, *own, *more])


def told(found: dict[str, Any]) -> list[Any]:
    """What the finished trials tried and reached."""
    finished = [row for row in found["trials"] if row["state"] == "complete"]
    return [{name: row[name] for name in ("f1", *SPACE)} for row in finished]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """accelerate collects garbage three times in a trial, which takes longer than a small trial itself."""
    monkeypatch.setattr("accelerate.utils.memory.gc.collect", lambda: 0)


class Cut(Exception):
    """As if the process had ended."""


def test_three_trials_cut_off_and_gone_on_with_are_those_of_an_unbroken_search(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = search(settings(corpus, tmp_path / "whole"), trials=3, space=SPACE)
    assert len(told(whole)) == 3 and len({row["training.weight_decay"] for row in told(whole)}) == 3
    assert whole["best"]["f1"] == max(row["f1"] for row in told(whole)) > 0
    assert "trial 2: F1" in capsys.readouterr().err

    begun, builds = settings(corpus, tmp_path / "cut"), []
    real = module.build

    def cut_off(*args: Any, **options: Any) -> Any:
        builds.append(args)
        if len(builds) == 5:  # for the tokenizer, for the trainer, and for two trials: in the third
            raise Cut
        return real(*args, **options)

    monkeypatch.setattr(module, "build", cut_off)
    with pytest.raises(Cut):
        search(begun, trials=3, space=SPACE)
    monkeypatch.setattr(module, "build", real)
    with open(tmp_path / "cut" / "trials.csv", encoding="utf-8") as stream:
        assert [row["state"] for row in csv.DictReader(stream)] == ["complete", "complete"]
    optuna.load_study(study_name="hf-cner", storage=f"sqlite:///{tmp_path / 'cut' / 'study.db'}").ask()  # as if killed
    with pytest.raises(ValueError, match=r"study\.db holds a search; continue it \(--resume\), or start again"):
        search(begun, trials=3, space=SPACE)
    resumed = search(begun, trials=3, space=SPACE, resume=True)
    assert told(resumed) == told(whole)
    assert [row["state"] for row in resumed["trials"]] == ["complete", "complete", "fail", "fail", "complete"]
    again = search(begun, trials=2, space=SPACE, resume=True)  # nothing left to do
    assert told(again) == told(whole)


def test_only_the_training_part_is_looked_at(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    real = module._Trials

    def watched(**options: Any) -> Any:
        seen.extend({document.id for document in options[name]} for name in ("train_dataset", "eval_dataset"))
        return real(**options)

    monkeypatch.setattr(module, "_Trials", watched)
    asked = settings(corpus, tmp_path / "study")
    found = search(asked, trials=1, space=SPACE)
    train_part = {document.id for document in parts_of(read_corpus("jsonl", corpus), asked.data.split)["train"]}
    learn, dev = seen
    assert learn | dev == train_part and not learn & dev and len(train_part) == 28 and len(dev) == 6
    assert "(28 of 40 documents), split 8:2 by record to learn from (22) and to choose by (6)" in found["protocol"]


def test_the_best_settings_are_a_configuration_and_a_study_goes_on_with_what_it_began_with(
    corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    found = search(settings(corpus, folder), trials=1, space=SPACE, prune=True)
    best = found["best"]["parameters"]
    read = resolve_settings(config=folder / "best.yaml", options={"output_dir": str(tmp_path / "model")})
    assert read.model.context.to_dict() == {"kind": "bilstm", "hidden_size": best["model.context.hidden_size"]}
    rate = best["training.slot_learning_rates.span_decoder"]
    assert read.training["slot_learning_rates"] == {"span_decoder": rate}
    assert read.training["weight_decay"] == best["training.weight_decay"]
    assert "save_strategy" not in read.training, "what the search needs is not what a run needs"
    assert train(read)["settings"]["model"]["context"] == read.model.context.to_dict()
    first = (folder / "best.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# Trial 0 of 1: F1 {found['best']['f1']:.4f}"

    other = {**SPACE, "training.weight_decay": {"low": 0.0, "high": 0.2}}
    with pytest.raises(ValueError, match=r"began with another space \(training\.weight_decay\.high\)"):
        search(settings(corpus, folder), trials=2, space=other, resume=True)
    with pytest.raises(ValueError, match=r"began with other settings \(model\.dropout\)"):
        search(settings(corpus, folder, "model.dropout=0.2"), trials=2, space=SPACE, resume=True)
    with pytest.raises(ValueError, match="began with other data"):  # the same notes, but others to choose by
        search(settings(corpus, folder), trials=2, space=SPACE, resume=True, shares=(1, 1))
    write_jsonl(notes(41, 1), corpus)
    with pytest.raises(ValueError, match="began with other data; a search continues with what it began with"):
        search(settings(corpus, folder), trials=2, space=SPACE, resume=True)
    assert len(search(settings(corpus, folder), trials=1, space=other, overwrite=True)["trials"]) == 1


def test_pruning_belongs_to_what_a_study_began_with(corpus: Path, tmp_path: Path) -> None:
    search(settings(corpus, tmp_path / "study"), trials=1, space=SPACE, prune=True)
    with pytest.raises(ValueError, match="began with other prune; a search continues with what it began with"):
        search(settings(corpus, tmp_path / "study"), trials=2, space=SPACE, resume=True)


@pytest.mark.parametrize(
    ("preset", "varied", "value", "base"),
    [
        ("bilstm-crf", "model.span_decoder.scheme", "BIOES", "BIO"),
        ("bilstm-crf", "model.span_decoder.scheme", "BIO", "BIOES"),
        ("bilstm-biaffine", "model.span_decoder.max_width", 8, 1),
    ],
)
def test_a_trial_learns_from_the_labels_of_its_own_decoder(
    preset: str, varied: str, value: Any, base: Any, corpus: Path, tmp_path: Path
) -> None:
    def asked(folder: str, chosen: Any) -> TrainSettings:
        own = [f"data.data_dir={corpus}", f"output_dir={tmp_path / folder}", f"{varied}={chosen}"]
        return resolve_settings(preset, assignments=[*QUICK, *own])

    elsewhere = search(asked("elsewhere", base), trials=1, space={varied: [value]})
    native = search(asked("native", value), trials=1, space={varied: [value]})
    assert elsewhere["best"]["f1"] == native["best"]["f1"] > 0


def test_an_encoder_is_frozen_in_the_trials_that_say_so(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool]] = []
    real = DocumentTrainer.training_step

    def watched(self: DocumentTrainer, model: Any, *args: Any, **options: Any) -> Any:
        learns = all(parameter.requires_grad for parameter in model.cner.encoder.parameters())
        seen.append((self.args.freeze_encoder, learns))
        return real(self, model, *args, **options)

    monkeypatch.setattr(DocumentTrainer, "training_step", watched)
    space = {"training.freeze_encoder": [True, False], "training.weight_decay": {"low": 0.0, "high": 1e-3}}
    search(settings(corpus, tmp_path / "study", "training.num_train_epochs=1"), trials=6, space=space)
    assert set(seen) == {(True, False), (False, True)}


def test_what_follows_from_a_varied_metric_is_the_trials_own(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []
    real = DocumentTrainer.training_step

    def watched(self: DocumentTrainer, *args: Any, **options: Any) -> Any:
        seen.append((str(self.args.metric_for_best_model), bool(self.args.greater_is_better)))
        return real(self, *args, **options)

    monkeypatch.setattr(DocumentTrainer, "training_step", watched)
    space = {
        "training.metric_for_best_model": ["loss", "strict_f1"],
        "training.weight_decay": {"low": 0.0, "high": 0.1},
    }
    search(settings(corpus, tmp_path / "study", "training.num_train_epochs=1"), trials=6, space=space)
    assert set(seen) == {("loss", False), ("strict_f1", True)}


def test_a_search_goes_on_where_its_vectors_were_moved_and_not_where_they_changed(corpus: Path, tmp_path: Path) -> None:
    for name, number in (("here", 0.1), ("there", 0.1), ("other", 0.2)):
        (tmp_path / name).write_text(f"1 8\n头 {f'{number} ' * 8}\n", encoding="utf-8")
    one = settings(corpus, tmp_path / "study", f"vectors.path={tmp_path / 'here'}")
    search(one, trials=1, space=SPACE)
    moved = settings(corpus, tmp_path / "study", f"vectors.path={tmp_path / 'there'}")
    assert len(search(moved, trials=2, space=SPACE, resume=True)["trials"]) == 2
    changed = settings(corpus, tmp_path / "study", f"vectors.path={tmp_path / 'other'}")
    with pytest.raises(ValueError, match=r"began with other settings \(vectors\.path\)"):
        search(changed, trials=3, space=SPACE, resume=True)


def test_each_trial_has_its_own_patience(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []

    def watched(self: Patience, args: Any, state: Any) -> bool:
        seen.append((args.early_stopping_patience, self.patience))
        return False

    monkeypatch.setattr(Patience, "is_out", watched)
    space = {"training.early_stopping_patience": [1, 3], "training.weight_decay": {"low": 0.0, "high": 1e-3}}
    search(settings(corpus, tmp_path / "study", "training.num_train_epochs=1"), trials=6, space=space)
    assert set(seen) == {(1, 1), (3, 3)} and len(seen) == 6


def test_a_trial_that_breaks_off_says_with_what_and_what_to_do(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: Any, **__: Any) -> Any:
        raise RuntimeError("out of memory.")

    monkeypatch.setattr(DocumentTrainer, "training_step", exhausted)
    with pytest.raises(ValueError, match=r"Trial 0 broke off, with .*: out of memory\. It is tried again .*--resume"):
        search(settings(corpus, tmp_path / "study"), trials=1, space=SPACE)


def test_a_trial_that_diverges_counts_as_nothing_and_the_search_goes_on(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    much, some = "momentum=1e12", "momentum=0.9"
    space = {"training.optim_args": [much, some], "training.weight_decay": {"low": 0.0, "high": 1e-3}}
    asked = settings(corpus, tmp_path / "study", "training.optimizer=sgd", "training.learning_rate=0.5")
    found = search(asked, trials=5, space=space)
    reached = {row["training.optim_args"]: row["f1"] for row in found["trials"]}
    assert reached[much] == 0.0 < reached[some] and {row["state"] for row in found["trials"]} == {"complete"}
    assert found["best"]["parameters"]["training.optim_args"] == some
    told = capsys.readouterr().err
    assert "Training diverged: by step" in told and "The trial counts as 0." in told


@pytest.mark.parametrize(
    ("more", "options", "sentence"),
    [
        (("data.split.folds=5",), {}, "With folds every document is in a test part once"),
        ((), {"trials": 0}, "0 trials are asked for"),
        ((), {"shares": (1,)}, r"split in \[1\]; give two shares above 0"),
        ((), {"space": {"model.contxt.hidden_size": [1]}}, r"model\.contxt\.hidden_size cannot be varied"),
        (("output_dir=null",), {}, "The settings need output_dir"),
    ],
)
def test_a_search_that_cannot_be_is_one_sentence_and_leaves_nothing(
    corpus: Path, tmp_path: Path, more: tuple[str, ...], options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        search(settings(corpus, tmp_path / "study", *more), **{"space": SPACE, **options})
    assert not (tmp_path / "study").exists()


def test_a_trial_that_cannot_be_built_is_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Trial 0 cannot be built, with model\.context\.hidden_size 0: .* Leave such"):
        search(settings(corpus, tmp_path / "study"), trials=1, space={"model.context.hidden_size": [0]})


def test_without_optuna_it_says_what_to_install(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"needs Optuna, which is not installed: pip install '\.\[search\]'"):
        search(settings(corpus, tmp_path / "study"), trials=1)


def test_the_old_search_stays_until_the_new_one_is_whole(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, space = tmp_path / "study", {"training.weight_decay": [0.0, 1e-3]}
    quick = settings(corpus, folder, "training.num_train_epochs=1")
    search(quick, trials=1, space=space)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ValueError, match=r"study\.db holds a search; continue it \(--resume\), or start again"):
        search(quick, trials=1, space=space)
    real = module._one_trial

    def second_is_cut_off(trainer: Any, study: Any, **options: Any) -> None:
        if study.finished():
            raise KeyboardInterrupt
        real(trainer, study, **options)

    monkeypatch.setattr(module, "_one_trial", second_is_cut_off)
    with pytest.raises(KeyboardInterrupt):
        search(quick, trials=2, space=space, overwrite=True)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    found = search(quick, trials=2, space=space, resume=True)  # the new one, beside the old
    assert len(found["trials"]) == 2 and found["files"]["best.yaml"] == str(folder / "best.yaml")
    assert {path.name for path in tmp_path.iterdir()} == {"notes.jsonl", "study"}
    assert (folder / "best.yaml").read_text(encoding="utf-8").startswith("# Trial")
    (folder / ".hf-cner.json").unlink()  # of an older version
    assert len(search(quick, trials=1, space=space, overwrite=True)["trials"]) == 1
    (folder / "mine.yaml").write_text("x")
    with pytest.raises(ValueError, match=r"study: found mine\.yaml, which was not written here"):
        search(quick, trials=3, space=space, resume=True)


def test_a_search_whose_first_trial_fails_leaves_nothing(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_one_trial", lambda *_, **__: exec("raise ValueError('stop')"))
    with pytest.raises(ValueError, match="stop"):
        search(settings(corpus, tmp_path / "study"), trials=1, space=SPACE)
    assert not (tmp_path / "study").exists()
