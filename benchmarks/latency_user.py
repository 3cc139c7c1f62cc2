"""A client of `bench_latency.py`, for locust: one text a request, at the rate of LATENCY_RATE shared by all clients."""

from __future__ import annotations

import os
import random
import time
from itertools import count

from bench_service import note
from locust import FastHttpUser, task  # type: ignore[import-not-found]

RATE, USERS, TEXTS = float(os.environ["LATENCY_RATE"]), int(os.environ["LATENCY_USERS"]), 2000
numbers = count()


class Client(FastHttpUser):  # type: ignore[misc]
    """Sends its next request when it is due, and has its answer; without a rate at once."""

    due = 0.0

    def on_start(self) -> None:
        if RATE:
            self.due = time.time()
            time.sleep(self.wait_time())

    def wait_time(self) -> float:
        """Until the next arrival of a Poisson process; a request that is late shifts no other."""
        self.due += random.expovariate(RATE / USERS) if RATE else 0.0
        return max(0.0, self.due - time.time())

    @task
    def predict(self) -> None:
        number = next(numbers) % TEXTS
        self.client.post("/predict", json={"text": note(number), "id": str(number)})
