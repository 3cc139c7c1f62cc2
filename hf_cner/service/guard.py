"""Checks of every request: connections and token; it is counted, and the log gets no message of an exception."""

from __future__ import annotations

import hmac
import logging
import time

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .batches import place_of
from .metrics import Metrics
from .refusal import Refusal

OPEN = ("/", "/health", "/docs", "/openapi.json", "/page")  # the page's form sends the token in its body
ASSETS = "/docs/"
WATCHED = ("/health", "/metrics")  # these are answered however many connections there are
CROWDED = "hf_cner.crowded"  # in the scope of a request that comes when there are too many
logger = logging.getLogger("hf_cner.service")


def is_token(given: str, token: str) -> bool:
    """Whether the token is right, in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def refused(refusal: Refusal) -> JSONResponse:
    """A refusal as a response."""
    return JSONResponse({"error": refusal.sentence}, status_code=refusal.status, headers=refusal.headers)


def sentences(app: FastAPI) -> None:
    """Give every error of the framework the form of a refusal."""

    def refusal(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Refusal)
        return refused(error)

    def of_framework(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        sentence = {
            404: "There is nothing at this address; see /docs.",
            405: "This address takes another method; see /docs.",
        }.get(error.status_code, f"The request was refused ({error.detail}); see /docs.")
        return refused(Refusal(error.status_code, sentence, error.headers))

    app.add_exception_handler(Refusal, refusal)
    app.add_exception_handler(HTTPException, of_framework)


class Guard:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, *, token: str | None, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app, self._token, self._metrics, self._routes = app, token, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        route = scope["path"] if scope["path"] in self._routes else "other"
        try:
            refusal = self._refusal(scope)
            await (self._app if refusal is None else refused(refusal))(scope, receive, watched)
        except Exception as error:  # the server would log its message, which may hold text
            logger.error("%s in %s", type(error).__name__, place_of(error))
            if not status:
                fault = f"This is a fault of the service ({type(error).__name__}); its log says where."
                await refused(Refusal(500, fault))(scope, receive, watched)
        finally:
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - started)

    def _refusal(self, scope: Scope) -> Refusal | None:
        if CROWDED in scope and scope["path"] not in WATCHED:
            sentence = "Too many connections are open; send the request again in 1 s."
            return Refusal(503, sentence, {"Retry-After": "1", "Connection": "close"})
        if not self._may(scope):
            sentence = "The token is missing or wrong; send `Authorization: Bearer TOKEN`."
            return Refusal(401, sentence, {"WWW-Authenticate": "Bearer", "Connection": "close"})
        return None

    def _may(self, scope: Scope) -> bool:
        if self._token is None or scope["path"] in OPEN or scope["path"].startswith(ASSETS):
            return True
        given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        kind, _, token = given.partition(" ")
        return kind.lower() == "bearer" and is_token(token.strip(), self._token)
