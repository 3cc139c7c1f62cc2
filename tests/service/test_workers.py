"""The command as a process: load, a killed worker, and what it says before it starts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from hf_cner import Predictor
from hf_cner.service.settings import TOKEN, Limits, ServiceSettings, read_token

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "fixtures" / "checkpoints" / "tagging-bilstm-crf"


def bench(*options: str) -> str:
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_service.py"), "--model", str(MODEL), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(port: int, method: str, path: str, body: object = None) -> tuple[int, str]:
    """Over a connection of its own, so that any worker may answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, None if body is None else json.dumps(body))
    response = connection.getresponse()
    answer = response.status, response.read().decode()
    connection.close()
    return answer


@contextmanager
def served(port: int, *options: object) -> Iterator[None]:
    """`hf-cner serve`, once it answers; it must end by itself after SIGTERM."""
    command = [sys.executable, "-m", "hf_cner.cli.main", "serve", "--port", port, *options]
    process = subprocess.Popen(list(map(str, command)))
    try:
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None and time.monotonic() < deadline
            try:
                if ask(port, "GET", "/health")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.mark.slow
def test_metrics_are_those_of_all_workers() -> None:
    pytest.importorskip("fastapi")
    with served(8774, "--model", MODEL, "--workers", 2):
        for _ in range(40):
            assert ask(8774, "POST", "/predict", {"text": "患者头痛3天。"})[0] == 200
        said = {ask(8774, "GET", "/metrics")[1] for _ in range(8)}
        for text in said:
            assert re.search(r'^hf_cner_requests_total\{route="/predict",status="200"\} 40.0$', text, re.MULTILINE)
            assert re.search(r"^hf_cner_texts_total 40.0$", text, re.MULTILINE)


@pytest.mark.slow
def test_an_exported_graph_is_served_like_its_model(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")
    from hf_cner.export.folder import export_model

    predictor = Predictor.from_pretrained(MODEL)
    export_model(predictor, tmp_path / "EXPORTED", to="onnx")
    text = "患者头痛3天。"
    expected = [(span.start, span.end, span.type) for span in predictor([text])[0].spans]
    with served(8775, "--model", tmp_path / "EXPORTED", "--backend", "onnx"):
        status, said = ask(8775, "POST", "/predict", {"text": text})
        found = [(one["start"], one["end"], one["type"]) for one in json.loads(said)["entities"]]
        assert status == 200 and found == expected != []
        status, said = ask(8775, "POST", "/predict", {"text": text, "options": {"threshold": 0.5}})
        assert status == 422 and "An exported graph gives tags" in json.loads(said)["error"]


def test_a_worker_that_dies_while_it_is_asked_is_seen_at_once() -> None:
    pytest.importorskip("fastapi")
    import uvicorn

    from hf_cner.service.workers import Worker

    worker = Worker(uvicorn.Config("fastapi:FastAPI", factory=True, workers=2), [])
    worker.start()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)  # it cannot answer
    killer = threading.Timer(0.5, os.kill, (worker.pid, signal.SIGKILL))
    killer.start()
    started = time.monotonic()
    assert not worker.is_alive(timeout=300)
    assert time.monotonic() - started < 60
    worker.kill()
    worker.join()


@pytest.mark.slow
def test_nothing_is_lost_or_mixed_up_under_load() -> None:
    pytest.importorskip("fastapi")
    said = bench("--requests", "1000", "--texts", "300", "--clients", "1", "32", "--port", "8771")
    assert len(re.findall(r"\| 0 \| 0 \|$", said, flags=re.MULTILINE)) == 2


@pytest.mark.slow
def test_a_killed_worker_loses_only_its_requests() -> None:
    pytest.importorskip("fastapi")
    said = bench("--requests", "2000", "--workers", "2", "--kill", "--port", "8772")
    assert re.search(r"killed 1 of 2 workers .* 0 wrong; started again", said)


def test_settings_travel_to_a_worker() -> None:
    settings = ServiceSettings(model="OUT", chosen={"threshold": 0.5}, workers=2, limits=Limits(texts=7))
    assert ServiceSettings.from_json(settings.to_json()) == settings


def test_a_token_is_read_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(TOKEN, "sixteen-letters-")
    assert read_token(None) == "sixteen-letters-"
    file = tmp_path / "token"
    for content in ("short", "头" * 20, "a b" * 20):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=rf"found a token of {len(content)} characters") as fault:
            read_token(file)
        assert content not in str(fault.value)
    file.write_text("another-token-of-these\n")
    assert read_token(file) == "another-token-of-these"
    with pytest.raises(ValueError, match=r"nowhere: could not be read \(FileNotFoundError\)"):
        read_token(tmp_path / "nowhere")
