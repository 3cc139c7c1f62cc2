"""A predictor whose documents are processed by several workers, with one model each."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from ..data.documents import Document
from ..data.problems import DataError
from ..runtime.finder import EntityFinder, Input, chunks
from .pool import check_workers, died_of, work_off
from .worker import MEMORY, MOST_TRIES, gpu_of

AHEAD = 4  # lists of documents for each worker that may be read before the earliest is done
Result = list[Document] | Exception


@dataclass(frozen=True)
class Documents:
    """Annotate lists of documents; what the pool calls a job.

    Args:
        model: folder or Hub name.
        predictor: options of `inference.opening.open_predictor`.
        threads: of each worker.
    """

    model: str
    predictor: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1

    def start(self, place: int) -> Callable[[list[Document], Callable[[int], None]], Result]:
        import torch

        from ..data.bars import bars_off
        from ..inference.opening import open_predictor

        bars_off()
        torch.set_num_threads(self.threads)
        device = gpu_of(self.predictor, place)
        options = {**self.predictor, **({} if device is None else {"device": device})}
        finder = open_predictor(self.model, **options)

        def annotate(documents: list[Document], progress: Callable[[int], None]) -> Result:
            size = sum(max(1, len(document.text)) for document in documents)
            try:
                return list(finder.predict(documents, read_ahead=size, progress=progress))
            except Exception as error:
                return self.failed(error)

        return annotate

    def failed(self, error: Exception) -> Result:
        """The error, or its name if it cannot be sent between processes."""
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # what an exception of some library may raise there
            return RuntimeError(f"{type(error).__name__}: {str(error)[:400]}")
        return error

    def died(self, task: list[Document], code: int | None) -> Result:
        first = f" (the first is {task[0].id!r})" if task[0].id else ""
        found = f"Found that {MOST_TRIES} workers died at the same {len(task):,} documents{first}: {died_of(code)}"
        return DataError(f"{found}; expected one to end; {MEMORY}.")


class WorkerFinder(EntityFinder):
    """A predictor's work done by several processes: the same documents, in the same order.

    Args:
        predictor: of this process; it says what the model is, and computes nothing.
        job: how the workers open theirs.
        workers: how many.

    Raises:
        DataError: a number of workers that this machine cannot use.
    """

    def __init__(self, predictor: EntityFinder, job: Documents, workers: int) -> None:
        check_workers(workers)
        self.predictor = predictor
        self.tokenizer, self.table, self.windows = predictor.tokenizer, predictor.table, predictor.windows
        self._job, self._workers = job, workers

    @property
    def weights(self) -> str:
        return self.predictor.weights

    @property
    def entity_types(self) -> list[str]:
        return self.predictor.entity_types

    def _extract(self, chunk: list[Document], progress: Callable[[int], None] | None) -> Iterator[Document]:
        yield from self._in_order([chunk], progress)

    def _predict(
        self, texts: Iterable[Input], read_ahead: int, progress: Callable[[int], None] | None
    ) -> Iterator[Document]:
        return self._in_order(chunks(texts, read_ahead), progress)

    def _in_order(self, tasks: Iterable[list[Document]], progress: Callable[[int], None] | None) -> Iterator[Document]:
        done: dict[int, list[Document]] = {}
        wanted = 0
        with closing(work_off(tasks, self._job, self._workers, ahead=AHEAD * self._workers)) as events:
            for event in events:
                if progress is not None and event.progress:
                    progress(event.progress)
                if isinstance(event.result, Exception):
                    raise event.result
                if event.result is not None:
                    done[event.number] = event.result
                while wanted in done:
                    yield from done.pop(wanted)
                    wanted += 1
