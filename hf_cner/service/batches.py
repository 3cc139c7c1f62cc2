"""Micro-batching: one thread predicts; requests that arrive meanwhile are predicted together next.

Nothing waits for a batch to fill: a lone request is predicted at once, and batches grow by themselves under load. A
large request is predicted in pieces. Requests are served in the order of their arrival; after its future was
cancelled, the rest of a request is not predicted.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field

from ..data.documents import Document
from .choices import Choices
from .refusal import Refusal

Predict = Callable[[Sequence[Document], Choices], list[Document]]
logger = logging.getLogger("hf_cner.service")

BATCH_CHARACTERS = 8192
LONGEST_RETRY = 60  # seconds


@dataclass(eq=False, slots=True)
class _Job:
    """A request: its documents, and the predicted ones, in order."""

    documents: Sequence[Document]
    choices: Choices
    future: Future[list[Document]] = field(default_factory=Future)
    taken: int = 0
    done: list[Document] = field(default_factory=list)


class Batches:
    """A bounded queue before a model.

    Args:
        predict: called in one thread only.
        waiting: largest number of characters in unanswered requests. If none waits, a request of any size is taken.
        watch: called after each batch with its texts, characters and seconds.
    """

    def __init__(
        self, predict: Predict, *, waiting: int, watch: Callable[[int, int, float], None] = lambda *_: None
    ) -> None:
        self._predict = predict
        self._most = waiting
        self._watch = watch
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._waiting = 0
        self._speed = 1000.0  # characters per second, a moving average
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="hf-cner-predict", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Characters of unanswered requests."""
        return self._waiting

    @property
    def alive(self) -> bool:
        """Whether requests are still predicted."""
        return self._thread.is_alive() and not self._closed

    def submit(self, documents: Sequence[Document], choices: Choices) -> Future[list[Document]]:
        """The documents with spans, in order, once they are predicted.

        Raises:
            Refusal: 429 if too much waits, with the seconds after which to try again; 503 after `close`.
        """
        job, size = _Job(documents, choices), _size(documents)
        with self._changed:
            if not self.alive:
                raise Refusal(503, "The service is stopping; send the request again.", {"Retry-After": "5"})
            if self._waiting and self._waiting + size > self._most:
                seconds = min(LONGEST_RETRY, max(1, math.ceil(self._waiting / self._speed)))
                raise Refusal(
                    429,
                    f"{self._waiting:,} characters wait to be predicted, and at most {self._most:,} may; send the "
                    f"request again in {seconds} s.",
                    {"Retry-After": str(seconds)},
                )
            self._waiting += size
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def close(self) -> None:
        """Refuse new requests, predict the waiting ones, and return when they are done."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                self._drop_cancelled()
                if not self._jobs:
                    if self._closed:
                        return
                    continue
                pieces = self._take()
            started = time.perf_counter()
            self._run(pieces)
            seconds = time.perf_counter() - started
            texts = [document for _, documents in pieces for document in documents]
            size = _size(texts)
            with self._changed:
                self._speed += 0.2 * (size / max(seconds, 1e-6) - self._speed)
                self._waiting -= size
            self._watch(len(texts), size, seconds)
            for job, _ in pieces:
                if len(job.done) == len(job.documents):
                    with contextlib.suppress(InvalidStateError):  # it was cancelled meanwhile
                        job.future.set_result(job.done)

    def _drop_cancelled(self) -> None:
        for job in [job for job in self._jobs if job.future.cancelled()]:
            self._jobs.remove(job)
            self._waiting -= _size(job.documents[job.taken :])

    def _take(self) -> list[tuple[_Job, Sequence[Document]]]:
        """The next documents: from the first request, and from later ones with the same choices."""
        pieces: list[tuple[_Job, Sequence[Document]]] = []
        room, choices = BATCH_CHARACTERS, self._jobs[0].choices
        left: deque[_Job] = deque()
        while self._jobs and room > 0:
            job = self._jobs.popleft()
            if job.choices != choices:
                left.append(job)
                continue
            begin = job.taken
            while job.taken < len(job.documents) and room > 0:
                room -= _size(job.documents[job.taken : job.taken + 1])
                job.taken += 1
            pieces.append((job, job.documents[begin : job.taken]))
            if job.taken < len(job.documents):
                left.append(job)
        self._jobs.extendleft(reversed(left))
        return pieces

    def _run(self, pieces: Sequence[tuple[_Job, Sequence[Document]]]) -> None:
        """Predict pieces together. If that fails, predict each alone, so that a request fails only by its own fault."""
        try:
            documents = [document for _, part in pieces for document in part]
            found = self._predict(documents, pieces[0][0].choices)
            if len(found) != len(documents):
                raise RuntimeError(f"{len(documents)} documents were given, {len(found)} came back")
        except Exception as error:  # after any error the next request must be answered
            if len(pieces) > 1:
                for piece in pieces:
                    self._run([piece])
            else:
                self._fail(pieces[0][0], error)
            return
        for job, part in pieces:
            job.done += found[: len(part)]
            found = found[len(part) :]

    def _fail(self, job: _Job, error: Exception) -> None:
        if not isinstance(error, Refusal):
            logger.error("%s in %s", type(error).__name__, place_of(error))
            error = Refusal(500, f"Prediction failed ({type(error).__name__}); the service's log says where.")
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)
                self._waiting -= _size(job.documents[job.taken :])
        with contextlib.suppress(InvalidStateError):
            job.future.set_exception(error)


def _size(documents: Sequence[Document]) -> int:
    return sum(max(1, len(document.text)) for document in documents)


def place_of(error: BaseException) -> str:
    """The lines of code of an error, the innermost last, without its message, which may hold a patient's text."""
    return " < ".join(f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-4:])
