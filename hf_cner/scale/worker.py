"""A worker of any engine: it loads one model, and annotates one shard after another."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..data.bars import bars_off
from ..data.locks import Held
from ..data.stores import store_fault
from .plan import Task
from .report import Outcome
from .shard import annotate_shard

PATIENCE = 60  # seconds to wait for a shard that the ending process of a killed run still holds
MOST_TRIES = 5  # workers that may die at one shard
MEMORY = "give fewer --workers, a smaller --batch-tokens, or the machine more memory"


@dataclass(frozen=True)
class Settings:
    """The options of annotation, which are sent to the workers.

    Args:
        model: folder or Hub name.
        predictor: options of `Predictor.from_pretrained`.
        text_column, id_column, allow_duplicate_ids: of `annotate_shard`.
        threads: of each worker. One thread gives the most notes per core, and the same last digits in every worker.
    """

    model: str
    predictor: Mapping[str, Any] = field(default_factory=dict)
    text_column: str = "text"
    id_column: str = "id"
    allow_duplicate_ids: bool = False
    threads: int = 1


class Worker:
    """A loaded model. `device` is its device; None takes the device of the settings."""

    def __init__(self, settings: Settings, device: str | None = None) -> None:
        import torch

        from ..inference.predictor import Predictor
        from ..modeling.crf_backends import SETTING
        from .identity import model_hash

        bars_off()
        torch.set_num_threads(settings.threads)
        # A choice that is measured, or depends on what is installed, could be another one after a restart or on another
        # node, and the same job must give the same bytes.
        os.environ.setdefault(SETTING, "torch")
        options = {"linear": "torch", **settings.predictor, **({} if device is None else {"device": device})}
        self.settings = settings
        self.predictor = Predictor.from_pretrained(settings.model, **options)
        self.model = model_hash(self.predictor)

    def annotate(self, task: Task, progress: Callable[[int], None] | None = None) -> Outcome:
        """Annotate a shard; every ordinary exception becomes an outcome."""
        patient_until = time.monotonic() + PATIENCE
        while True:
            try:
                report = annotate_shard(
                    task.shard,
                    task.target,
                    self.predictor,
                    text_column=self.settings.text_column,
                    id_column=self.settings.id_column,
                    allow_duplicate_ids=self.settings.allow_duplicate_ids,
                    model=self.model,
                    progress=progress,
                )
            except Held as error:
                if time.monotonic() > patient_until:
                    return outcome_of(error, task)
                time.sleep(1)
            except Exception as error:
                return outcome_of(error, task)
            else:
                return Outcome(report)


def gpu_of(options: Mapping[str, Any], place: int) -> str | None:
    """A GPU of its own for each worker, where GPUs are wanted and there; `options` are those of the predictor."""
    import torch

    if options.get("device") not in (None, "cuda") or not torch.cuda.is_available():
        return None
    return f"cuda:{place % torch.cuda.device_count()}"


def outcome_of(error: Exception, task: Task | None = None) -> Outcome:
    """An exception as an outcome: bad input affects its shard, a fault of the system affects all shards."""
    name = type(error).__name__
    where = f"{task.shard}: " if task is not None else ""
    if isinstance(error, MemoryError) or name == "OutOfMemoryError" or "can't allocate memory" in str(error)[:1000]:
        return Outcome(fault=f"{where}found too little memory; expected enough for a batch; {MEMORY}.", fatal=True)
    if isinstance(error, ValueError):
        return Outcome(fault=str(error), fatal=task is None)
    if isinstance(error, OSError):
        return Outcome(fault=str(error), fatal=True)
    if (store := store_fault(error)) is not None:
        return Outcome(fault=f"{where}{store}", fatal=True)
    return Outcome(fault=f"{where}the model failed: {name}: {str(error)[:400]}", fatal=True)
