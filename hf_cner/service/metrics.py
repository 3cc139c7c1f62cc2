"""The metrics for Prometheus at /metrics: counts and times, never text; the sum over all workers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the client library reads it during import
CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counters of one worker; `waiting` returns the number of characters that wait."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        self._waiting = waiting
        of_request = ("route", "status")
        self.requests = Counter("hf_cner_requests", "Requests that were answered.", of_request, registry=registry)
        self.seconds = Histogram(
            "hf_cner_request_seconds", "From a request to its answer.", ("route",), registry=registry, buckets=_SECONDS
        )
        self.texts = Counter("hf_cner_texts", "Texts that were predicted.", registry=registry)
        self.characters = Counter("hf_cner_characters", "Characters that were predicted.", registry=registry)
        self.batches = Histogram(
            "hf_cner_batch_seconds", "Time of one batch in the model.", registry=registry, buckets=_SECONDS
        )
        self.queue = Gauge(
            "hf_cner_waiting_characters",
            "Characters of unanswered requests.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def batch(self, texts: int, characters: int, seconds: float) -> None:
        """Count a batch."""
        self.texts.inc(texts)
        self.characters.inc(characters)
        self.batches.observe(seconds)
        self.queue.set(self._waiting())

    def text(self) -> bytes:
        """All metrics, in Prometheus' form."""
        self.queue.set(self._waiting())
        folder = os.environ.get(FOLDER)
        if folder is None:
            return generate_latest(self._registry)
        for file in Path(folder).glob("gauge_live*_*.db"):  # of a killed worker
            number = int(file.stem.rpartition("_")[2])
            if not _lives(number):
                mark_process_dead(number, folder)
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)
        return generate_latest(together)


def _lives(process: int) -> bool:
    with contextlib.suppress(PermissionError):  # it runs, and belongs to another user
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True
