"""The engine of one machine: processes with one model each, each of which annotates whole shards."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from .plan import Task
from .pool import check_workers, died_of, work_off
from .report import Event, Outcome
from .worker import MEMORY, MOST_TRIES, Settings, Worker, gpu_of, outcome_of


@dataclass(frozen=True)
class _Shards:
    """Annotate shards; what the pool calls a job."""

    settings: Settings

    @property
    def threads(self) -> int:
        return self.settings.threads

    def start(self, place: int) -> Callable[[Task, Callable[[int], None]], Outcome]:
        return Worker(self.settings, gpu_of(self.settings.predictor, place)).annotate

    def failed(self, error: Exception) -> Outcome:
        return outcome_of(error)

    def died(self, task: Task, code: int | None) -> Outcome:
        found = f"{task.shard}: found that {MOST_TRIES} workers died at it ({died_of(code)})"
        return Outcome(fault=f"{found}; expected one to end; {MEMORY}.")


def run(tasks: Sequence[Task], settings: Settings, workers: int) -> Generator[Event, None, None]:
    """Annotate all tasks, and yield events as they happen; an outcome for each task, in any order.

    Args:
        workers: processes; on a machine with GPUs worker number n computes on GPU n modulo their number.

    Raises:
        DataError: a number of workers that this machine cannot use.
    """
    check_workers(workers)
    with closing(work_off(tasks, _Shards(settings), workers)) as events:
        for event in events:
            yield event.number, event.progress if event.result is None else event.result
