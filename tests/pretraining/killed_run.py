"""A pretraining run in a process of its own, which can be killed: `killed_run.py FOLDER [kill_at=STEP] [resume]`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from small_encoders import SIZES, notes
from transformers import TrainerCallback

from hf_cner.data.documents import write_jsonl
from hf_cner.pretraining.run import pretrain
from hf_cner.pretraining.trainer import PretrainingTrainer


class Kill(TrainerCallback):
    """Ends the process at once, as a lost machine does."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, options: list[str]) -> None:
    torch.set_num_threads(1)
    given = dict(option.split("=") for option in options if "=" in option)
    texts = folder.with_name("notes.jsonl")
    if not texts.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_jsonl(notes(80), texts)
    if "kill_at" in given:
        original = PretrainingTrainer.__init__

        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            self.add_callback(Kill(int(given["kill_at"])))

        PretrainingTrainer.__init__ = init  # type: ignore[method-assign]
    pretrain(
        {
            "encoder": {"config": {"model_type": "bert", **SIZES}},
            "masking": "entity",
            "entities": "gold",
            "next_sentence": True,
            "max_length": 64,
            "data": {"files": [str(texts)]},
            "training": {
                "num_train_epochs": 3, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 2,
                "save_strategy": "steps", "save_steps": 4, "eval_strategy": "steps", "eval_steps": 4,
                "use_cpu": True, "disable_tqdm": True, "logging_strategy": "no",
            },
            "output_dir": str(folder),
        },
        resume="resume" in options,
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
