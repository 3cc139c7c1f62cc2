"""The progress of a job of shards, on standard error: a bar on a terminal, else a line a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..data.progress import Minutely, left, needs_lines
from .console import messages

if TYPE_CHECKING:
    from ..scale.engines import Progress

MOST_FAULTS = 10  # faults that are printed


def default_workers(device: str | None) -> int:
    """One for each GPU that is used, else one for each core of this process."""
    if device in (None, "cuda"):
        import torch

        if torch.cuda.is_available():
            return torch.cuda.device_count()
    from ..scale.pool import usable_cores

    return usable_cores()


def line_of(progress: Progress, shards: int) -> str:
    """The progress in a line."""
    faults = f", {len(progress.faults):,} failed" if progress.faults else ""
    return (
        f"{progress.shards:,} of {shards:,} shards ({progress.before:,} before){faults}, {progress.rows:,} rows, "
        f"{progress.errors:,} with an error, {progress.rate():,.0f} rows/s, {left(progress.seconds_left())}"
    )


@contextmanager
def job_bar(shards: int) -> Iterator[Callable[[Progress], None]]:
    """A function that shows the progress."""
    if needs_lines():
        say = Minutely()
        yield lambda progress: say(lambda: line_of(progress, shards))
        return
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    with Bar(BarColumn(20), TextColumn("{task.description}"), console=messages(), transient=True) as bar:
        task = bar.add_task("annotating")

        def draw(progress: Progress) -> None:
            done = progress.bytes - progress.left
            bar.update(task, total=max(1, progress.bytes), completed=done, description=line_of(progress, shards))

        yield draw


def say_what_came(progress: Progress, out: str) -> None:
    """Print the counts of the whole job, and its faults."""
    console = messages()
    for fault in progress.faults[:MOST_FAULTS]:
        console.print(f"failed: {fault}", style="yellow", markup=False, soft_wrap=True)
    counts = f"{progress.rows:,} rows in {progress.shards:,} shards ({progress.before:,} were done before)"
    errors = f", {progress.errors:,} rows with an error" if progress.errors else ""
    console.print(f"{out}: {counts}, {progress.entities:,} entities{errors}", markup=False, soft_wrap=True)
    if progress.replaced:
        said = f"{progress.replaced:,} rows had entities or an error in the input, which the output does not have"
        console.print(said, markup=False, soft_wrap=True)
