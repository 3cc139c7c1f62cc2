"""A real browser for the tests of the page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright; the test is skipped, and says so, where one of the two is not there."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (the extra 'browser')")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"there is no Chromium: none of {', '.join(NAMES)} is on PATH")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if root else [])
        yield found
        found.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page's file; the test fails where the page reports an error or asks for anything but itself."""
    contexts: list[Any] = []
    faults: list[str] = []

    def open_page(path: Path, *, context: Any = None, **options: Any) -> Any:
        if context is None:
            context = browser.new_context(**{"locale": "en-US", **options})
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else faults.append(request.url),
        )
        page.goto(path.as_uri())
        page.wait_for_selector("article h2")  # the first documents are drawn
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults
