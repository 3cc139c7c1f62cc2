"""The choice of a backend, with backends made for it; whether each computes the same stands in `tests/fast`."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from hf_cner.modeling import crf_backends
from hf_cner.modeling.crf import LinearChainCRF
from hf_cner.modeling.crf_backends import SETTING, TorchBackend, Weights, backend_for, load_backend, not_numbers

ONE, TWO = torch.zeros(1, 2, 3), torch.zeros(2, 2, 3)


class Single(TorchBackend):
    """Takes one row."""

    name = "single"

    def takes(self, emissions: Tensor) -> bool:
        return len(emissions) == 1


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`missing`, `single` and `torch`, in this order, nothing loaded; which were asked for."""
    names: list[str] = []

    def missing() -> TorchBackend:
        names.append("missing")
        raise ImportError("a package is not installed.")

    def single() -> TorchBackend:
        names.append("single")
        return Single()

    monkeypatch.setattr(crf_backends, "LOADERS", {"missing": missing, "single": single, "torch": TorchBackend})
    monkeypatch.setattr(crf_backends, "_loaded", {})
    monkeypatch.delenv(SETTING, raising=False)
    return names


def test_auto_takes_the_first_that_can_be_loaded_and_takes_the_tensor(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting in (None, "auto"):
        if setting is not None:
            monkeypatch.setenv(SETTING, setting)
        assert backend_for(ONE).name == "single"
        assert backend_for(TWO).name == "torch"
    assert asked == ["missing", "single"]  # each once


def test_a_named_backend_leaves_to_torch_what_it_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "single")
    assert [backend_for(emissions).name for emissions in (ONE, TWO)] == ["single", "torch"]
    monkeypatch.setenv(SETTING, "torch")
    assert backend_for(ONE).name == "torch"


def test_a_named_backend_that_cannot_be_used_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "missing")
    with pytest.raises(ImportError, match="HF_CNER_CRF is 'missing', but a package is not installed"):
        backend_for(ONE)
    assert isinstance(load_backend("missing"), ImportError)


def test_a_backend_that_nobody_knows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "nmba")
    with pytest.raises(ValueError, match="HF_CNER_CRF is 'nmba'; it must be one of auto, missing, single, torch"):
        backend_for(ONE)


def test_forbidden_sequences_are_counted() -> None:
    crf = LinearChainCRF(3, batch_first=True)
    mask = torch.ones(2, 2, dtype=torch.bool)
    tags = torch.tensor([[0, 1], [1, 2]])
    no_start = torch.tensor([False, True, False]).numpy()
    nothing = torch.zeros(3, dtype=torch.bool).numpy(), torch.zeros(3, 3, dtype=torch.bool).numpy()
    given = crf.start_transitions, crf.transitions, crf.end_transitions
    for forbidden, number in ((None, 0), ((nothing[0], nothing[1], nothing[0]), 0), ((no_start, *nothing[::-1]), 1)):
        scores, found = TorchBackend().log_likelihood(Weights(*given, forbidden), TWO, tags, mask)
        assert found == number and scores.isfinite().all()


def test_the_first_bad_number_is_named() -> None:
    assert "emissions of row 3, position 0, hold NaN" in str(not_numbers(3))
    assert "CRF's transitions hold NaN" in str(not_numbers(None))
