"""A process of its own for tests that kill processes or need several: `python worker.py TASK FOLDER [options]`."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import small_runs
import torch
from transformers import TrainerCallback

from hf_cner import CnerForTokenClassification, CnerTrainer
from hf_cner.data.documents import write_jsonl
from hf_cner.training.run import train
from hf_cner.training.trainer import DocumentTrainer


def settings(folder: Path, **training: Any) -> dict[str, Any]:
    """Settings of a whole run on invented notes, which are written beside it."""
    corpus = folder.with_name("notes.jsonl")
    if not corpus.exists():
        write_jsonl(small_runs.notes(90, 1), corpus)
    return {
        "preset": None,
        "model": {
            "encoder": {"kind": "static", "embedding_size": 16, "bigram_size": 8, "dropout": 0.1},
            "context": {"kind": "bilstm", "hidden_size": 16},
            "attention": {"kind": "multi_head", "num_heads": 2},
            "span_decoder": {"kind": "crf", "scheme": "BIOES"},
            "dropout": 0.3,
            "windows": {"policy": "sentence", "max_length": 24, "overlap": 8},
        },
        "tokenizer": {"lower_case": True, "min_count": 1},
        "vectors": {"path": None, "bigram_path": None},
        "training": {
            "num_train_epochs": 4, "per_device_train_batch_size": 8, "learning_rate": 1e-2, "use_cpu": True,
            "disable_tqdm": True, "logging_strategy": "no", **training,
        },
        "data": {"corpus": "jsonl", "data_dir": str(corpus), "split": {"ratios": [7, 2, 1], "folds": None, "seed": 5}},
        "seed": 7,
        "output_dir": str(folder),
    }  # fmt: skip


class Kill(TrainerCallback):
    """Ends the process at once, as a lost machine does."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_while_training(step: int) -> None:
    original = DocumentTrainer.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.add_callback(Kill(step))

    DocumentTrainer.__init__ = init  # type: ignore[method-assign]


def kill_while_saving(step: int) -> None:
    original = DocumentTrainer._save_rng_state

    def save(self: Any, output_dir: str) -> None:
        if self.state.global_step == step:
            os.kill(os.getpid(), signal.SIGKILL)
        original(self, output_dir)

    DocumentTrainer._save_rng_state = save  # type: ignore[method-assign]


def evaluate(folder: Path, checkpoint: str) -> None:
    """Write the metrics and the spans of a checkpoint, as every process of this launch has them."""
    model = CnerForTokenClassification.from_pretrained(checkpoint).double()
    run = small_runs.trainer(folder, model=model, arguments_of={"per_device_eval_batch_size": 3})
    output = run.predict(small_runs.notes(25, 9))
    spans = [[[s.start, s.end, s.type] for s in document.spans] for document in output.predictions]
    write(
        folder, run, {"metrics": {k: v for k, v in output.metrics.items() if "f1" in k or "loss" in k}, "spans": spans}
    )


def fit(folder: Path, batch_size: str, epochs: str) -> None:
    """Train at an equal global batch and write the weights."""
    options = {"per_device_train_batch_size": int(batch_size), "num_train_epochs": int(epochs)}
    run = small_runs.trainer(folder, model=small_runs.model(dropout=0.0).double(), arguments_of=options)
    run.train()
    if run.is_world_process_zero():
        torch.save(run.model.state_dict(), folder / "weights.pt")
    write(folder, run, {"metrics": figures(run.evaluate())})


def figures(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if "f1" in name or "loss" in name}


def write(folder: Path, run: CnerTrainer, found: dict[str, Any]) -> None:
    found["world_size"] = run.args.world_size
    (folder / f"found-{run.args.process_index}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    task, folder, options = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    folder.parent.mkdir(parents=True, exist_ok=True)
    if task == "run":
        given = dict(option.split("=") for option in options)
        if "kill_at" in given:
            kill_while_training(int(given["kill_at"]))
        if "kill_saving" in given:
            kill_while_saving(int(given["kill_saving"]))
        steps = {"save_strategy": "steps", "eval_strategy": "steps", "save_steps": 5, "eval_steps": 5}
        training = steps if given.get("save") == "steps" else {}
        run_settings = {**settings(folder, **training), "seed": int(given.get("seed", 7))}
        train(run_settings, resume="resume" in given, overwrite="overwrite" in given)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        {"evaluate": evaluate, "fit": fit}[task](folder, *options)
    if torch.distributed.is_initialized():  # else gloo's threads may end the process with an abort
        torch.distributed.destroy_process_group()
