"""A progress bar that counts documents, on standard error; in a log, a line a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from ..data.documents import Document
from ..data.progress import LogLines, needs_lines
from .console import messages

Counted = Callable[[Iterable[Document]], Iterator[Document]]


class DocumentsPerSecond(ProgressColumn):
    """Documents per second, over the whole run."""

    def render(self, task: Task) -> Text:
        """The rate, or a dash while there is none."""
        rate = task.completed / task.elapsed if task.elapsed else 0.0
        return Text(f"{rate:,.1f} documents/s" if rate else "– documents/s")


@contextmanager
def documents_bar(label: str, total: int | None) -> Iterator[Counted]:
    """A function through which documents pass while a bar counts them; the bar vanishes at the end.

    Args:
        label: name of the work.
        total: number of documents, None if it is not known.
    """
    if needs_lines():
        lines = LogLines(label, total, unit="documents")

        def told(documents: Iterable[Document]) -> Iterator[Document]:
            for document in documents:
                lines.update()
                yield document

        yield told
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        DocumentsPerSecond(),
    )
    with Progress(*columns, TimeElapsedColumn(), console=messages(), transient=True) as progress:
        task = progress.add_task(label, total=total)

        def counted(documents: Iterable[Document]) -> Iterator[Document]:
            for document in documents:
                progress.advance(task)
                yield document

        yield counted
