"""Fixtures of the model's tests."""

from __future__ import annotations

import pytest

from hf_cner.modeling import crf_backends, crf_chains, crf_decode


@pytest.fixture(params=["host", "device", "numba"])
def crf_place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The CRF's code for the CPU, its code for other devices run on the CPU, and the compiled loops."""
    if request.param == "numba":
        pytest.importorskip("numba")
    monkeypatch.setenv("HF_CNER_CRF", "numba" if request.param == "numba" else "torch")
    if request.param == "device":
        for module in (crf_backends, crf_chains, crf_decode):
            monkeypatch.setattr(module, "on_host", lambda tensor: False)
    return str(request.param)
