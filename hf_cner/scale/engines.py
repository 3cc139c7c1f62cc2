"""A job: the shards of a plan, run by an engine to its end, and what came of it."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field

from ..data.extras import install
from ..data.problems import DataError
from .forms import opened_form
from .ids import DuplicateId, Seen
from .plan import Plan, Task
from .report import Event, Outcome
from .rows import Columns
from .worker import Settings

ENGINES = {"local": "local", "ray": "ray_actors"}  # name -> module with `run(tasks, settings, workers)`
Run = Callable[[Sequence[Task], Settings, int], Generator[Event, None, None]]


def engine_of(name: str) -> Run:
    """The engine of a name.

    Raises:
        DataError: no such engine, or one whose package is not installed.
    """
    if name not in ENGINES:
        raise DataError(f"Found the engine {name!r}; expected one of {', '.join(ENGINES)}; choose one of them.")
    try:
        run: Run = importlib.import_module(f".{ENGINES[name]}", __package__).run
    except ImportError as error:
        raise DataError(
            f"Found no package for the engine {name!r} ({error}); expected it installed; {install(name)}."
        ) from error
    return run


@dataclass
class Progress:
    """How far a job is. Bytes measure the way, rows the speed; what was done before counts for neither.

    Attributes:
        bytes: of all shards, and `left` of those that are not done.
        rows, errors, replaced, entities: of all shards that are done.
        shards, before: number of shards that are done, and of those that were done before this run.
        new_rows: rows that this run has annotated, those of shards that are not done included.
        faults: what is wrong with shards that could not be done.
    """

    bytes: int
    left: int = 0
    rows: int = 0
    errors: int = 0
    replaced: int = 0
    entities: int = 0
    shards: int = 0
    before: int = 0
    new_rows: int = 0
    new_bytes: int = 0
    faults: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def rate(self) -> float:
        """Rows per second of this run."""
        return self.new_rows / max(1e-9, time.monotonic() - self.began)

    def seconds_left(self) -> float | None:
        """Time until the end at the speed so far; None before the first shard is done."""
        if not self.new_bytes:
            return None
        return (time.monotonic() - self.began) * self.left / self.new_bytes

    def take(self, task: Task, said: Outcome | int) -> None:
        """Take an event of an engine; DataError where the job cannot go on."""
        if isinstance(said, int):
            self.new_rows += said
            return
        self.left -= task.size
        if said.fatal:
            raise DataError(said.fault)
        if said.report is None:
            self.faults.append(said.fault)
            return
        self.shards += 1
        self.before += said.report.done_before
        self.new_bytes += 0 if said.report.done_before else task.size
        for name in ("rows", "errors", "replaced", "entities"):
            setattr(self, name, getattr(self, name) + asdict(said.report)[name])


def run_job(plan: Plan, settings: Settings, *, engine: Run, workers: int) -> Iterator[Progress]:
    """Run all shards, and give the progress whenever there is some; the same object each time.

    A shard that cannot be read is noted, and the others are done.

    Raises:
        DataError: something that concerns every shard, such as a full disk.
    """
    size = sum(task.size for task in plan.tasks)
    progress = Progress(size, left=size)
    with closing(engine(plan.tasks, settings, workers)) as events:  # whatever ends the job ends the workers
        for number, said in events:
            progress.take(plan.tasks[number], said)
            yield progress


def refuse_duplicates(plan: Plan, settings: Settings, progress: Callable[[int], None] | None = None) -> None:
    """Raise DataError for an id that stands in two shards; a shard that cannot be read is passed over here.

    Reads the whole input once, in this process, and keeps 8 bytes for each id.
    """
    seen = Seen()
    for task in plan.tasks:
        try:
            with opened_form(task.shard, Columns(settings.text_column, settings.id_column)) as form:
                for chunk in form.chunks():
                    seen.add(chunk.rows, task.shard)
                    if progress is not None:
                        progress(len(chunk.rows))
        except DuplicateId:
            raise
        except DataError:  # its worker says so
            continue
    if plan.tasks:
        seen.settle(plan.tasks[-1].shard)
