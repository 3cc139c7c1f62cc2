"""Load on the service over loopback: throughput, p50 and p99 by clients; nothing lost or mixed up; a killed worker.

    python benchmarks/bench_service.py --model OUT
    python benchmarks/bench_service.py --model OUT --workers 2 --requests 5000 --kill

Each client keeps one connection and sends its next request when it has its answer. Each text holds a number of its
own; the answer's id and text must be those that were sent, and its entities those that `Predictor` finds without a
service. A request is lost if its connection broke or its status was not 200. With `--kill`, a worker is killed by
SIGKILL while 16 clients send, and what was lost is counted: at most what this worker was answering.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

HEADERS = {"Content-Type": "application/json"}
PARTS = ["患者3天前出现头痛", "伴恶心呕吐", "无发热", "腹部CT示胆囊结石", "高血压病史10年", "予阿司匹林治疗"]


def note(number: int) -> str:
    """An invented note with its number in it, of 10 to 60 characters."""
    draw = random.Random(number)
    return f"编号{number:07d}，" + "，".join(draw.sample(PARTS, draw.randint(1, 5))) + "。"


class Load:
    """Clients that share one run of numbers; see the module."""

    def __init__(self, port: int, expected: dict[str, object]) -> None:
        self.port, self.expected = port, expected
        self.times: list[float] = []
        self.lost: list[int] = []
        self.wrong: list[int] = []
        self._lock = threading.Lock()

    def run(self, clients: int, numbers: Iterator[int]) -> float:
        """Seconds until every client is done."""
        threads = [threading.Thread(target=self._client, args=(numbers,)) for _ in range(clients)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started

    def _client(self, numbers: Iterator[int]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        while True:
            with self._lock:
                number = next(numbers, None)
            if number is None:
                return
            text, started = note(number), time.perf_counter()
            try:
                connection.request("POST", "/predict", json.dumps({"text": text, "id": str(number)}), HEADERS)
                response = connection.getresponse()
                answer = json.loads(response.read())
            except (OSError, http.client.HTTPException):
                self.lost.append(number)
                connection.close()
                continue
            self.times.append(time.perf_counter() - started)
            if response.status != 200:
                self.lost.append(number)
            elif (answer["id"], answer["text"]) != (str(number), text) or spans(answer) != self.expected[text]:
                self.wrong.append(number)


def spans(answer: dict[str, list[dict[str, object]]]) -> list[tuple[object, ...]]:
    """Offsets and types; scores may differ in their last digits between shapes of batches."""
    return [(entity["start"], entity["end"], entity["type"]) for entity in answer["entities"]]


def expected_spans(model: str, texts: list[str]) -> dict[str, object]:
    """What `Predictor` finds without a service."""
    from hf_cner import Predictor

    found = Predictor.from_pretrained(model, scores=False)(texts)
    return {one.text: [(span.start, span.end, span.type) for span in one.spans] for one in found}


def start(model: str, workers: int, port: int) -> subprocess.Popen[str]:
    """A service, once it answers."""
    command = [sys.executable, "-m", "hf_cner.cli.main", "serve", "--model", model, "--port", str(port)]
    return until_healthy(subprocess.Popen([*command, "--workers", str(workers)], text=True), port)


def until_healthy(process: subprocess.Popen[str], port: int) -> subprocess.Popen[str]:
    """A server, once it answers."""
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit(f"the service ended with {process.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return process
        except OSError:
            pass
        time.sleep(0.1)
    process.kill()
    raise SystemExit("the service did not answer within 2 minutes")


def workers_of(process: int) -> list[int]:
    """The processes that answer: children of the service that are no helper of multiprocessing."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = re.search(r"PPid:\t(\d+)", (folder / "status").read_text())
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if parent and int(parent[1]) == process and b"spawn_main" in command:
            found.append(int(folder.name))
    return found


def kill_one(service: int, load: Load, requests: int) -> None:
    """Kill a worker while clients send; say what was lost."""
    before = workers_of(service)
    killer = threading.Timer(1.0, os.kill, (before[0], signal.SIGKILL))
    killer.start()
    load.run(16, iter(range(requests)))
    killer.join()
    for _ in range(1800):  # a worker reads its model anew, which takes long on a busy machine
        if len(set(workers_of(service)) - {before[0]}) == len(before):
            break
        time.sleep(0.1)
    else:
        raise SystemExit("the killed worker was not started again")
    print(
        f"killed 1 of {len(before)} workers under 16 clients: {len(load.times)} answered, {len(load.lost)} lost, "
        f"{len(load.wrong)} wrong; started again"
    )
    if load.wrong or len(load.lost) > 16:
        raise SystemExit("more was lost than the killed worker was answering")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--requests", type=int, default=100_000, help="in all, shared out by clients")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--texts", type=int, default=2000, help="different texts")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--kill", action="store_true", help="kill a worker instead; needs --workers 2 or more")
    options = parser.parse_args()
    expected = expected_spans(options.model, [note(number) for number in range(options.texts)])
    process = start(options.model, options.workers, options.port)
    faults = 0
    try:
        if options.kill:
            kill_one(process.pid, Load(options.port, expected), min(options.requests, options.texts))
            return
        print("| clients | requests | requests/s | p50 | p99 | lost | wrong |\n|---|---|---|---|---|---|---|")
        for clients in options.clients:
            load, requests = Load(options.port, expected), options.requests * clients // sum(options.clients)
            seconds = load.run(clients, (number % options.texts for number in range(requests)))
            cuts = statistics.quantiles(load.times, n=100)
            figures = f"{requests / seconds:.0f} | {1000 * cuts[49]:.0f} ms | {1000 * cuts[98]:.0f} ms"
            print(f"| {clients} | {requests:,} | {figures} | {len(load.lost)} | {len(load.wrong)} |", flush=True)
            faults += len(load.lost) + len(load.wrong)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    if faults:
        raise SystemExit(f"{faults} requests were lost or wrong")


if __name__ == "__main__":
    main()
