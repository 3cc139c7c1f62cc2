"""Processes that work off tasks, each with something that takes long to load: a model.

A worker that dies, however it dies, is replaced, and its task is started again by another. When the driver dies, its
workers end at once. Ctrl-C is for the driver, which ends the workers.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, Protocol, TypeVar

from ..data.collector import keep_loaded
from ..data.problems import DataError
from .worker import MOST_TRIES

MOST_WORKERS = 4  # for each core
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")

T = TypeVar("T")
R = TypeVar("R")
Given = TypeVar("Given", contravariant=True)
Made = TypeVar("Made", covariant=True)
Work = Callable[[T, Callable[[int], None]], R]


class Job(Protocol[Given, Made]):
    """What workers do; it travels to them."""

    @property
    def threads(self) -> int:
        """Of each worker. One thread gives the most per core, and every worker the same last digits."""

    def start(self, place: int) -> Callable[[Given, Callable[[int], None]], Made]:
        """Called once in worker number `place`: a function of a task, and of a function that takes progress."""

    def failed(self, error: Exception) -> Made:
        """The result of every task of a worker that could not start."""

    def died(self, task: Given, code: int | None) -> Made:
        """The result of a task at which `MOST_TRIES` workers died, the last with this exit code."""


@dataclass(frozen=True)
class Event(Generic[R]):
    """A task's number with its result; or with the progress since the last event, while `result` is None."""

    number: int
    result: R | None
    progress: int = 0


@dataclass
class _Member(Generic[T]):
    process: BaseProcess
    pipe: Connection
    task: tuple[int, T] | None = None


def check_workers(workers: int) -> None:
    """Raise DataError for a number of workers that this machine cannot use."""
    cores = usable_cores()
    if not 1 <= workers <= MOST_WORKERS * cores:
        raise DataError(
            f"Found {workers:,} as the number of workers; expected 1 to {MOST_WORKERS * cores}, {MOST_WORKERS} for "
            f"each of the {cores} cores that this process may use, because each worker loads a model."
        )


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def died_of(code: int | None) -> str:
    """How a process ended, for a sentence."""
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    return how + (", as the system ends one when memory runs out" if code == -signal.SIGKILL else "")


def work_off(
    tasks: Iterable[T], job: Job[T, R], workers: int, *, ahead: int | None = None
) -> Generator[Event[R], None, None]:
    """Work off all tasks, and tell what happens as it happens; a result for each task, in any order.

    Args:
        tasks: read as workers become free.
        workers: most processes at a time; one is started when there is a task for it.
        ahead: how many tasks may be begun from the earliest that is not done on; None: any number.
    """
    pool = _Pool(enumerate(tasks), job, workers, ahead)
    try:
        while pool.hand_out():
            yield from pool.events()
    finally:
        for member in pool.team.values():
            member.process.kill()
            _ended(member)


@dataclass
class _Pool(Generic[T, R]):
    source: Any
    job: Job[T, R]
    workers: int
    ahead: int | None
    team: dict[int, _Member[T]] = field(default_factory=dict)
    again: deque[tuple[int, T]] = field(default_factory=deque)
    tries: Counter[int] = field(default_factory=Counter)
    read: int = 0

    def hand_out(self) -> bool:
        """Give tasks to whoever has none; whether anybody has one now."""
        for place in range(self.workers):
            member = self.team.get(place)
            if member is not None and member.task is not None:
                continue
            if (task := self._next()) is None:
                break
            if member is None:
                member = self.team[place] = _start(self.job, place)
            member.task = task
            with suppress(OSError):  # it has died, which is seen below
                member.pipe.send(task)
        return any(member.task is not None for member in self.team.values())

    def events(self) -> Generator[Event[R], None, None]:
        """Wait for the next, and give what there is."""
        ready = wait([member.pipe for member in self.team.values()])
        for place, member in list(self.team.items()):
            if member.pipe not in ready:
                continue
            try:
                event: Event[R] = member.pipe.recv()
            except (EOFError, OSError):
                yield from self._lost(place)
                continue
            if event.result is not None:
                member.task = None
            yield event

    def _next(self) -> tuple[int, T] | None:
        if self.again:
            return self.again.popleft()
        unfinished = [member.task[0] for member in self.team.values() if member.task is not None]
        if self.ahead is not None and unfinished and self.read - min(unfinished) >= self.ahead:
            return None
        found: tuple[int, T] | None = next(self.source, None)
        self.read += found is not None
        return found

    def _lost(self, place: int) -> Generator[Event[R], None, None]:
        member = self.team.pop(place)
        code = _ended(member)
        if member.task is None:
            return
        number, task = member.task
        self.tries[number] += 1
        if self.tries[number] < MOST_TRIES:
            self.again.append(member.task)
        else:
            yield Event(number, self.job.died(task, code))


def _start(job: Job[T, R], place: int) -> _Member[T]:
    """A process of its own kind: forking a process that has threads, or a GPU, can hang."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, str(job.threads)))  # read when the libraries are loaded
    try:
        process = context.Process(target=_work, args=(there, job, place), daemon=True)
        process.start()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    there.close()
    return _Member(process, here)


def _ended(member: _Member[T]) -> int | None:
    member.process.join()
    member.pipe.close()
    return member.process.exitcode


def _work(pipe: Connection, job: Job[T, R], place: int) -> None:
    """What runs in a worker's process, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work: Work[T, R] | None = None
    try:
        work = job.start(place)
        keep_loaded()
    except Exception as error:
        fault = job.failed(error)
    with suppress(EOFError, OSError):
        while True:
            number, task = pipe.recv()

            def tell(done: int, number: int = number) -> None:
                pipe.send(Event(number, None, done))

            pipe.send(Event(number, fault if work is None else work(task, tell)))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
