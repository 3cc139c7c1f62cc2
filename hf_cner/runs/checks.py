"""Checks of a trainer's arguments, before any file in the folder of a run changes."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

from transformers import Trainer, TrainingArguments

from ..data.shown import clipped


def check_steps(arguments: TrainingArguments, windows: int) -> None:
    """Raise ValueError if nothing would be trained, or if the run ends before a step that the arguments name.

    Args:
        windows: number of windows in an epoch.
    """
    together = arguments.train_batch_size * arguments.world_size
    if arguments.dataloader_drop_last and windows < together:
        raise ValueError(
            f"The training part has {windows} windows, a batch {together}, and training.dataloader_drop_last leaves "
            "out a last batch that is not full, so nothing would be trained; leave it out, or lower "
            "training.per_device_train_batch_size."
        )
    batches = windows // together if arguments.dataloader_drop_last else math.ceil(windows / together)
    updates = max(1, math.ceil(batches / arguments.gradient_accumulation_steps))
    steps = arguments.max_steps if arguments.max_steps > 0 else math.ceil(arguments.num_train_epochs * updates)
    evaluated, saved = arguments.eval_strategy, arguments.save_strategy
    later = {
        "warmup_steps": "the learning rate would never be reached",
        **({"eval_steps": "nothing would be evaluated"} if evaluated == "steps" else {}),
        **({"save_steps": "no checkpoint would be saved"} if saved == "steps" else {}),
        **({"eval_delay": "nothing would be evaluated"} if evaluated != "no" else {}),
    }
    for name, why in later.items():
        value = getattr(arguments, name) or 0
        each = updates if name == "eval_delay" and evaluated == "epoch" else 1  # what it counts, in steps
        if value >= 1 and value * each > steps:
            raise ValueError(
                f"training.{name} is {value:g}, and the whole run has {steps:,} steps ({windows:,} windows, "
                f"{updates:,} steps an epoch), so {why}; give at most {steps / each:,g}."
            )


def check_trainer(trainer: Trainer) -> None:
    """Check a trainer's arguments before any file in the folder of the run changes.

    Raises:
        ValueError: what `check_steps` raises, or an optimiser or a schedule that the libraries do not take.
    """
    check_steps(trainer.args, len(trainer.train_dataset))  # type: ignore[arg-type]
    with taken_by_libraries():
        trainer.create_optimizer_and_scheduler(num_training_steps=1)
        trainer.optimizer = trainer.lr_scheduler = None


@contextmanager
def taken_by_libraries() -> Iterator[None]:
    """Turns the error of a library that does not take the settings into one sentence.

    Raises:
        ValueError: in place of the library's error; errors of this package, of memory and of the system are not
            changed.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError) as error:
        frames = [
            str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)
        ]
        library = next((name for name in reversed(frames) if name not in sys.stdlib_module_names), "hf_cner")
        if library == "hf_cner":
            raise
        said = clipped(" ".join(str(error)[:2000].split()), 300)
        raise ValueError(
            f"The settings of the section training cannot be used here ({library}: {said}); change or leave out the "
            "setting that it names."
        ) from error
