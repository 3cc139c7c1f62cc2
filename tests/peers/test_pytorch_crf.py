"""pytorch-crf's own tests, with our CRF in place of theirs."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
import torchcrf

from hf_cner.modeling.crf import LinearChainCRF

PATH = Path(os.environ["HF_CNER_PEERS"], "test_crf.py")


class CRF(LinearChainCRF):
    """Ours, under their name, which `repr` gives."""


def their_tests() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pytorch_crf_tests", PATH)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    theirs = torchcrf.CRF
    torchcrf.CRF = CRF
    try:
        spec.loader.exec_module(module)
    finally:
        torchcrf.CRF = theirs
    return module


if PATH.is_file():
    globals().update({name: value for name, value in vars(their_tests()).items() if name.startswith("Test")})
else:

    def test_their_file_is_there() -> None:
        pytest.skip(f"{PATH} is not there: see fetch.py")
