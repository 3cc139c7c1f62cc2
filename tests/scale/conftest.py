"""What tests of annotation at scale share."""

from __future__ import annotations

import pytest
import torch
from shards import MODEL

from hf_cner import Predictor


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    """A small model, with one thread as the engines' workers have it."""
    torch.set_num_threads(1)
    return Predictor.from_pretrained(MODEL)
