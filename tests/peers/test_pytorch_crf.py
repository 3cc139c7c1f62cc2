"""pytorch-crf's own tests, with our CRF in place of theirs."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
import torch
import torchcrf
from fetch import source

from hf_cner.modeling.crf import LinearChainCRF


class CRF(LinearChainCRF):
    """Ours, under their name, which `repr` gives."""


def approx(expected: object) -> object:
    """`pytest.approx` as their tests use it: with a tensor of one number, which pytest takes for an array today."""
    return pytest.approx(expected.item() if isinstance(expected, torch.Tensor) else expected)


def their_tests() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pytorch_crf_tests", source("test_crf.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    theirs = torchcrf.CRF
    torchcrf.CRF = CRF
    try:
        spec.loader.exec_module(module)
    finally:
        torchcrf.CRF = theirs
    vars(module)["approx"] = approx
    return module


globals().update({name: value for name, value in vars(their_tests()).items() if name.startswith("Test")})
