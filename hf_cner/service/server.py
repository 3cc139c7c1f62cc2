"""The service as a process: uvicorn, one worker or several."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

from fastapi import FastAPI

from .settings import SETTINGS, Limits, ServiceSettings, read_token

FACTORY = "hf_cner.service.server:from_environment"
PROTOCOL = "hf_cner.service.patience:Patient"
TO_LOAD = 300  # seconds in which a worker must answer its supervisor; they include loading the model


def application(settings: ServiceSettings) -> FastAPI:
    """The application with its model, which is loaded and tried once, so that the first client need not wait."""
    from ..data.collector import keep_loaded
    from ..data.documents import Document
    from ..inference.opening import open_predictor
    from .app import Served, build
    from .choices import Choices, predicting

    token = read_token(settings.token_file)
    if settings.workers > 1:  # read when a backend is loaded; workers share the processor's cores
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // settings.workers)))
    options: Any = {**settings.chosen, "backend": settings.backend, "device": settings.device}
    predictor = open_predictor(settings.model, batch_tokens=settings.batch_tokens, **options)
    predict = predicting(predictor)
    predict([Document("。")], Choices())
    keep_loaded()
    name = os.path.basename(os.path.abspath(settings.model)) if os.path.isdir(settings.model) else settings.model
    return build(Served(predict=predict, types=predictor.entity_types, name=name), limits=settings.limits, token=token)


def from_environment() -> FastAPI:
    """The application of one of several workers, with settings from the environment."""
    return application(ServiceSettings.from_json(os.environ[SETTINGS]))


def options_of(limits: Limits) -> dict[str, Any]:
    """uvicorn's options for one worker and for several."""
    return {
        "http": PROTOCOL,
        "ws": "none",
        "access_log": False,  # requests are not logged
        "server_header": False,
        "limit_concurrency": limits.connections,
        "timeout_keep_alive": limits.seconds,
    }


def serve(settings: ServiceSettings, *, host: str, port: int) -> None:
    """Answer requests until SIGTERM or SIGINT; requests that were accepted before are still answered.

    Raises:
        ValueError: a bad token, or an error of loading the model.
    """
    import uvicorn

    read_token(settings.token_file)
    options = {"host": host, "port": port, "log_level": "warning", **options_of(settings.limits)}
    if settings.workers == 1:
        uvicorn.run(application(settings), **options)
        return
    from .metrics import FOLDER
    from .workers import run_workers

    folder = tempfile.mkdtemp(prefix="hf-cner-metrics-")
    os.environ |= {SETTINGS: settings.to_json(), FOLDER: folder, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    try:
        options |= {"workers": settings.workers, "timeout_worker_healthcheck": TO_LOAD}
        run_workers(uvicorn.Config(FACTORY, factory=True, **options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
