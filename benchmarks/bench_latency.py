"""p50 and p99 at stated rates: `hf-cner serve` against transformers' pipeline behind FastAPI, with locust as clients.

    pip install locust                                  # with the extra `serve` of this package
    python benchmarks/bench_latency.py --model OUT

Both servers have the same checkpoint, one process and one thread, and run alone when they are measured. First 64
clients send as fast as they can, which gives each server's top rate. Then both are measured at half of each top rate,
the lower one first: requests come as in a Poisson process, over 64 connections. The pipeline's endpoint is the shortest
that serves it: a function that calls it with the text.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from bench_service import start, until_healthy

SERVICE, PIPELINE = "hf-cner serve", "pipeline behind FastAPI"
USERS = 64


class Figures(NamedTuple):
    """Requests a second, milliseconds, and failed requests."""

    rate: float
    p50: float
    p99: float
    failed: int


def serve_pipeline(model: str, port: int) -> None:
    """The other server, in this process."""
    import torch
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    import hf_cner as hf_cner  # registers the model's type

    class Request(BaseModel):
        text: str
        id: str

    torch.set_num_threads(1)
    checkpoint = AutoModelForTokenClassification.from_pretrained(model)
    pipe = pipeline(
        "token-classification", model=checkpoint, tokenizer=AutoTokenizer.from_pretrained(model),
        aggregation_strategy="simple", device="cpu",
    )  # fmt: skip
    application = FastAPI()

    def predict(request: Request) -> dict[str, object]:
        found = pipe(request.text)
        entities = [{"start": one["start"], "end": one["end"], "type": one["entity_group"]} for one in found]
        return {"id": request.id, "text": request.text, "entities": entities}

    predict.__annotations__ = {"request": Request}
    application.post("/predict")(predict)
    application.get("/health")(lambda: {})
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="warning")


def load(port: int, *, rate: float, seconds: int) -> Figures:
    """What locust's clients see; without a rate they send as fast as they can."""
    command = [sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("latency_user.py"))]
    command += ["--headless", "--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{seconds}s"]
    command += ["--host", f"http://127.0.0.1:{port}", "--json", "--skip-log"]
    own = {**os.environ, "LATENCY_RATE": str(rate), "LATENCY_USERS": str(USERS)}
    done = subprocess.run(command, env=own, check=False, capture_output=True, text=True)
    (found,) = json.loads(done.stdout)
    times = sorted((float(time), count) for time, count in found["response_times"].items())
    number = found["num_requests"]
    took = found["last_request_timestamp"] - found["start_time"]
    return Figures(number / took, quantile(times, number / 2), quantile(times, number * 0.99), found["num_failures"])


def quantile(times: list[tuple[float, int]], rank: float) -> float:
    """The time of this rank; times as locust rounds them, in whole milliseconds up to 100, then to tens."""
    for time, count in times:
        rank -= count
        if rank <= 0:
            return time
    return times[-1][0]


def running(name: str, model: str, port: int) -> subprocess.Popen[str]:
    """A server, once it answers."""
    if name == SERVICE:
        return start(model, 1, port)
    command = [sys.executable, __file__, "--model", model, "--serve-pipeline", str(port)]
    return until_healthy(subprocess.Popen(command, text=True, start_new_session=True), port)


def measured(name: str, model: str, port: int, rates: list[float], seconds: int) -> list[Figures]:
    process = running(name, model, port)
    try:
        load(port, rate=0, seconds=3)  # warms up
        return [load(port, rate=rate, seconds=seconds) for rate in rates]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--seconds", type=int, default=20, help="of each measurement")
    parser.add_argument("--port", type=int, default=8790)
    parser.add_argument("--serve-pipeline", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_pipeline:
        serve_pipeline(options.model, options.serve_pipeline)
        return
    os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    servers = (SERVICE, PIPELINE)
    print("| server | rate | requests/s | p50 | p99 | failed |\n|---|---|---|---|---|---|")

    def show(name: str, asked: str, found: Figures) -> None:
        times = f"{found.p50:.0f} ms | {found.p99:.0f} ms"
        print(f"| {name} | {asked} | {found.rate:.0f} | {times} | {found.failed} |", flush=True)

    tops = []
    for place, name in enumerate(servers):
        (top,) = measured(name, options.model, options.port + place, [0], options.seconds)
        show(name, f"{USERS} clients, as fast as they can", top)
        tops.append(top.rate)
    rates = sorted(top / 2 for top in tops)
    for place, name in enumerate(servers):
        for rate, found in zip(
            rates, measured(name, options.model, options.port + 10 + place, rates, options.seconds), strict=True
        ):
            show(name, f"{rate:.0f}/s", found)


if __name__ == "__main__":
    main()
