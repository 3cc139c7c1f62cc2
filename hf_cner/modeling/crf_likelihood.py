"""Forward-backward of a linear-chain CRF and its log-likelihood as one autograd function (Lafferty et al. 2001).

The gradient of the log partition function is the posterior of each tag and of each pair of tags, which forward and
backward scores give directly: nothing is recorded step by step. Forward and backward run side by side in exp space in
float64; rows whose scores range too widely for that are done again in log space.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from .crf_chains import (
    SMALLEST_MASS,
    Layout,
    Potentials,
    both_directions,
    log_chain,
    packed,
    relative_,
    sum_chain,
    turned,
    unpacked,
)


class Posterior(NamedTuple):
    """Forward and backward scores of packed steps, each step on a scale of its own.

    The posterior of a tag is `joint / mass`; of a pair of neighbouring tags it is
    `forward[l, i] · exp(transitions[i, j]) · arriving[l+1, j] / mass[l]`. Behind a row's units all is meaningless.
    """

    forward: Tensor
    """`(steps, b, t)`: forward scores, with each step's own."""
    arriving: Tensor
    """`(steps, b, t)`: backward scores, with each step's own, on the scale of the step in front."""
    joint: Tensor
    """`(steps, b, t)`: forward scores times backward scores without the step's own."""
    mass: Tensor
    """`(steps, b)`: sum of `joint`."""
    log_partition: Tensor
    """`(b,)`, of the shifted scores; 0 for an empty row."""
    log_rows: Tensor
    """`(r,)` long: the rows that were done in log space. Their `arriving` is zero."""
    log_pairs: Tensor
    """`(r, t, t)`: the pairs' posteriors of these rows, summed over the steps."""


def shift(emissions: Tensor, layout: Layout) -> Tensor:
    """Emissions `(b, n, t)` as packed steps `(steps, b, t)` in float64, minus their maximum at each step.

    Widened before anything else is done to them, so that scores in bf16 are exactly those numbers in float32.
    """
    scores = packed(emissions, layout).to(torch.float64)  # packed: a copy, so what follows may be done in place
    if not layout.clean:
        scores.masked_fill_(~layout.valid.unsqueeze(-1), 0.0)
    return relative_(scores)


def at_last(values: Tensor, layout: Layout) -> Tensor:
    """Values `(steps, b, …)` at each row's last unit, `(b, …)`; at step 0 in empty rows."""
    return values.flatten(0, 1).index_select(0, layout.last)


def forward_backward(scores: Tensor, potentials: Potentials, layout: Layout) -> Posterior:
    """Forward and backward scores of a batch.

    In exp space all numbers are at most about 1, and what is smaller than 10^-308 is lost. Such a loss at step l,
    times the backward score that it would have met, is at most 10^-308 (times the number of tags to the power of the
    steps since the last renormalisation), against a row's whole mass at that step, `mass[l]`. So the loss is below the
    rounding of float64 unless `mass` comes near 10^-308 at some step: those rows go to log space. Scores of -10^4 on
    transitions or tags that no good path needs do not bring that about.

    Args:
        scores: `(steps, b, t)`, from `shift`.
        potentials: shifted.
    """
    factors = both_directions(scores.exp(), layout)
    own = factors[:, 0]
    start, transitions, end = (part.exp() for part in potentials)
    products, masses = torch.empty_like(factors), factors.new_ones(factors.shape[:3])
    products[0] = torch.stack((start, end)).unsqueeze(1)
    sum_chain(factors, torch.stack((transitions, transitions.T)), products, masses)
    forward, arriving = products[:, 0].mul_(own), turned(products[:, 1], layout)
    joint = forward * arriving
    arriving.mul_(own).div_(turned(masses[:, 1], layout).unsqueeze(-1))
    mass = joint.sum(-1)
    divided = masses[:-1, 0].log().masked_fill_(~layout.valid[1:], 0.0).sum(0)
    log_partition = at_last(mass, layout).log_().add_(divided).masked_fill_(layout.lengths == 0, 0.0)
    no_rows, no_pairs = layout.lengths.new_empty(0), mass.new_empty(0, *transitions.shape)
    posterior = Posterior(forward, arriving, joint, mass, log_partition, no_rows, no_pairs)
    safe = (mass >= SMALLEST_MASS).logical_or_(~layout.valid)  # a comparison with NaN is false, which is right
    if bool(safe.all()):
        return posterior
    return _in_log_space(posterior, scores, potentials, layout, (~safe.all(0)).nonzero().squeeze(1))


def _in_log_space(
    posterior: Posterior, scores: Tensor, potentials: Potentials, layout: Layout, rows: Tensor
) -> Posterior:
    """Replace some rows by what log space gives for them."""
    valid, lengths = layout.valid[:, rows], layout.lengths[rows]
    position = torch.arange(len(scores), device=rows.device).unsqueeze(1)
    turn = torch.where(valid, lengths - 1 - position, position).unsqueeze(-1).expand(-1, -1, scores.shape[-1])
    here = scores[:, rows]
    both = torch.stack((here, here.gather(0, turn)), 1)
    products = torch.empty_like(both)
    products[0] = torch.stack((potentials.start, potentials.end)).unsqueeze(1)
    log_chain(both, torch.stack((potentials.transitions, potentials.transitions.T)), products, torch.logsumexp)
    forward, backward = products[:, 0] + here, products[:, 1].gather(0, turn)
    mass = (forward + backward).logsumexp(-1)
    posterior.log_partition[rows] = mass.flatten().index_select(
        0, (lengths - 1) * len(rows) + torch.arange(len(rows), device=rows.device)
    )
    mass = mass.masked_fill_(mass == -torch.inf, 0.0).unsqueeze(-1)  # where no path is possible nothing has a posterior
    posterior.joint[:, rows] = (forward + backward - mass).exp_()
    posterior.mass[:, rows] = 1.0
    posterior.arriving[:, rows] = 0.0
    pairs = scores.new_zeros(len(rows), *potentials.transitions.shape)
    leaving, arriving = (forward - mass).unsqueeze(-1), (here + backward).unsqueeze(-2)
    for step in range(1, len(scores)):
        pair = leaving[step - 1] + potentials.transitions + arriving[step]
        pairs += pair.exp_().masked_fill_(~valid[step, :, None, None], 0.0)
    return posterior._replace(log_rows=rows, log_pairs=pairs)


class Path(NamedTuple):
    """One tag sequence per row as what it takes from a CRF's parameters."""

    tags: Tensor
    """`(steps, b)` long; meaningless behind a row's units."""
    last: Tensor
    """`(b,)` long; meaningless in empty rows."""
    pairs: Tensor
    """`(steps - 1, b)` long: previous tag · t + tag."""

    def parameter_score(self, potentials: Potentials, layout: Layout) -> Tensor:
        """Start, transition and end scores of each row, `(b,)`; -inf where a constraint forbids the sequence."""
        pairs = potentials.transitions.reshape(-1).take(self.pairs).masked_fill_(~layout.valid[1:], 0.0).sum(0)
        score = pairs + potentials.start.take(self.tags[0]) + potentials.end.take(self.last)
        return score.masked_fill_(layout.lengths == 0, 0.0)


def make_path(tags: Tensor, layout: Layout, num_tags: int) -> Path:
    """The path of tags `(b, n)`, which are in range wherever they are not masked."""
    steps = packed(tags, layout)
    if not layout.clean:
        steps = steps.masked_fill(~layout.valid, 0)
    return Path(steps, at_last(steps, layout), steps[:-1] * num_tags + steps[1:])


class LogLikelihood(torch.autograd.Function):
    """`apply(emissions (b, n, t), start, transitions, end, potentials, path, layout)`: log-likelihoods `(b,)`.

    `potentials` are the three parameters in float64 with the constraints in them, shifted. The result has the dtype of
    the emissions, at least float32. First derivatives only.
    """

    @staticmethod
    def forward(
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        transitions: Tensor,
        end: Tensor,
        potentials: Potentials,
        path: Path,
        layout: Layout,
    ) -> Tensor:
        scores = shift(emissions, layout)
        posterior = forward_backward(scores, potentials, layout)
        gold = scores.gather(-1, path.tags.unsqueeze(-1)).squeeze(-1).masked_fill_(~layout.valid, 0.0).sum(0)
        gold += path.parameter_score(potentials, layout)
        ctx.save_for_backward(*posterior, *path, potentials.transitions)
        ctx.layout = layout
        ctx.dtypes = [tensor.dtype for tensor in (emissions, start, transitions, end)]
        return (gold - posterior.log_partition).to(torch.promote_types(emissions.dtype, torch.float32))

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # with create_graph=True; `once_differentiable` would give wrong zeros silently
            raise RuntimeError("The CRF's log-likelihood has no second derivatives: leave out create_graph=True.")
        *saved, transitions = ctx.saved_tensors
        posterior, path = Posterior(*saved[: len(Posterior._fields)]), Path(*saved[len(Posterior._fields) :])
        layout: Layout = ctx.layout
        weight = upstream[0].to(torch.float64).masked_fill(layout.lengths == 0, 0.0)
        over_mass = (weight / posterior.mass).masked_fill_(~layout.valid, 0.0).unsqueeze(-1)
        expected = posterior.joint * over_mass
        start, end = -expected[0].sum(0), -at_last(expected, layout).sum(0)
        pairs = _expected_pairs(posterior, layout, transitions, over_mass, weight).neg_().view(-1)
        start.scatter_add_(0, path.tags[0], weight)
        end.scatter_add_(0, path.last, weight)
        pairs.scatter_add_(0, path.pairs.view(-1), (weight * layout.valid[1:]).view(-1))
        difference = expected.neg_().scatter_add_(-1, path.tags.unsqueeze(-1), (weight * layout.valid).unsqueeze(-1))
        emissions = unpacked(difference, layout, 0.0, ctx.dtypes[0])
        parameters = (start, pairs.view_as(transitions), end)
        others = (gradient.to(dtype) for gradient, dtype in zip(parameters, ctx.dtypes[1:], strict=True))
        return (emissions, *others, None, None, None)


def _expected_pairs(
    posterior: Posterior, layout: Layout, transitions: Tensor, over_mass: Tensor, weight: Tensor
) -> Tensor:
    """Posteriors of the pairs of neighbouring tags, `(t, t)`, summed over steps and over rows with `weight` `(b,)`."""
    tags = transitions.shape[0]
    leaving = posterior.forward[:-1] * over_mass[:-1].masked_fill(~layout.valid[1:].unsqueeze(-1), 0.0)
    together = leaving.view(-1, tags).T @ posterior.arriving[1:].reshape(-1, tags)
    pairs = together.mul_(transitions.exp())
    if len(posterior.log_rows):
        pairs += torch.einsum("r,rij->ij", weight[posterior.log_rows], posterior.log_pairs)
    return pairs
