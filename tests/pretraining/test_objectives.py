"""Each objective that the settings name is run once, because it stands there."""

from __future__ import annotations

import inspect
import math
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from small_encoders import SIZES, notes, written
from transformers import AutoModel, AutoTokenizer

from hf_cner.pretraining.objectives import Objective, objective_of
from hf_cner.pretraining.run import pretrain
from hf_cner.settings.pretraining import ObjectiveName, PretrainingSettings

BERT: dict[str, Any] = {"model_type": "bert", **SIZES}
ENCODERS: dict[str, dict[str, Any]] = {  # of an objective that is not here BERT's is taken
    "bilm": {"embedding_size": 6, "hidden_size": 6},
    "plm": {"model_type": "xlnet", "d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16},
}
OBJECTIVES = get_args(ObjectiveName)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_objective_has_what_it_owes(name: str) -> None:
    module = objective_of(PretrainingSettings.of({"objective": name}))
    owed = {*Objective.__annotations__, *(key for key, _ in inspect.getmembers(Objective, inspect.isfunction))}
    missing = {key for key in owed if not key.startswith("_") and not hasattr(module, key)}
    assert not missing
    assert len(module.LEARNING_RATES) == 2 and all(rate > 0 for rate in module.LEARNING_RATES)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_objective_learns_and_leaves_an_encoder_that_goes_on(name: str, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    texts = written(tmp_path / "notes.txt", notes(60))
    training = {"num_train_epochs": 3, "use_cpu": True, "disable_tqdm": True, "per_device_train_batch_size": 8}
    asked = {
        "objective": name,
        "encoder": {"config": ENCODERS.get(name, BERT)},
        "data": {"files": [texts]},
        "max_length": 64,
        "training": training | {"learning_rate": 5e-3},
        "output_dir": tmp_path / "out",
    }
    results = pretrain(asked)
    figures = results["metrics"]["held_out"]
    assert figures and all(math.isfinite(value) for value in figures.values())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    inputs = tokenizer("患者头痛", return_tensors="pt", return_token_type_ids=False)
    vectors = AutoModel.from_pretrained(tmp_path / "out")(**inputs).last_hidden_state
    assert vectors.shape[:2] == inputs["input_ids"].shape and vectors.isfinite().all()
    again = {**asked, "encoder": {"name_or_path": tmp_path / "out"}, "output_dir": tmp_path / "more"}
    assert pretrain(again)["vocabulary"] == results["vocabulary"]
