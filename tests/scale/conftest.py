"""What tests of annotation at scale share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from shards import MODEL

from hf_cner import Predictor
from hf_cner.modeling.crf_backends import SETTING


@pytest.fixture(scope="session")
def predictor() -> Iterator[Predictor]:
    """A small model, computed as the engines' workers do: one thread, torch's layers and torch's CRF."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SETTING, "torch")
        yield Predictor.from_pretrained(MODEL, linear="torch")
