"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the published corpora; tests that need it are skipped, and say so, where it is absent."""
    name = os.environ.get("HF_CNER_DATA")
    if not name:
        pytest.skip("HF_CNER_DATA is not set: it names the folder that holds the published corpora")
    path = Path(name)
    if not path.is_dir():
        pytest.skip(f"HF_CNER_DATA names {path}, which is no folder")
    return path
