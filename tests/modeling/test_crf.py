"""The CRF against the obvious slow version, all paths enumerated in float64, and against pytorch-crf."""

from __future__ import annotations

import copy
import importlib.util
import itertools
import pickle
import sys
import types
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
import torchcrf
from torch import Tensor
from transformers.dynamic_module_utils import get_imports

from hf_cner.modeling import crf as crf_module
from hf_cner.modeling import crf_chains, crf_decode, crf_likelihood
from hf_cner.modeling.crf import LinearChainCRF
from hf_cner.modeling.schemes import allowed_transitions, tag_names

BIO = allowed_transitions("BIO", tag_names("BIO", ["x"]))  # 3 tags
BIOE = allowed_transitions("BIOE", tag_names("BIOE", ["x"]))  # 4 tags
NOTHING_AFTER_1 = ([True] * 3, [[True] * 3, [False] * 3, [True] * 3], [True, False, True])  # tag 1 leads nowhere

MASKS = {
    "full": [[1, 1, 1, 1]] * 3,
    "ragged": [[1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [0, 1, 1, 1, 1], [0, 0, 0, 0, 1]],
    "holes": [[1, 0, 1, 0, 1], [0, 1, 1, 0, 1], [1, 1, 0, 0, 1]],
    "empty": [[0, 0, 0, 0, 0], [1, 1, 1, 1, 0], [0, 1, 0, 0, 0]],
    "nothing": [[0, 0, 0, 0, 0]] * 3,
}
CASES = {
    "free": (4, None),
    "bio": (3, BIO),
    "bioe": (4, BIOE),
    "dead end": (3, NOTHING_AFTER_1),
    "one tag": (1, None),
}


@pytest.fixture(params=["host", "device"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The CPU's own code, and what runs on other devices, here on the CPU as well."""
    if request.param == "device":
        for module in (crf_chains, crf_decode, crf_module):
            monkeypatch.setattr(module, "on_host", lambda tensor: False)
    return str(request.param)


def make(case: str, scale: float = 1.0, seed: int = 0) -> LinearChainCRF:
    torch.manual_seed(seed)
    num_tags, constraints = CASES[case]
    crf = LinearChainCRF(num_tags, constraints=constraints).double()
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter, std=scale)
    return crf


def legal_parts(crf: LinearChainCRF) -> tuple[Tensor, Tensor, Tensor]:
    parts = [crf.start_transitions, crf.transitions, crf.end_transitions]
    if crf.constraints is None:
        return tuple(parts)
    return tuple(p.masked_fill(~torch.tensor(c), -torch.inf) for p, c in zip(parts, crf.constraints, strict=True))


def all_paths(crf: LinearChainCRF, emissions: Tensor) -> tuple[Tensor, Tensor]:
    """Every tag sequence `(paths, n)` of emissions `(n, t)`, last tag varying slowest, and its score `(paths,)`."""
    start, transitions, end = legal_parts(crf)
    n = len(emissions)
    paths = torch.tensor([path[::-1] for path in itertools.product(range(crf.num_tags), repeat=n)])
    score = start[paths[:, 0]] + end[paths[:, -1]] + emissions[torch.arange(n), paths].sum(1)
    if n > 1:
        score = score + transitions[paths[:, :-1], paths[:, 1:]].sum(1)
    return paths, score


def rows(emissions: Tensor, mask: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Rows with units: number, their columns, their emissions."""
    for row in range(len(mask)):
        columns = mask[row].nonzero().squeeze(1)
        if len(columns):
            yield row, columns, emissions[row, columns]


def some_legal_tags(crf: LinearChainCRF, mask: Tensor) -> Tensor:
    """Tags `(b, n)` of which each row's units are a path that the constraints allow; -100 elsewhere."""
    tags = torch.full(mask.shape, -100)
    for row, columns, here in rows(torch.zeros(*mask.shape, crf.num_tags).double(), mask):
        paths, score = all_paths(crf, here)
        legal = paths[score > -torch.inf]
        tags[row, columns] = legal[(7 * row + 5) % len(legal)]
    return tags


def slow_log_likelihood(crf: LinearChainCRF, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
    found = list(emissions.new_zeros(len(mask)).unbind())
    for row, columns, here in rows(emissions, mask):
        paths, score = all_paths(crf, here)
        gold = score[(paths == tags[row, columns]).all(1)].squeeze()
        found[row] = gold - score[score > -torch.inf].logsumexp(0)
    return torch.stack(found)


def gradients(value: Tensor, crf: LinearChainCRF, emissions: Tensor) -> list[Tensor]:
    weight = torch.arange(1, len(value) + 1).double()
    wanted = (emissions, crf.start_transitions, crf.transitions, crf.end_transitions)
    found = torch.autograd.grad((value * weight).sum(), wanted, allow_unused=True)
    return [torch.zeros_like(w) if f is None else f for f, w in zip(found, wanted, strict=True)]


EXTREMES = {  # standard deviations of emissions and of transitions
    "plain": (1.0, 1.0),
    "wide": (300.0, 1.0),
    "huge": (1e4, 1.0),
    "huge transitions": (1.0, 1e4),
    "both": (1e4, 1e4),
}


COMBINATIONS = [(case, kind, "plain") for case in CASES for kind in MASKS] + [
    (case, kind, extreme) for case in CASES for kind in ("ragged", "holes") for extreme in list(EXTREMES)[1:]
]


@pytest.mark.parametrize(("case", "kind", "extreme"), COMBINATIONS)
def test_all_paths(case: str, kind: str, extreme: str, place: str) -> None:
    crf, mask = make(case, EXTREMES[extreme][1]), torch.tensor(MASKS[kind]).bool()
    emissions = (torch.randn(*mask.shape, crf.num_tags).double() * EXTREMES[extreme][0]).requires_grad_()
    tolerance = {"rtol": 1e-10, "atol": 1e-9}
    tags = some_legal_tags(crf, mask)
    slow, fast = slow_log_likelihood(crf, emissions, tags, mask), crf(emissions, tags, mask, reduction="none")
    torch.testing.assert_close(fast, slow, **tolerance)
    if kind != "nothing":
        for fast_part, slow_part in zip(gradients(fast, crf, emissions), gradients(slow, crf, emissions), strict=True):
            torch.testing.assert_close(fast_part, slow_part, **tolerance)
    marginals, best = crf.marginals(emissions, mask), crf.viterbi(emissions, mask)
    through, decoded = crf.max_marginals(emissions, mask), crf.decode(emissions, mask)
    assert (best == -100).equal(~mask)
    assert (marginals[~mask] == 0).all() and (through[~mask] == 0).all()
    assert decoded == [row[row >= 0].tolist() for row in best]
    for row, columns, here in rows(emissions.detach(), mask):
        paths, score = all_paths(crf, here)
        weights = torch.nn.functional.one_hot(paths, crf.num_tags).double()
        expected = (score.softmax(0)[:, None, None] * weights).sum(0)
        torch.testing.assert_close(marginals[row, columns], expected, **tolerance)
        torch.testing.assert_close(best[row, columns], paths[score.argmax()])
        highest = torch.where(weights.bool(), score[:, None, None], -torch.inf).amax(0) - score.max()
        torch.testing.assert_close(through[row, columns], highest, **tolerance)
        assert (through[row, columns].gather(-1, best[row, columns, None]) == 0).all()
        assert (through[row, columns] <= 0).all()


@pytest.fixture
def log_rows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Filled with the numbers of the rows that are done in log space."""
    found: list[int] = []
    original = crf_likelihood._in_log_space

    def spy(*arguments: Any) -> Any:
        found.extend(arguments[-1].tolist())
        return original(*arguments)

    monkeypatch.setattr(crf_likelihood, "_in_log_space", spy)
    return found


def test_log_space_is_for_rows_that_need_it(log_rows: list[int]) -> None:
    crf = make("bio")
    emissions = torch.randn(3, 5, 3).double()
    emissions[:, :, 2] -= 1e4  # a tag masked by hand
    crf.marginals(emissions)
    assert not log_rows
    emissions[1] *= 1e4
    crf.marginals(emissions)
    assert log_rows == [1]


def test_constraints_as_very_low_transitions(log_rows: list[int]) -> None:
    """The usual mask of -10^4 on transitions, as a plain torchcrf.CRF has it, is exact and needs no log space."""
    constrained = make("bio")
    plain = LinearChainCRF(3).double()
    plain.load_state_dict(constrained.state_dict())
    for parameter, allowed in zip(plain.parameters(), (BIO[0], BIO[2], BIO[1]), strict=True):
        parameter.data.masked_fill_(~torch.tensor(allowed), -1e4)
    emissions = torch.randn(3, 40, 3).double()
    torch.testing.assert_close(plain.marginals(emissions), constrained.marginals(emissions))
    assert plain.decode(emissions) == constrained.decode(emissions)
    assert not log_rows


def reference(num_tags: int, seed: int = 0) -> tuple[torchcrf.CRF, LinearChainCRF]:
    torch.manual_seed(seed)
    theirs = torchcrf.CRF(num_tags, batch_first=True)
    ours = LinearChainCRF(num_tags)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return theirs, ours


@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "token_mean"])
def test_as_pytorch_crf(reduction: str, place: str) -> None:
    theirs, ours = reference(7)
    emissions, tags = torch.randn(6, 30, 7), torch.randint(7, (6, 30))
    mask = torch.arange(30) < torch.tensor([30, 1, 17, 2, 29, 12])[:, None]
    found = []
    for crf in (theirs, ours):
        leaf = emissions.clone().requires_grad_()
        value = crf(leaf, tags, mask, reduction=reduction)
        assert value.dtype == torch.float32
        value.sum().backward()
        found.append([value, leaf.grad, *(parameter.grad for parameter in crf.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=2e-5)
    assert ours.decode(emissions, mask) == theirs.decode(emissions, mask)
    assert ours.decode(emissions, mask.to(torch.uint8)) == theirs.decode(emissions, mask)


def test_length_first_as_pytorch_crf() -> None:
    theirs = torchcrf.CRF(4)
    ours = LinearChainCRF(4, batch_first=False)
    ours.load_state_dict(theirs.state_dict())
    emissions, tags = torch.randn(6, 3, 4), torch.randint(4, (6, 3))
    torch.testing.assert_close(ours(emissions, tags), theirs(emissions, tags))
    assert ours.decode(emissions) == theirs.decode(emissions)
    assert ours.viterbi(emissions).T.tolist() == theirs.decode(emissions)
    assert ours.marginals(emissions).shape == ours.max_marginals(emissions).shape == (6, 3, 4)
    torch.testing.assert_close(ours.marginals(emissions).sum(-1), torch.ones(6, 3).double())


def test_ties_as_pytorch_crf(place: str) -> None:
    theirs, ours = reference(4)
    for crf in (theirs, ours):
        for parameter in crf.parameters():
            torch.nn.init.zeros_(parameter)
    mask = torch.arange(12) < torch.tensor([12, 1, 7] * 10)[:, None]
    for emissions in (torch.zeros(30, 12, 4), torch.randint(0, 2, (30, 12, 4)).float()):
        assert ours.decode(emissions, mask) == theirs.decode(emissions, mask)


def test_tied_transitions(place: str) -> None:
    theirs, ours = reference(5)
    for name, parameter in theirs.named_parameters():
        parameter.data = torch.randint(0, 3, parameter.shape).float()
        getattr(ours, name).data = parameter.data
    emissions = torch.randint(0, 3, (40, 9, 5)).float()
    assert ours.decode(emissions) == theirs.decode(emissions)


def test_state_dicts_load_both_ways_and_hold_no_constraints() -> None:
    theirs, ours = torchcrf.CRF(3), LinearChainCRF(3, constraints=BIO)
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
        crf = LinearChainCRF(3, constraints=BIO)
    assert all(parameter.is_meta for parameter in crf.parameters())
    crf.to_empty(device="cpu")
    crf.reset_parameters()
    assert all(parameter.abs().max() <= 0.1 for parameter in crf.parameters())
    emissions = torch.randn(4, 6, 3)
    emissions[..., 2] += 5  # I-x everywhere but at the start, where it may not stand
    assert all(path[0] != 2 for path in crf.decode(emissions))


@pytest.mark.parametrize("low", [torch.bfloat16, torch.float16])
def test_parameters_are_never_rounded(low: torch.dtype) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), LinearChainCRF(3))
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
        built = LinearChainCRF(3)
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


@pytest.mark.parametrize("case", ["free", "bio", "one tag"])
@pytest.mark.parametrize("kind", ["full", "holes", "empty"])
def test_gradcheck(case: str, kind: str, place: str) -> None:
    crf, mask = make(case), torch.tensor(MASKS[kind]).bool()
    tags = some_legal_tags(crf, mask)
    emissions = torch.randn(*mask.shape, crf.num_tags).double().requires_grad_()

    def value(emissions: Tensor, *parameters: Tensor) -> Tensor:
        return torch.func.functional_call(crf, names_with(crf, parameters), (emissions, tags, mask, "none"))

    assert torch.autograd.gradcheck(value, (emissions, *crf.parameters()))


def names_with(crf: LinearChainCRF, parameters: Sequence[Tensor]) -> dict[str, Tensor]:
    return dict(zip([name for name, _ in crf.named_parameters()], parameters, strict=True))


def test_backward_twice_and_no_second_derivative() -> None:
    crf, tags = make("free"), torch.randint(4, (2, 5))
    emissions = torch.randn(2, 5, 4).double().requires_grad_()
    value = crf(emissions, tags)
    first = torch.autograd.grad(value, emissions, retain_graph=True)[0]
    assert torch.equal(first, torch.autograd.grad(value, emissions)[0])
    slope = torch.autograd.grad(crf(emissions, tags), emissions, create_graph=True)[0]
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_frozen_parts_get_no_gradient() -> None:
    crf, tags = make("free"), torch.randint(4, (2, 5))
    emissions = torch.randn(2, 5, 4).double()
    crf(emissions, tags).backward()
    assert crf.transitions.grad is not None
    crf.requires_grad_(False)
    assert not crf(emissions, tags).requires_grad
    assert torch.autograd.grad(crf(emissions.requires_grad_(), tags), emissions)[0].shape == emissions.shape


def test_illegal_gold_is_scored_without_constraints_with_one_warning() -> None:
    crf = make("bio")
    free = LinearChainCRF(3).double()
    free.load_state_dict(crf.state_dict())
    emissions = torch.randn(3, 4, 3).double().requires_grad_()
    tags = torch.tensor([[0, 2, 0, 0], [1, 2, 0, 0], [2, 2, 0, 0]])  # O I, B I, I: the second is legal
    with pytest.warns(UserWarning, match=r"2 of 3 rows here; said once") as caught:
        value = crf(emissions, tags, reduction="none")
    assert len(caught) == 1 and caught[0].filename == __file__
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


def test_masked_positions_may_hold_anything(place: str) -> None:
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


def test_batch_and_padding_do_not_matter() -> None:
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
        torch.testing.assert_close(crf.marginals(alone)[0], marginals[row, :length], rtol=1e-12, atol=1e-14)


def test_the_same_every_time() -> None:
    crf, emissions, tags = make("free"), torch.randn(5, 40, 4).double(), torch.randint(4, (5, 40))
    runs = []
    for _ in range(2):
        leaf = emissions.clone().requires_grad_()
        value = crf(leaf, tags)
        runs.append([value, *torch.autograd.grad(value, [leaf, *crf.parameters()])])
    assert all(torch.equal(one, other) for one, other in zip(*runs, strict=True))


def test_torch_and_numpy_chains_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large products go through torch on the CPU too: the same numbers."""
    crf, emissions, tags = make("free"), torch.randn(5, 40, 4).double().requires_grad_(), torch.randint(4, (5, 40))
    small = torch.autograd.grad(crf(emissions, tags), [emissions, *crf.parameters()])
    monkeypatch.setattr(crf_chains, "SINGLE_THREADED", 0)
    large = torch.autograd.grad(crf(emissions, tags), [emissions, *crf.parameters()])
    for one, other in zip(small, large, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)


def test_tracing_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    crf, emissions = make("free"), torch.randn(5, 40, 4)
    mask = torch.arange(40) < torch.tensor([40, 3, 17, 1, 39])[:, None]
    expected = crf.decode(emissions, mask)
    monkeypatch.setattr(crf_decode, "on_host", lambda tensor: False)
    monkeypatch.setattr(crf_decode, "CELLS_AT_ONCE", 5 * 16 * 7)
    assert crf.decode(emissions, mask) == expected


def test_ten_thousand_steps() -> None:
    crf = make("bio")
    for scale in (1.0, 1e4):
        emissions = (torch.randn(2, 10_000, 3) * scale).requires_grad_()
        value = crf(emissions, torch.zeros(2, 10_000, dtype=torch.long), reduction="none")
        value.sum().backward()
        assert value.isfinite().all() and emissions.grad is not None and emissions.grad.isfinite().all()
        torch.testing.assert_close(crf.marginals(emissions).sum(-1), torch.ones(2, 10_000).double())
    free = LinearChainCRF(3)
    for parameter in free.parameters():
        torch.nn.init.zeros_(parameter)
    uniform = free(torch.zeros(1, 10_000, 3).double(), torch.zeros(1, 10_000, dtype=torch.long))
    torch.testing.assert_close(uniform, -10_000 * torch.tensor(3.0).double().log())


def test_wrong_arguments() -> None:
    crf = LinearChainCRF(3)
    emissions, tags = torch.zeros(2, 4, 3), torch.zeros(2, 4, dtype=torch.long)
    for call, message in (
        (lambda: crf(emissions[0], tags), "dimension of 3, got 2"),
        (lambda: crf(emissions[..., :2], tags), "last dimension of emissions is 3, got 2"),
        (lambda: crf(emissions, tags[:, 1:]), r"emissions and tags must match, got \(2, 4\) and \(2, 3\)"),
        (lambda: crf(emissions, tags, tags[1:]), r"emissions and mask must match, got \(2, 4\) and \(1, 4\)"),
        (lambda: crf(emissions, tags, reduction="median"), "invalid reduction: median; one of none, sum"),
        (lambda: crf(emissions, tags + 3), r"tags must be 0 to 2 \(or -100: masked out\), got 3"),
        (lambda: crf(emissions, tags - 1), "got -1"),
        (lambda: LinearChainCRF(0), "invalid number of tags: 0"),
        (lambda: LinearChainCRF(4, constraints=BIO), r"constraints are for \[3\] tags, the CRF has 4"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_repr() -> None:
    assert repr(make("bio")) == "LinearChainCRF(num_tags=3, constrained=True)"


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
