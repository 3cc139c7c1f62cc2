"""`hf-cner serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import messages, no_loading_bars
from .decoding import DecodingOption, QueriesOption, ThresholdOption
from .options import Backend, Device, Model


def serve(
    model: Model,
    host: Annotated[str, typer.Option("--host", help="Address to listen at; 0.0.0.0 for all addresses.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen at.")] = 8000,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=256, help="Processes; each holds a model of its own.")
    ] = 1,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            help="File with the token that clients must send [default: HF_CNER_SERVICE_TOKEN, else none].",
            show_default=False,
        ),
    ] = None,
    queries: QueriesOption = None,
    decoding: DecodingOption = None,
    threshold: ThresholdOption = None,
    device: Device = None,
    backend: Backend = None,
    batch_tokens: Annotated[
        int | None, typer.Option("--batch-tokens", help="Characters in one pass of the model.")
    ] = None,
    body: Annotated[int, typer.Option("--max-body", help="Most bytes of one request.")] = 8 << 20,
    texts: Annotated[int, typer.Option("--max-texts", help="Most texts of one request.")] = 1000,
    characters: Annotated[int, typer.Option("--max-characters", help="Most characters of one text.")] = 100_000,
    waiting: Annotated[
        int, typer.Option("--max-waiting", help="Most characters that wait in a worker; then clients get 429.")
    ] = 2_000_000,
    seconds: Annotated[float, typer.Option("--timeout", help="Seconds that a client may take to send a request.")] = 30,
) -> None:
    """Answer requests over HTTP: JSON in, entities with offsets and probabilities out.

    POST /predict takes {"text": …}, POST /predict/batch {"documents": [{"id": …, "text": …}, …]}; / is a page to try
    it, /docs describes the API, /health and /metrics are for its operator. After SIGTERM, accepted requests are still
    answered. No text of a request is logged or kept.

    \b
    Examples:
      hf-cner serve --model OUT --port 8000
      hf-cner serve --model OUT --host 0.0.0.0 --workers 4 --token-file /run/secrets/token
      curl -s localhost:8000/predict -H 'Content-Type: application/json' -d '{"text": "患者头痛3天。"}'
    """
    from ..data.queries import read_queries
    from ..service.settings import Limits, ServiceSettings, read_token
    from .decoding import decoding_options, refuse_missing_model

    limits = Limits(body=body, texts=texts, characters=characters, waiting=waiting, seconds=seconds)
    chosen = decoding_options(queries, decoding, threshold)
    chosen["queries"] = None if queries is None else read_queries(queries)
    token = read_token(token_file)
    refuse_missing_model(model, backend=backend)
    try:
        from ..service.server import serve as run
    except ImportError as error:
        from ..data.extras import install

        raise ImportError(f"The service needs {error.name}, which is not installed: {install('serve')}.") from None

    if token is None and host not in ("127.0.0.1", "localhost", "::1"):
        messages().print(
            f"Everybody who reaches {host}:{port} may use the model; give a --token-file to ask for a token.",
            markup=False,
        )
    no_loading_bars()
    settings = ServiceSettings(
        model=model,
        device=device,
        backend=backend,
        batch_tokens=batch_tokens,
        chosen=chosen,
        token_file=None if token_file is None else str(token_file),
        workers=workers,
        limits=limits,
    )
    messages().print(f"Loading {model}; then http://{host}:{port}/ answers.", markup=False, soft_wrap=True)
    run(settings, host=host, port=port)
