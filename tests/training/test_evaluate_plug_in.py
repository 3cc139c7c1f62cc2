"""The metric of the library `evaluate` as a trainer's `compute_metrics`."""

from __future__ import annotations

from pathlib import Path

import evaluate
import pytest
from small_runs import model, notes, trainer
from transformers import EvalPrediction

import hf_cner.metrics

FOLDER = Path(hf_cner.metrics.__file__).parent / "evaluate_module"


def test_the_loaded_folder_counts_what_the_trainer_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluate.config.HF_METRICS_CACHE", str(tmp_path / "metrics"))
    monkeypatch.setattr("evaluate.config.HF_EVALUATE_OFFLINE", True)
    metric = evaluate.load(str(FOLDER), cache_dir=str(tmp_path / "cache"))

    def compute_metrics(prediction: EvalPrediction) -> dict[str, float]:
        return metric.compute(predictions=prediction.predictions, references=prediction.label_ids, per_type=True)

    shared = model()
    options = {"model": shared, "train_dataset": notes(4, 1), "eval_dataset": notes(6, 2)}
    expected = trainer(tmp_path / "a", **options).evaluate()
    found = trainer(tmp_path / "b", compute_metrics=compute_metrics, **options).evaluate()
    counted = {key: value for key, value in expected.items() if "strict" in key or "relaxed" in key}
    assert counted and {key: found[key] for key in counted} == counted
    assert "eval_strict_f1_症状" in found
