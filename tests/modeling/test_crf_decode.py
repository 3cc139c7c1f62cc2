"""The CRF against pytorch-crf: the same likelihoods, gradients and paths, and the same choice among equal paths."""

from __future__ import annotations

import pytest
import torch
import torchcrf
from closeness import assert_close
from crf_cases import make
from torch._subclasses.fake_tensor import FakeTensorMode

from hf_cner.modeling import crf_backends, crf_chains, crf_decode
from hf_cner.modeling.crf import LinearChainCRF


def reference(num_tags: int, seed: int = 0) -> tuple[torchcrf.CRF, LinearChainCRF]:
    torch.manual_seed(seed)
    theirs = torchcrf.CRF(num_tags, batch_first=True)
    ours = LinearChainCRF(num_tags, batch_first=True)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return theirs, ours


@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "token_mean"])
def test_as_pytorch_crf(reduction: str, crf_place: str) -> None:
    theirs, ours = reference(7)
    theirs, ours = theirs.double(), ours.double()
    emissions, tags = torch.randn(6, 30, 7).double(), torch.randint(7, (6, 30))
    mask = torch.arange(30) < torch.tensor([30, 1, 17, 2, 29, 12])[:, None]
    found = []
    for crf in (theirs, ours):
        leaf = emissions.clone().requires_grad_()
        value = crf(leaf, tags, mask, reduction=reduction)
        assert value.dtype == torch.float64
        value.sum().backward()
        found.append([value, leaf.grad, *(parameter.grad for parameter in crf.parameters())])
    for one, other in zip(*found, strict=True):
        assert_close(one, other)
    assert ours.decode(emissions, mask) == theirs.decode(emissions, mask)
    assert ours.decode(emissions, mask.long()) == theirs.decode(emissions, mask)


def test_length_first_as_pytorch_crf() -> None:
    theirs = torchcrf.CRF(4)
    ours = LinearChainCRF(4, batch_first=False)
    ours.load_state_dict(theirs.state_dict())
    emissions, tags = torch.randn(6, 3, 4), torch.randint(4, (6, 3))
    mask = torch.ones(6, 3).bool()
    torch.testing.assert_close(ours(emissions, tags), theirs(emissions, tags, mask))
    assert ours.decode(emissions) == theirs.decode(emissions, mask)
    assert ours.viterbi(emissions).T.tolist() == theirs.decode(emissions, mask)
    assert ours.marginals(emissions).shape == ours.max_marginals(emissions).shape == (6, 3, 4)
    torch.testing.assert_close(ours.marginals(emissions).sum(-1), torch.ones(6, 3).double())


def test_ties_as_pytorch_crf(crf_place: str) -> None:
    theirs, ours = reference(4)
    for crf in (theirs, ours):
        for parameter in crf.parameters():
            torch.nn.init.zeros_(parameter)
    mask = torch.arange(12) < torch.tensor([12, 1, 7] * 10)[:, None]
    for emissions in (torch.zeros(30, 12, 4), torch.randint(0, 2, (30, 12, 4)).float()):
        assert ours.decode(emissions, mask) == theirs.decode(emissions, mask)


def test_tied_transitions(crf_place: str) -> None:
    theirs, ours = reference(5)
    for name, parameter in theirs.named_parameters():
        parameter.data = torch.randint(0, 3, parameter.shape).float()
        getattr(ours, name).data = parameter.data
    emissions = torch.randint(0, 3, (40, 9, 5)).float()
    assert ours.decode(emissions) == theirs.decode(emissions, torch.ones(40, 9).bool())


def test_tracing_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_CNER_CRF", "torch")
    crf, emissions = make("free"), torch.randn(5, 40, 4)
    mask = torch.arange(40) < torch.tensor([40, 3, 17, 1, 39])[:, None]
    expected = crf.decode(emissions, mask)
    monkeypatch.setattr(crf_decode, "on_host", lambda tensor: False)
    monkeypatch.setattr(crf_decode, "CELLS_AT_ONCE", 5 * 16 * 7)
    assert crf.decode(emissions, mask) == expected


def test_batch_and_padding_do_not_matter(crf_place: str) -> None:
    crf = make("bioe")
    emissions = torch.randn(8, 25, 4).double()
    lengths = [25, 1, 13, 2, 24, 7, 18, 3]
    mask = torch.arange(25) < torch.tensor(lengths)[:, None]
    decoded, marginals = crf.decode(emissions, mask), crf.marginals(emissions, mask)
    shifted = torch.stack([row.roll(25 - n, 0) for row, n in zip(emissions, lengths, strict=True)])
    assert crf.decode(shifted, mask.flip(1)) == decoded
    for row, length in enumerate(lengths):
        alone = emissions[row : row + 1, :length]
        assert crf.decode(alone) == decoded[row : row + 1]
        assert_close(crf.marginals(alone)[0], marginals[row, :length])


def test_a_device_is_never_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors without data would raise at the first look at a value."""
    monkeypatch.setenv("HF_CNER_CRF", "torch")
    for module in (crf_backends, crf_chains, crf_decode):
        monkeypatch.setattr(module, "on_host", lambda tensor: False)
    with FakeTensorMode():
        crf = LinearChainCRF(5, batch_first=True)
        mask = torch.ones(3, 8, dtype=torch.bool)
        assert crf.viterbi(torch.randn(3, 8, 5), mask).shape == (3, 8)
        assert crf.max_marginals(torch.randn(3, 8, 5), mask).shape == (3, 8, 5)


def test_where_no_path_is_possible_nothing_has_a_posterior(crf_place: str) -> None:
    no_pair = ([True] * 3, [[False] * 3] * 3, [True] * 3)
    crf = LinearChainCRF(3, batch_first=True, constraints=no_pair).double()
    mask = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0]]).bool()
    found = crf.marginals(torch.randn(2, 4, 3).double(), mask)
    assert_close(found.sum(-1), torch.tensor([[0.0] * 4, [1.0, 0.0, 0.0, 0.0]]).double())
