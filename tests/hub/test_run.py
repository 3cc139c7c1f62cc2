"""Reading a run, and what of it may be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from runs import results, write_run

from hf_cner.hub.run import RunError, read_run, without_origins, without_places


def test_everything_is_read(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path))
    assert run.config["model_type"] == "cner" and run.results == results() and len(run.log) == 6
    assert read_run(write_run(tmp_path / "2", {"training_log.json": None})).log == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"config.json": None}, r"config.json is missing; is this the folder of a model\?"),
        ({"results.json": None}, "results.json is missing; from it the card is made"),
        ({"results.json": '{"metrics": '}, "results.json is broken"),
        ({"results.json": "[]"}, "results.json is broken: found a list, expected a dict"),
        ({"results.json": {"metrics": {}}}, "results.json has no metrics"),
        ({"training_log.json": "{}"}, "training_log.json is broken: found a dict, expected a list"),
    ],
)
def test_missing_and_broken_files(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=message):
        read_run(write_run(tmp_path, changed))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_only_finite_figures(tmp_path: Path, value: float) -> None:
    found = results()
    found["metrics"]["test"]["strict"]["macro"]["f1"] = value
    with pytest.raises(RunError, match=r"metrics.test.strict.macro.f1 is (nan|inf); a card can only hold finite"):
        read_run(write_run(tmp_path, {"results.json": found}))


def test_folds_are_no_model(tmp_path: Path) -> None:
    write_run(tmp_path / "fold-0")
    write_run(tmp_path / "fold-1")
    with pytest.raises(RunError, match=r"holds the folds of a cross-validation \(fold-0, fold-1\); name one of them"):
        read_run(tmp_path)


def test_places_stay_here() -> None:
    told = without_places(
        {
            "output_dir": "runs/ward3",
            "vectors": {"path": "C:\\data\\chars.txt", "bigram_path": None},
            "name_or_path": "hfl/chinese-bert",
            "list": ["~/a/b.txt", "/srv/x/", "\\\\server\\share\\y.bin", "/", "a/b", "1/2"],
            "loss": float("nan"),
            "f1": 0.5,
        }
    )
    assert told == {
        "output_dir": None,
        "vectors": {"path": "chars.txt", "bigram_path": None},
        "name_or_path": "hfl/chinese-bert",
        "list": ["b.txt", "x", "y.bin", "/", "a/b", "1/2"],
        "loss": None,
        "f1": 0.5,
    }


def test_of_a_configuration_only_origins_change() -> None:
    config = {"_name_or_path": "/srv/bert", "windows": {"sentence_ends": "/a/b"}, "layers": [{"name_or_path": "a/b"}]}
    assert without_origins(config) == {**config, "_name_or_path": "bert"}
