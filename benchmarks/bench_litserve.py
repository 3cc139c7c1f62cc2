"""`hf-cner serve` beside LitServe: the same model, the same texts, the same clients, in turns.

    pip install litserve                  # into an environment of its own, with the extra `serve` of this package
    python benchmarks/bench_litserve.py --model OUT

LitServe's server is the one of its documentation: an API of `setup`, `decode_request`, `predict` and `encode_response`,
batches of up to 64 requests, and the seconds of `--timeouts` in which a batch may fill. It answers with the same JSON,
and checks nothing of a request. Each server has one process with the model, and runs alone when it is measured.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import litserve  # type: ignore[import-not-found]
from bench_service import Load, expected_spans, note, start, until_healthy

from hf_cner import Document, Predictor
from hf_cner.data.documents import to_row

SERVER = "LitServe"
MOST = 64  # requests in a batch


class Entities(litserve.LitAPI):  # type: ignore[misc]
    """The model of a folder, by `Predictor`."""

    def __init__(self, model: str, timeout: float) -> None:
        super().__init__(max_batch_size=MOST, batch_timeout=timeout)
        self.model = model

    def setup(self, device: str) -> None:
        self.predictor = Predictor.from_pretrained(self.model)

    def decode_request(self, request: dict[str, str]) -> Document:
        return Document(request["text"], id=request["id"])

    def predict(self, documents: list[Document]) -> list[Document]:
        return self.predictor(documents)

    def encode_response(self, document: Document) -> dict[str, object]:
        return to_row(document)


def serve(model: str, port: int, timeout: float) -> None:
    """LitServe's side, in a process of its own."""
    server = litserve.LitServer(Entities(model, timeout), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=port, log_level="warning", generate_client_file=False)


def litserve_of(model: str, port: int, timeout: float) -> subprocess.Popen[str]:
    """LitServe in a process of its own, once it answers."""
    options = ["--model", model, "--port", str(port), "--serve", str(timeout)]
    command = [sys.executable, __file__, *options]
    return until_healthy(subprocess.Popen(command, text=True, start_new_session=True), port)


def measured(
    process: subprocess.Popen[str], port: int, expected: dict[str, object], options: argparse.Namespace
) -> dict[int, list[float]]:
    """Requests/s, p50 and p99 in ms, by clients; the server is stopped."""
    found = {}
    try:
        for clients in options.clients:
            load = Load(port, expected)
            seconds = load.run(clients, (number % options.texts for number in range(options.requests)))
            if load.lost or load.wrong:
                raise SystemExit(f"{len(load.lost)} requests were lost, {len(load.wrong)} wrong")
            cuts = statistics.quantiles(load.times, n=100)
            found[clients] = [options.requests / seconds, 1000 * cuts[49], 1000 * cuts[98]]
    finally:
        if process.args[1] == __file__:  # type: ignore[index]  # LitServe's processes outlive SIGTERM to the first
            os.killpg(process.pid, signal.SIGKILL)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--requests", type=int, default=3000, help="of each row and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--timeouts", type=float, nargs="+", default=[0.0, 0.01], help="seconds that a batch may wait")
    parser.add_argument("--texts", type=int, default=500, help="different texts")
    parser.add_argument("--port", type=int, default=8766)
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.model = str(Path(options.model).absolute())
    if options.serve is not None:
        serve(options.model, options.port, options.serve)
        return
    expected = expected_spans(options.model, [note(number) for number in range(options.texts)])
    rows: dict[tuple[str, int], list[list[float]]] = {}
    for turn in range(options.rounds):
        for place, timeout in enumerate([None, *options.timeouts]):
            port = options.port + 1 + turn * 10 + place
            if timeout is None:
                name, process = "hf-cner serve", start(options.model, 1, port)
            else:
                name, process = f"{SERVER}, {1000 * timeout:g} ms", litserve_of(options.model, port, timeout)
            for clients, figures in measured(process, port, expected, options).items():
                rows.setdefault((name, clients), []).append(figures)
    print("| server | clients | requests/s | p50 | p99 | p99 of each round |\n|---|---|---|---|---|---|")
    for (name, clients), rounds in sorted(rows.items(), key=lambda row: (row[0][1], row[0][0])):
        rate, half, last = (statistics.median(column) for column in zip(*rounds, strict=True))
        each = ", ".join(f"{figures[2]:.0f}" for figures in rounds)
        print(f"| {name} | {clients} | {rate:.0f} | {half:.0f} ms | {last:.0f} ms | {each} |")


if __name__ == "__main__":
    main()
