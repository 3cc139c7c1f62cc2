"""The addresses of the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from typing import Any

import swagger_ui_bundle
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from .. import __version__
from ..data.documents import Document, to_row
from ..viewer.page import rows_of, write_page
from .batches import Batches, Predict
from .choices import Choices
from .guard import ASSETS, Guard, is_token, sentences
from .metrics import CONTENT_TYPE, Metrics
from .refusal import Refusal
from .requests import Answer, Answers, Fault, Many, One, asked, choices_of, documents_of, form_of, read_body
from .settings import Limits

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-src 'self'; "
    "base-uri 'none'"
)
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Fault} for status in (400, 401, 408, 413, 422, 429, 500, 503)
}


@dataclass(frozen=True, kw_only=True)
class Served:
    """A model for the service: a function for one thread, its types, and a name to show."""

    predict: Predict
    types: Sequence[str]
    name: str


def build(served: Served, *, limits: Limits, token: str | None = None) -> FastAPI:
    """The application: /predict, /predict/batch, /, /health, /metrics and /docs.

    Args:
        token: required in `Authorization: Bearer`; None allows everybody.
    """
    batches = Batches(served.predict, waiting=limits.waiting, watch=lambda *counts: metrics.batch(*counts))
    metrics = Metrics(lambda: batches.waiting)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(batches.close)

    app = FastAPI(title="hf_cner", version=__version__, docs_url=None, redoc_url=None, lifespan=life)
    app.openapi_version = "3.0.3"  # version that the bundled Swagger UI reads
    sentences(app)
    _add_prediction(app, batches, limits)
    _add_page(app, batches, limits, served, token)
    _add_state(app, batches, metrics, served)
    routes = frozenset(getattr(route, "path", "") for route in app.routes)
    app.add_middleware(Guard, token=token, metrics=metrics, routes=routes)
    return app


async def _predicted(request: Request, batches: Batches, documents: list[Document], choices: Choices) -> list[Document]:
    """The documents with spans; they leave the queue when the client closes its connection.

    Raises:
        Refusal: 499 for a client that is gone (nobody reads it, but it is counted), and what `Batches.submit` raises.
    """
    answer = asyncio.wrap_future(batches.submit(documents, choices))
    gone = asyncio.ensure_future(request.receive())  # the body has been read, so only the disconnection can come
    try:
        first: set[asyncio.Future[Any]] = {answer, gone}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        raise Refusal(499, "The connection was closed before the answer; send the request again.")
    finally:
        gone.cancel()
        answer.cancel()


def _body(model: type[BaseModel]) -> dict[str, object]:
    """The body for the OpenAPI page, with its parts written out; `requests.asked` reads and bounds it."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})

    def whole(item: object) -> object:
        if isinstance(item, dict):
            own = {key: whole(inner) for key, inner in item.items() if key != "$ref"}
            return {**parts[item["$ref"].rpartition("/")[2]], **own} if "$ref" in item else own
        return [whole(inner) for inner in item] if isinstance(item, list) else item

    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole(schema)}}}}


def _add_prediction(app: FastAPI, batches: Batches, limits: Limits) -> None:
    @app.post("/predict", responses={200: {"model": Answer}, **_ERRORS}, openapi_extra=_body(One))
    async def predict(request: Request) -> JSONResponse:
        """The entities of one text."""
        one = asked(await read_body(request, limits), One)
        found = await _predicted(request, batches, documents_of([one], limits), choices_of(one.options))
        return JSONResponse(to_row(found[0]))

    @app.post("/predict/batch", responses={200: {"model": Answers}, **_ERRORS}, openapi_extra=_body(Many))
    async def predict_batch(request: Request) -> JSONResponse:
        """The entities of many texts, in order, each with its id."""
        many = asked(await read_body(request, limits), Many)
        found = await _predicted(request, batches, documents_of(many.documents, limits), choices_of(many.options))
        return JSONResponse({"documents": list(map(to_row, found))})


def _add_page(app: FastAPI, batches: Batches, limits: Limits, served: Served, token: str | None) -> None:
    front = files(__package__).joinpath("assets").joinpath("page.html").read_text(encoding="utf-8")
    front = front.replace("$token", "" if token else "hidden")

    @app.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(front, headers={"Content-Security-Policy": PAGE_POLICY})

    @app.post("/page", include_in_schema=False)
    async def shown(request: Request) -> HTMLResponse:
        form = form_of(await read_body(request, limits))
        if token is not None and not is_token(form.get("token", ""), token):
            raise Refusal(401, "The token is missing or wrong; write it into its field.")
        documents = documents_of([form.get("text", "")], limits)
        stream = StringIO()
        found = await _predicted(request, batches, documents, Choices())
        write_page(stream, rows_of(found), title=served.name, types=served.types)
        return HTMLResponse(stream.getvalue())


def _add_state(app: FastAPI, batches: Batches, metrics: Metrics, served: Served) -> None:
    @app.get("/health", responses={503: {"model": Fault}})
    async def health() -> dict[str, object]:
        """Whether requests are answered."""
        if not batches.alive:
            raise Refusal(503, "The service is stopping, or its model stopped; start it again.")
        return {"status": "ok", "model": served.name, "types": list(served.types), "version": __version__}

    @app.get("/metrics", response_class=Response)
    def counts() -> Response:
        """Prometheus metrics."""
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="hf_cner",
            swagger_js_url=f"{ASSETS}swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}swagger-ui.css",
            swagger_favicon_url="data:,",
        )

    app.mount("/docs", StaticFiles(directory=swagger_ui_bundle.swagger_ui_path), name="docs")
