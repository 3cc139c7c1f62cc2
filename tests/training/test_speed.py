"""What makes a training fast is done, and done once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from closeness import assert_close
from small_runs import model, notes, trainer

from hf_cner.runs import linear
from hf_cner.training import encoding


def test_texts_become_ids_once_and_evaluation_gathers_spans_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    encode = encoding.encode_documents

    def counted(documents: Any, *args: Any, **options: Any) -> Any:
        calls.append(len(documents))
        return encode(documents, *args, **options)

    monkeypatch.setattr(encoding, "encode_documents", counted)
    run = trainer(tmp_path, train_dataset=notes(12, 1), eval_dataset=notes(5, 2), arguments_of={"num_train_epochs": 3})
    gathered: list[Any] = []
    step = run.prediction_step
    monkeypatch.setattr(
        run, "prediction_step", lambda *args, **more: gathered.append(step(*args, **more)) or gathered[-1]
    )
    run.train()
    assert calls == [12, 5]
    assert len(gathered) == 3
    for _, (spans, totals), labels in gathered:
        assert spans.shape[2] == 4 and totals.shape[1] == 2 and labels is None


@pytest.mark.parametrize("fast", [True, False])
def test_a_training_takes_the_faster_products_unless_told_otherwise(
    fast: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: True)
    monkeypatch.setattr(linear, "SMALLEST", 1)
    products: list[torch.Size] = []
    times = linear._times
    monkeypatch.setattr(linear, "_times", lambda *given: (products.append(given[1].shape), times(*given))[1])
    trainer(tmp_path, arguments_of={"num_train_epochs": 1, "fast_linear": fast}).train()
    assert bool(products) == fast


def test_both_products_train_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: True)
    monkeypatch.setattr(linear, "SMALLEST", 1)
    trained = []
    for fast in (True, False):
        torch.manual_seed(0)
        network = model(dropout=0.0)
        options = {"num_train_epochs": 1, "fast_linear": fast, "optim": "sgd", "eval_strategy": "no"}
        trainer(tmp_path / str(fast), model=network, arguments_of=options).train()
        trained.append(torch.cat([weight.flatten() for weight in network.state_dict().values()]))
    assert_close(*trained, terms=4096)  # 8 steps of sums over a batch's characters
