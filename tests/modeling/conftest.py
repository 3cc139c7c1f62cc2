"""Fixtures of the model's tests."""

from __future__ import annotations

import pytest

from hf_cner.modeling import crf, crf_chains, crf_decode


@pytest.fixture(params=["host", "device"])
def crf_place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The CRF's code for the CPU, and its code for other devices run on the CPU."""
    if request.param == "device":
        for module in (crf, crf_chains, crf_decode):
            monkeypatch.setattr(module, "on_host", lambda tensor: False)
    return str(request.param)
