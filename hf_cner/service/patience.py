"""uvicorn's HTTP protocol with time limits for slow clients, which uvicorn itself does not have, and without its
refusal in plain text: with more connections than `limit_concurrency` the requests are marked, and `guard` refuses them.

A client that sends the head of a request too slowly gets an error, and a client that does not read its response is
disconnected. `requests.read_body` limits the time for the body.
"""

from __future__ import annotations

import asyncio
import json

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .guard import CROWDED


class Patient(H11Protocol):
    """uvicorn's protocol; its `timeout_keep_alive` is the limit for the head and for reading the response."""

    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._served, self._most, self.limit_concurrency = self.app, self.limit_concurrency, None
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        crowded = self._most is not None and len(self.connections) > self._most
        self.app = self._crowded if crowded else self._served
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.loop.call_later(self.timeout_keep_alive, self._still_sending, self.cycle)

    def send_400_response(self, msg: str) -> None:
        self._say(400, "Bad Request", f"{msg.rstrip('.')}; send HTTP/1.1.")

    async def _crowded(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._served({**scope, CROWDED: True}, receive, send)

    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _watch(self) -> None:
        """Limit the time until the end of a head; not while a request is answered."""
        if not self._idle():
            self._forget()
        elif self._head is None and self.timeout_keep_alive_task is None:
            self._head = self.loop.call_later(self.timeout_keep_alive, self._too_slow)

    def _forget(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _too_slow(self) -> None:
        if self._idle() and not self.transport.is_closing():
            self._say(
                408, "Request Timeout", f"No whole request came within {self.timeout_keep_alive:g} s; send it again."
            )

    def _still_sending(self, cycle: object) -> None:
        """Disconnect a client that has not read its whole response."""
        if self.cycle is cycle and self.transport.get_write_buffer_size():
            self.transport.abort()

    def _say(self, status: int, reason: str, sentence: str) -> None:
        body = json.dumps({"error": sentence}).encode()
        head = f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()
