"""The pages of the service, in a real browser."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")

import uvicorn

from hf_cner.service.app import Served, build
from hf_cner.service.settings import Limits

pytestmark = pytest.mark.slow
TOKEN = "a-token-of-the-tests"


@pytest.fixture
def address() -> Iterator[str]:
    from running import first_two

    app = build(Served(predict=first_two, types=["症状"], name="OUT"), limits=Limits(), token=TOKEN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, ws="none", log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)


def test_the_page_marks_what_was_found(browser: Any, address: str) -> None:
    page = browser.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else faults.append(asked.url))
    page.goto(address)
    page.get_by_label("Text").fill("头痛\n三天")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button").click()
    frame = page.frame_locator("iframe")
    frame.locator("article h2").wait_for()
    assert "头痛" in frame.locator("article").inner_text() and "症状" in frame.locator("#legend").inner_text()
    assert not faults
    page.close()


def test_the_api_is_described_without_the_network(browser: Any, address: str) -> None:
    page = browser.new_page()
    faults: list[str] = []
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else faults.append(asked.url))
    page.goto(f"{address}/docs")
    page.get_by_text("/predict/batch").first.wait_for()
    page.locator("#operations-default-predict_predict_post").click()
    page.get_by_text("Request body").first.wait_for()
    assert not faults and "Unable to render" not in page.inner_text("body")
    page.close()
