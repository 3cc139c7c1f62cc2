"""Fixtures that many tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ["LANGUAGE"] = "en"  # tests read English sentences, whatever the locale of the machine

# Time says nothing on a machine that is shared, and the first text that hypothesis draws takes seconds to prepare.
settings.register_profile("hf_cner", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hf_cner")


@pytest.fixture(autouse=True)
def nothing_frozen() -> Iterator[None]:
    """Commands freeze what they load, since their process ends with them; the tests' process lives on."""
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the published corpora, which HF_CNER_DATA names; the test is skipped, and says so, without it."""
    name = os.environ.get("HF_CNER_DATA")
    if not name:
        pytest.skip("HF_CNER_DATA is not set: it names the folder that holds the published corpora")
    folder = Path(name)
    if not folder.is_dir():
        pytest.skip(f"HF_CNER_DATA is {name}, and there is no such folder")
    return folder
