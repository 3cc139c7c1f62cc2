"""The CRF as a module: state dicts, precision, masks, bad input, the package that it needs."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import sys
import types
import warnings
from typing import Any

import pytest
import torch
import torchcrf
from crf_cases import BIO, MASKS, make, slow_log_likelihood, some_legal_tags
from transformers.dynamic_module_utils import get_imports

from hf_cner.modeling import crf as crf_module
from hf_cner.modeling.crf import LinearChainCRF


def test_state_dicts_load_both_ways_and_hold_no_constraints() -> None:
    theirs, ours = torchcrf.CRF(3), LinearChainCRF(3, constraints=BIO, batch_first=True)
    assert list(theirs.state_dict()) == list(ours.state_dict())
    ours.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    assert not list(ours.buffers())
    assert isinstance(ours, torchcrf.CRF)


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda crf: pickle.loads(pickle.dumps(crf))])
def test_copies(clone: Any) -> None:
    crf = make("bio")
    emissions = torch.randn(2, 6, 3).double()
    assert clone(crf).decode(emissions) == crf.decode(emissions)
    torch.testing.assert_close(clone(crf).marginals(emissions), crf.marginals(emissions), rtol=0, atol=0)


def test_built_on_meta_like_from_pretrained() -> None:
    with torch.device("meta"):
        crf = LinearChainCRF(3, constraints=BIO, batch_first=True)
    assert all(parameter.is_meta for parameter in crf.parameters())
    crf.to_empty(device="cpu")
    crf.reset_parameters()
    assert all(parameter.abs().max() <= 0.1 for parameter in crf.parameters())
    emissions = torch.randn(4, 6, 3)
    emissions[..., 2] += 5  # I-x everywhere but at the start, where it may not stand
    assert all(path[0] != 2 for path in crf.decode(emissions))


@pytest.mark.parametrize("low", [torch.bfloat16, torch.float16])
def test_parameters_are_never_rounded(low: torch.dtype) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), LinearChainCRF(3, batch_first=True))
    before = {name: value.clone() for name, value in model[1].state_dict().items()}
    for moved in (model.to(low), model.to("cpu", low), model.to(device="cpu")):
        assert moved[0].weight.dtype == low
        assert all(torch.equal(value, before[name]) for name, value in moved[1].state_dict().items())
    assert all(parameter.dtype == torch.float32 for parameter in model.half().bfloat16()[1].parameters())
    assert all(parameter.dtype == torch.float64 for parameter in model.double()[1].parameters())
    assert all(parameter.dtype == torch.float32 for parameter in model.float()[1].parameters())
    assert all(
        parameter.is_meta and parameter.dtype == torch.float32 for parameter in model.to("meta", low)[1].parameters()
    )
    torch.set_default_dtype(low)
    try:
        built = LinearChainCRF(3, batch_first=True)
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(parameter.dtype == torch.float32 and parameter.abs().max() <= 0.1 for parameter in built.parameters())


@pytest.mark.parametrize("low", [torch.bfloat16, torch.float16])
def test_low_precision_emissions_are_those_numbers_widened(low: torch.dtype) -> None:
    crf = make("bio").float()
    emissions, tags = torch.randn(3, 20, 3).to(low), torch.zeros(3, 20, dtype=torch.long)
    wide = emissions.float()
    assert crf.decode(emissions) == crf.decode(wide)
    assert torch.equal(crf.marginals(emissions), crf.marginals(wide))
    leaf, wide_leaf = emissions.requires_grad_(), wide.requires_grad_()
    value, wide_value = crf(leaf, tags), crf(wide_leaf, tags)
    assert value.dtype == torch.float32 and torch.equal(value, wide_value)
    torch.testing.assert_close(
        torch.autograd.grad(value, leaf)[0], torch.autograd.grad(wide_value, wide_leaf)[0].to(low), rtol=0, atol=0
    )


def test_autocast_changes_nothing() -> None:
    crf = make("bio").float()
    emissions, tags = torch.randn(3, 20, 3).requires_grad_(), torch.zeros(3, 20, dtype=torch.long)
    plain = torch.autograd.grad(crf(emissions, tags), [emissions, *crf.parameters()])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = crf(emissions, tags)
        decoded = crf.decode(emissions)
    cast = torch.autograd.grad(value, [emissions, *crf.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(plain, cast, strict=True))
    assert decoded == crf.decode(emissions)


def test_illegal_gold_is_scored_without_constraints_with_one_warning() -> None:
    crf = make("bio")
    free = LinearChainCRF(3, batch_first=True).double()
    free.load_state_dict(crf.state_dict())
    emissions = torch.randn(3, 4, 3).double().requires_grad_()
    tags = torch.tensor([[0, 2, 0, 0], [1, 2, 0, 0], [2, 2, 0, 0]])  # O I, B I, I: the second is legal
    with pytest.warns(UserWarning, match=r"2 of 3 rows here; said once") as caught:
        value = crf(emissions, tags, reduction="none")
    assert len(caught) == 1
    mask = torch.ones(3, 4).bool()
    expected = slow_log_likelihood(free, emissions, tags, mask)
    legal = slow_log_likelihood(crf, emissions[1:2], tags[1:2], mask[1:2])
    torch.testing.assert_close(value, torch.stack([expected[0], legal[0], expected[2]]))
    slope = torch.autograd.grad(value.sum(), emissions)[0]
    slow_slope = torch.autograd.grad(expected[0] + legal[0] + expected[2], emissions)[0]
    torch.testing.assert_close(slope, slow_slope)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        crf(emissions, tags)


def test_masked_positions_may_hold_anything(crf_place: str) -> None:
    crf, mask = make("bio"), torch.tensor(MASKS["holes"] + MASKS["empty"]).bool()
    emissions, tags = torch.randn(6, 5, 3).double(), some_legal_tags(crf, mask)
    expected = crf(emissions, tags, mask, reduction="none"), crf.marginals(emissions, mask), crf.decode(emissions, mask)
    spoilt = emissions.masked_fill(~mask[..., None], torch.nan).requires_grad_()
    value = crf(spoilt, tags.masked_fill(~mask, 99), mask, reduction="none")
    torch.testing.assert_close(value, expected[0], rtol=0, atol=0)
    torch.testing.assert_close(crf.marginals(spoilt, mask), expected[1], rtol=0, atol=0)
    assert crf.decode(spoilt, mask) == expected[2]
    value.sum().backward()
    assert spoilt.grad is not None and spoilt.grad.isfinite().all() and (spoilt.grad[~mask] == 0).all()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in crf.parameters())


def test_nan_is_not_hidden() -> None:
    crf = make("bio")
    emissions = torch.randn(2, 5, 3).double()
    emissions[0, 2, 1] = torch.nan
    value = crf(emissions, torch.zeros(2, 5, dtype=torch.long), reduction="none")
    assert value.isnan().tolist() == [True, False]
    assert [len(path) for path in crf.decode(emissions)] == [5, 5]


def test_minus_infinity_rules_a_tag_out() -> None:
    crf = make("bio")
    emissions = torch.randn(2, 5, 3).double()
    very_low = emissions.clone()
    emissions[:, 2, 0], very_low[:, 2, 0] = -torch.inf, -1e5
    torch.testing.assert_close(crf.marginals(emissions), crf.marginals(very_low))
    assert crf.decode(emissions) == crf.decode(very_low)
    tags = torch.tensor([[0, 0, 1, 0, 0]] * 2)
    torch.testing.assert_close(crf(emissions, tags), crf(very_low, tags))


@pytest.mark.parametrize("shape", [(0, 4), (2, 0), (0, 0)])
def test_nothing_at_all(shape: tuple[int, int]) -> None:
    crf = make("bio")
    emissions = torch.zeros(*shape, 3).requires_grad_()
    tags = torch.zeros(shape, dtype=torch.long)
    value = crf(emissions, tags, reduction="none")
    assert value.tolist() == [0.0] * shape[0]
    value.sum().backward()
    assert crf.decode(emissions) == [[]] * shape[0]
    assert crf.viterbi(emissions).shape == shape
    assert crf.marginals(emissions).shape == crf.max_marginals(emissions).shape == (*shape, 3)


def test_constraints_may_be_zeros_and_ones() -> None:
    """Also as numbers they say what is legal, and no number stands for its complement."""
    as_numbers = tuple(
        [[int(cell) for cell in row] if isinstance(row, list) else int(row) for row in part] for part in BIO
    )
    one, other = make("bio"), LinearChainCRF(3, constraints=as_numbers, batch_first=True).double()
    other.load_state_dict(one.state_dict())
    emissions = torch.randn(2, 6, 3).double()
    assert torch.equal(one.marginals(emissions), other.marginals(emissions))


def test_wrong_arguments() -> None:
    crf = LinearChainCRF(3, batch_first=True)
    emissions, tags = torch.zeros(2, 4, 3), torch.zeros(2, 4, dtype=torch.long)
    for call, message in (
        (lambda: crf(emissions[0], tags), "dimension of 3, got 2"),
        (lambda: crf(emissions[..., :2], tags), "last dimension of emissions is 3, got 2"),
        (lambda: crf(emissions, tags[:, 1:]), r"emissions and tags must match, got \(2, 4\) and \(2, 3\)"),
        (lambda: crf(emissions, tags, tags[1:]), r"emissions and mask must match, got \(2, 4\) and \(1, 4\)"),
        (lambda: crf(emissions, tags, reduction="median"), "invalid reduction: median; one of none, sum"),
        (lambda: crf(emissions, tags + 3), r"tags must be 0 to 2 \(or -100: masked out\), got 3"),
        (lambda: crf(emissions, tags - 1), "got -1"),
        (lambda: crf(emissions, tags + torch.tensor([0, 0, 0, 7])), "got 7"),
        (lambda: crf(emissions, tags + torch.tensor([-1, 2, 0, 0])), "got -1"),
        (lambda: LinearChainCRF(0, batch_first=True), "invalid number of tags: 0"),
        (
            lambda: LinearChainCRF(4, constraints=BIO, batch_first=True),
            r"constraints are for \[3\] tags, the CRF has 4",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_repr() -> None:
    assert repr(make("bio")) == "LinearChainCRF(num_tags=3, constrained=True)"
    assert repr(make("free")) == "LinearChainCRF(num_tags=4)"


def load_again() -> types.ModuleType:
    """The module run once more, under another name, by whatever `import torchcrf` gives now."""
    spec = importlib.util.spec_from_file_location("hf_cner.modeling.crf_again", crf_module.__file__)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_missing_pytorch_crf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchcrf", None)
    with pytest.raises(ImportError, match=r"needs the package pytorch-crf: `pip install pytorch-crf`"):
        load_again()


def test_another_package_called_torchcrf(monkeypatch: pytest.MonkeyPatch) -> None:
    other = types.ModuleType("torchcrf")
    other.CRF = type("CRF", (torch.nn.Module,), {"viterbi_decode": None})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchcrf", other)
    with pytest.raises(
        ImportError, match=r"not pytorch-crf but another one. `pip uninstall torchcrf`, then `pip install"
    ):
        load_again()


def test_the_hub_asks_for_no_package_called_torchcrf() -> None:
    assert set(get_imports(crf_module.__file__)) <= {"collections", "warnings", "numpy", "torch"}
