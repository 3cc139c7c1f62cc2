"""Likelihood, posteriors and best paths against all paths enumerated in float64, extreme scores included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from crf_cases import BIO, CASES, EXTREMES, MASKS, all_paths, make, rows, slow_log_likelihood, some_legal_tags
from torch import Tensor

from hf_cner.modeling import crf_chains, crf_likelihood
from hf_cner.modeling.crf import LinearChainCRF


def gradients(value: Tensor, crf: LinearChainCRF, emissions: Tensor) -> list[Tensor]:
    weight = torch.arange(1, len(value) + 1).double()
    wanted = (emissions, crf.start_transitions, crf.transitions, crf.end_transitions)
    found = torch.autograd.grad((value * weight).sum(), wanted, allow_unused=True)
    return [torch.zeros_like(w) if f is None else f for f, w in zip(found, wanted, strict=True)]


COMBINATIONS = [(case, kind, "plain") for case in CASES for kind in MASKS] + [
    (case, kind, extreme) for case in CASES for kind in ("ragged", "holes") for extreme in list(EXTREMES)[1:]
]


@pytest.mark.parametrize(("case", "kind", "extreme"), COMBINATIONS)
def test_all_paths(case: str, kind: str, extreme: str, crf_place: str) -> None:
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
    emissions[1, 0, :2] = -1e5  # only tag 2 is left for the first unit, and may not stand there
    crf.marginals(emissions)
    assert log_rows == [1]


def test_constraints_as_very_low_transitions(log_rows: list[int]) -> None:
    """The usual mask of -10^4 on transitions, as a plain torchcrf.CRF has it, is exact and needs no log space."""
    constrained = make("bio")
    plain = LinearChainCRF(3, batch_first=True).double()
    plain.load_state_dict(constrained.state_dict())
    for parameter, allowed in zip(plain.parameters(), (BIO[0], BIO[2], BIO[1]), strict=True):
        parameter.data.masked_fill_(~torch.tensor(allowed), -1e4)
    emissions = torch.randn(3, 40, 3).double()
    torch.testing.assert_close(plain.marginals(emissions), constrained.marginals(emissions))
    assert plain.decode(emissions) == constrained.decode(emissions)
    assert not log_rows


@pytest.mark.parametrize("case", ["free", "bio", "one tag"])
@pytest.mark.parametrize("kind", ["full", "holes", "empty"])
def test_gradcheck(case: str, kind: str, crf_place: str) -> None:
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
    with pytest.raises(RuntimeError, match="no second derivatives: leave out create_graph=True"):
        torch.autograd.grad(crf(emissions, tags), emissions, create_graph=True)


def test_frozen_parts_get_no_gradient() -> None:
    crf, tags = make("free"), torch.randint(4, (2, 5))
    emissions = torch.randn(2, 5, 4).double()
    crf(emissions, tags).backward()
    assert crf.transitions.grad is not None
    crf.requires_grad_(False)
    assert not crf(emissions, tags).requires_grad
    assert torch.autograd.grad(crf(emissions.requires_grad_(), tags), emissions)[0].shape == emissions.shape


def test_torch_and_numpy_chains_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large products go through torch on the CPU too: the same numbers."""
    crf, emissions, tags = make("free"), torch.randn(5, 40, 4).double().requires_grad_(), torch.randint(4, (5, 40))
    small = torch.autograd.grad(crf(emissions, tags), [emissions, *crf.parameters()])
    monkeypatch.setattr(crf_chains, "SINGLE_THREADED", 0)
    large = torch.autograd.grad(crf(emissions, tags), [emissions, *crf.parameters()])
    for one, other in zip(small, large, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("single_threaded", [0, 2**18], ids=["torch", "numpy"])
def test_a_long_text_needs_no_log_space(
    single_threaded: int, log_rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states are divided by their masses often enough: without that 2,000 steps of a third leave float64."""
    monkeypatch.setattr(crf_chains, "SINGLE_THREADED", single_threaded)
    crf = LinearChainCRF(3, batch_first=True).double()
    for parameter in crf.parameters():
        torch.nn.init.constant_(parameter, -2.0)
    emissions, tags = torch.zeros(2, 2_000, 3).double(), torch.zeros(2, 2_000, dtype=torch.long)
    torch.testing.assert_close(crf(emissions, tags), -2 * 2_000 * torch.tensor(3.0).double().log())
    torch.testing.assert_close(crf.marginals(emissions), torch.full((2, 2_000, 3), 1 / 3).double())
    assert not log_rows


def test_ten_thousand_steps() -> None:
    crf = make("bio")
    for scale in (1.0, 1e4):
        emissions = (torch.randn(1, 10_000, 3) * scale).requires_grad_()
        value = crf(emissions, torch.zeros(1, 10_000, dtype=torch.long), reduction="none")
        value.sum().backward()
        assert value.isfinite().all() and emissions.grad is not None and emissions.grad.isfinite().all()
        torch.testing.assert_close(crf.marginals(emissions).sum(-1), torch.ones(1, 10_000).double())
    free = LinearChainCRF(3, batch_first=True)
    for parameter in free.parameters():
        torch.nn.init.zeros_(parameter)
    uniform = free(torch.zeros(1, 10_000, 3).double(), torch.zeros(1, 10_000, dtype=torch.long))
    torch.testing.assert_close(uniform, -10_000 * torch.tensor(3.0).double().log())


def test_the_same_every_time() -> None:
    crf, emissions, tags = make("free"), torch.randn(5, 40, 4).double(), torch.randint(4, (5, 40))
    runs = []
    for _ in range(2):
        leaf = emissions.clone().requires_grad_()
        value = crf(leaf, tags)
        runs.append([value, *torch.autograd.grad(value, [leaf, *crf.parameters()])])
    assert all(torch.equal(one, other) for one, other in zip(*runs, strict=True))
