"""The engine of one machine: processes with one model each.

A worker that dies is replaced, and another worker starts its shard again. If the driver dies, its workers end at once;
unfinished shards have no name yet.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from .plan import Task
from .report import Event, Outcome
from .worker import MEMORY, MOST_TRIES, Settings, Worker, outcome_of

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass
class _Member:
    process: BaseProcess
    pipe: Connection
    task: int | None = None


def run(tasks: Sequence[Task], settings: Settings, workers: int) -> Generator[Event, None, None]:
    """Annotate all tasks, and yield events as they happen; an outcome for each task, in any order.

    Args:
        workers: processes; on a machine with GPUs worker number n computes on GPU n modulo their number.
    """
    waiting = deque(range(len(tasks)))
    tries: Counter[int] = Counter()
    team = [_start(settings, number) for number in range(min(workers, len(tasks)))]
    try:
        while waiting or any(member.task is not None for member in team):
            for member in team:
                if member.task is None and waiting:
                    member.task = waiting.popleft()
                    with suppress(OSError):  # it has died; handled below
                        member.pipe.send((member.task, tasks[member.task]))
            ready = wait([member.pipe for member in team])
            for place, member in enumerate(team):
                if member.pipe not in ready:
                    continue
                try:
                    number, said = member.pipe.recv()
                except (EOFError, OSError):
                    lost, member.task = member.task, None
                    team[place] = _start(settings, place)
                    code = _ended(member)
                    if lost is None:
                        continue
                    tries[lost] += 1
                    if tries[lost] < MOST_TRIES:
                        waiting.appendleft(lost)
                    else:
                        yield lost, _died(tasks[lost], code)
                    continue
                if isinstance(said, Outcome):
                    member.task = None
                yield number, said
    finally:
        for member in team:
            member.process.kill()
            _ended(member)


def _died(task: Task, code: int | None) -> Outcome:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    why = ", as the system ends one when memory runs out" if code == -signal.SIGKILL else ""
    found = f"{task.shard}: found that {MOST_TRIES} workers died at it ({how}{why})"
    return Outcome(fault=f"{found}; expected one to end; {MEMORY}.")


def _start(settings: Settings, place: int) -> _Member:
    """A new process: forking a process that has threads, or uses a GPU, can hang."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, str(settings.threads)))  # read when the libraries are loaded
    try:
        process = context.Process(target=_work, args=(there, settings, place), daemon=True)
        process.start()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    there.close()
    return _Member(process, here)


def _ended(member: _Member) -> int | None:
    member.process.join()
    member.pipe.close()
    return member.process.exitcode


def _work(pipe: Connection, settings: Settings, place: int) -> None:
    """The main function of a worker's process, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which ends the workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        worker: Worker | Outcome = Worker(settings, _device(settings, place))
    except Exception as error:
        worker = outcome_of(error)
    with suppress(EOFError, OSError):
        while True:
            number, task = pipe.recv()

            def tell(rows: int, number: int = number) -> None:
                pipe.send((number, rows))

            pipe.send((number, worker if isinstance(worker, Outcome) else worker.annotate(task, tell)))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _device(settings: Settings, place: int) -> str | None:
    """A GPU for each worker, if GPUs are wanted and available."""
    import torch

    if settings.predictor.get("device") not in (None, "cuda") or not torch.cuda.is_available():
        return None
    return f"cuda:{place % torch.cuda.device_count()}"
