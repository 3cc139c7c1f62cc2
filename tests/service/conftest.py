"""The fixture of these tests, where the extra `serve` is installed."""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("fastapi"):
    from running import start  # noqa: F401
