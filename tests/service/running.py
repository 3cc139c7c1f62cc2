"""A service on a port of its own, with a model that is a few lines."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest

from hf_cner.data.documents import Document, Span

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")

import uvicorn

from hf_cner.service.app import Served, build
from hf_cner.service.choices import Choices
from hf_cner.service.server import options_of
from hf_cner.service.settings import Limits

Predict = Callable[[Sequence[Document], Choices], list[Document]]


class Answer(NamedTuple):
    """Status, headers, and JSON or text."""

    status: int
    headers: dict[str, str]
    content: object


class Service(NamedTuple):
    """Where it listens."""

    port: int
    server: uvicorn.Server

    def ask(
        self, method: str, path: str, body: object = None, *, token: str = "", kind: str = "application/json"
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        connection.request(method, path, data, headers)
        response = connection.getresponse()
        content = response.read().decode()
        connection.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, json.loads(content) if "json" in found["content-type"] else content)


def first_two(documents: Sequence[Document], choices: Choices) -> list[Document]:
    """A model: the first two characters of each text are an entity."""
    score = 0.5 if choices.scores else None
    return [one.with_spans([Span(0, 2, "症状", score)] if len(one.text) > 1 else []) for one in documents]


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    """Start a service: `start(predict, token=…, body=…)`."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def begin(predict: Predict = first_two, *, token: str | None = None, **limits: float) -> Service:
        bounds = Limits(**limits)  # type: ignore[arg-type]
        app = build(Served(predict=predict, types=["症状"], name="OUT"), limits=bounds, token=token)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", **options_of(bounds)))
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return Service(server.servers[0].sockets[0].getsockname()[1], server)

    yield begin
    for server, thread in running:
        server.should_exit = True
        thread.join(30)
