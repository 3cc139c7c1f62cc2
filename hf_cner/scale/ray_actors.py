"""The engine of a cluster: Ray actors with one model each, on CPUs or GPUs.

An idle actor with a loaded model gets the next shard, so no shards wait at an actor. An actor that is lost with its
process or node is replaced as soon as the cluster has room, and its shard returns to the queue. Actors that wait for
room make an autoscaling cluster grow. The folders must be the same on every node: a shared file system, or URLs.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Sequence
from typing import Any

import ray
from ray.exceptions import OutOfMemoryError, RayActorError, RayError

from ..data.collector import keep_loaded
from ..data.shown import printable
from .plan import Task
from .report import Event, Outcome
from .worker import MEMORY, MOST_TRIES, Settings, Worker, outcome_of

LOADING = -1  # in place of a task's number: the actor loads its model


class _Actor:
    """A worker on a node; an error during loading is its outcome for every shard."""

    def __init__(self, settings: Settings) -> None:
        try:
            self._worker: Worker | Outcome = Worker(settings)
            keep_loaded()
        except Exception as error:
            self._worker = outcome_of(error)

    def ready(self) -> None:
        """Returns when the model is loaded."""

    def annotate(self, task: Task) -> Outcome:
        """Annotate a shard, see `Worker.annotate`."""
        return self._worker if isinstance(self._worker, Outcome) else self._worker.annotate(task)


def run(tasks: Sequence[Task], settings: Settings, workers: int) -> Generator[Event, None, None]:
    """Annotate all tasks on the cluster that Ray finds (`RAY_ADDRESS`), else on this machine; see `local.run`."""
    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False)
    waiting, tries = deque(range(len(tasks))), Counter[int]()
    kind = ray.remote(max_restarts=0)(_Actor).options(**_resources(settings))
    busy: dict[Any, tuple[Any, int]] = {}  # reference to a result -> the actor, and the number of its task

    def start() -> None:
        actor = kind.remote(settings)
        busy[actor.ready.remote()] = (actor, LOADING)

    try:
        for _ in range(min(workers, len(tasks))):
            start()
        idle: list[Any] = []
        while waiting or any(number != LOADING for _, number in busy.values()):
            while waiting and idle:
                actor, number = idle.pop(), waiting.popleft()
                busy[actor.annotate.remote(tasks[number])] = (actor, number)
            (done,), _ = ray.wait(list(busy), num_returns=1)
            actor, number = busy.pop(done)
            try:
                outcome = ray.get(done)
            except RayError as error:
                start()
                if number == LOADING:
                    continue
                tries[number] += 1
                if tries[number] < MOST_TRIES:
                    waiting.appendleft(number)
                else:
                    yield number, _died(tasks[number], error)
                continue
            idle.append(actor)
            if number != LOADING:
                yield number, outcome
    finally:
        for actor in [*(actor for actor, _ in busy.values()), *idle]:
            ray.kill(actor)


def _resources(settings: Settings) -> dict[str, float]:
    """A GPU for each actor if the settings or the cluster have GPUs, and a CPU for each of its threads."""
    device = settings.predictor.get("device")
    gpu = device == "cuda" or (device is None and ray.cluster_resources().get("GPU", 0) > 0)
    return {"num_cpus": settings.threads, "num_gpus": 1 if gpu else 0}


def _died(task: Task, error: RayError) -> Outcome:
    memory = isinstance(error, OutOfMemoryError)
    why = "memory ran out" if memory else printable(str(error).partition("\n")[0][:200])
    kind = "its node or process" if isinstance(error, RayActorError) else "Ray"
    found = f"{task.shard}: found that {MOST_TRIES} workers were lost at it ({kind}: {why})"
    return Outcome(fault=f"{found}; expected one to end; {MEMORY}.")
