"""A job: an engine runs the shards of a plan, and reports progress and faults."""

from __future__ import annotations

import importlib
import time
from collections import Counter
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
    """The engine of this name.

    Raises:
        DataError: no such engine, or its package is not installed.
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
    """The progress of a job: bytes for the share, rows for the speed. Earlier runs count for neither.

    Attributes:
        bytes: of all shards; `left`: of unfinished shards.
        rows, errors, replaced, entities: of all finished shards.
        shards, before: number of finished shards, and of those finished before this run.
        new_rows: rows that this run has annotated, also in unfinished shards whose engine tells of them.
        faults: the faults of shards that could not be annotated.
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
    told: Counter[str] = field(default_factory=Counter)  # target of an unfinished shard -> rows already in `new_rows`

    def rate(self) -> float:
        """Rows per second of this run."""
        return self.new_rows / max(1e-9, time.monotonic() - self.began)

    def seconds_left(self) -> float | None:
        """Time until the end at this speed; None before the first shard is finished."""
        if not self.new_bytes:
            return None
        return (time.monotonic() - self.began) * self.left / self.new_bytes

    def take(self, task: Task, said: Outcome | int) -> None:
        """Take an event of an engine; DataError if the job cannot continue."""
        if isinstance(said, int):
            self.new_rows += said
            self.told[task.target] += said
            return
        self.left -= task.size
        if said.fatal:
            raise DataError(said.fault)
        if said.report is None:
            self.faults.append(said.fault)
            return
        self.new_rows += 0 if said.report.done_before else said.report.rows - self.told.pop(task.target, 0)
        self.shards += 1
        self.before += said.report.done_before
        self.new_bytes += 0 if said.report.done_before else task.size
        for name in ("rows", "errors", "replaced", "entities"):
            setattr(self, name, getattr(self, name) + asdict(said.report)[name])


def run_job(plan: Plan, settings: Settings, *, engine: Run, workers: int) -> Iterator[Progress]:
    """Run all shards, and yield the progress at each event; always the same object.

    A shard that cannot be read is reported, and the others are annotated.

    Raises:
        DataError: a fault that affects every shard, such as a full disk.
    """
    size = sum(task.size for task in plan.tasks)
    progress = Progress(size, left=size)
    with closing(engine(plan.tasks, settings, workers)) as events:  # at the end of the job, and after any error
        for number, said in events:
            progress.take(plan.tasks[number], said)
            yield progress


def refuse_duplicates(plan: Plan, settings: Settings, progress: Callable[[int], None] | None = None) -> None:
    """Raise DataError for an id in two shards; a shard that cannot be read is ignored here.

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
        except DataError:  # its worker reports it
            continue
    if plan.tasks:
        seen.settle(plan.tasks[-1].shard)
