"""The linear-chain conditional random field: pytorch-crf's, with constraints, any mask, and exact scores."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .crf_backends import Forbidden, Weights, backend_for
from .crf_segments import Segment
from .labels import IGNORED

_ADVICE = "`pip install pytorch-crf` (its import name is torchcrf; the package called TorchCRF is another one)"

try:  # inside try, because the Hub's check of imports would ask for a package called torchcrf
    from torchcrf import CRF
except ImportError as error:
    raise ImportError(f"The CRF needs the package pytorch-crf: {_ADVICE}.") from error
if not hasattr(CRF, "decode"):
    raise ImportError(
        f"The installed package torchcrf is not pytorch-crf but another one. `pip uninstall torchcrf`, then {_ADVICE}."
    )

Constraints = tuple[Sequence[bool], Sequence[Sequence[bool]], Sequence[bool]]

REDUCTIONS = ("none", "sum", "mean", "token_mean")


class LinearChainCRF(CRF):
    """Linear-chain CRF over tag sequences, a drop-in for `torchcrf.CRF` (Lafferty et al. 2001).

    The parameters are `torchcrf.CRF`'s: `start_transitions` `(t,)`, `transitions` `(t, t)` from previous to next tag,
    `end_transitions` `(t,)`; state dicts load strictly both ways. They stay in float32 when a model is moved to a
    lower precision, and all recurrences are done in float64 whatever the dtype of the emissions.

    Any mask is legal: padding on either side, holes (the units on both sides of a hole are neighbours), empty rows,
    whose log-likelihood is 0 and whose path is empty. Emissions where the mask is off may be anything, even NaN.

    Args:
        num_tags: number of tags.
        batch_first: emissions are `(batch, length, tags)`, as everywhere below, rather than `(length, batch, tags)`,
            which is the default, as in torchcrf.
        constraints: which first tags `[t]`, pairs `[previous][next]` and last tags `[t]` are legal, as
            `schemes.allowed_transitions` gives them. All others are impossible, in training and decoding, whatever the
            parameters say. They are no part of the state dict.
    """

    def __init__(self, num_tags: int, batch_first: bool = False, *, constraints: Constraints | None = None) -> None:
        super().__init__(num_tags, batch_first)
        for name, parameter in list(self.named_parameters()):
            if parameter.dtype in (torch.float16, torch.bfloat16):  # torch's default dtype was set so
                setattr(self, name, nn.Parameter(torch.empty_like(parameter, dtype=torch.float32)))
                self.reset_parameters()
        self._warned = False
        self.set_constraints(constraints)

    def set_constraints(self, constraints: Constraints | None) -> None:
        """What is legal from now on; None for everything. Raises ValueError where it is for another number of tags."""
        self.constraints = constraints
        self._forbidden: Forbidden | None = None  # no buffers: built on the meta device, they would be lost
        if constraints is not None:
            start, matrix, end = constraints
            sizes = {len(start), len(matrix), len(end), *(len(row) for row in matrix)}
            if sizes != {self.num_tags}:
                raise ValueError(f"The constraints are for {sorted(sizes)} tags, the CRF has {self.num_tags}.")
            first, pairs, last = (~np.array(part, dtype=bool) for part in constraints)
            self._forbidden = (first, pairs, last)

    def __repr__(self) -> str:
        constrained = "" if self.constraints is None else ", constrained=True"
        return f"{type(self).__name__}(num_tags={self.num_tags}{constrained})"

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "LinearChainCRF":
        """Move the parameters as `fn` does, but leave them unrounded where it would put them into 16 bits."""

        def apply_unrounded(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            low = moved.dtype in (torch.float16, torch.bfloat16) and tensor.dtype in (torch.float32, torch.float64)
            return tensor.to(moved.device) if low else moved

        return super()._apply(apply_unrounded, recurse)

    @torch.compiler.disable  # a compiler would unroll the recurrences, again for each length
    def forward(self, emissions: Tensor, tags: Tensor, mask: Tensor | None = None, reduction: str = "sum") -> Tensor:
        """Log-likelihood of tag sequences.

        A sequence that the constraints forbid has none: its row is scored without the constraints, with one warning.

        Args:
            emissions: `(b, n, t)`.
            tags: `(b, n)` long; a -100 is masked out.
            mask: `(b, n)`, the units; default: all.
            reduction: `none`: `(b,)`; `sum`; `mean`, over rows; `token_mean`, over units.

        Returns:
            Log-likelihood in the dtype of the emissions, at least float32. Differentiable once.

        Raises:
            ValueError: shapes that do not fit, an unknown reduction, a tag out of range.
        """
        if reduction not in REDUCTIONS:
            raise ValueError(f"invalid reduction: {reduction}; one of {', '.join(REDUCTIONS)}")
        given = emissions.shape[:2]
        emissions, mask = self._batch_first(emissions, mask)
        if tags.shape != given:
            raise ValueError(
                f"the first two dimensions of emissions and tags must match, got {tuple(given)} and {tuple(tags.shape)}"
            )
        tags = tags if self.batch_first else tags.transpose(0, 1)
        mask = mask & (tags != IGNORED)
        scores = self._log_likelihood(emissions, tags, mask) if mask.numel() else emissions.float().sum((1, 2))
        if reduction == "none":
            return scores
        if reduction == "mean":
            return scores.mean()
        return scores.sum() if reduction == "sum" else scores.sum() / mask.sum().clamp(min=1)

    def _log_likelihood(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        scores, illegal = backend_for(emissions).log_likelihood(self._weights(), emissions, tags, mask)
        if illegal and not self._warned:
            self._warned = True
            warnings.warn(
                "Tag sequences that the CRF's constraints forbid are scored without the constraints "
                f"({illegal} of {len(scores)} rows here; said once).",
                stacklevel=3,
            )
        return scores

    @torch.compiler.disable
    @torch.no_grad()
    def viterbi(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Tags of the best path, `(b, n)` long, -100 where the mask is off.

        Of equally good paths the one with the lowest last tag, then the lowest last but one, and so on.
        """
        emissions, mask = self._batch_first(emissions, mask)
        if not mask.numel():
            return self._oriented(torch.full(mask.shape, IGNORED, device=mask.device))
        return self._oriented(backend_for(emissions).viterbi(self._weights(), emissions, mask))

    @torch.compiler.disable
    @torch.no_grad()
    def decode(self, emissions: Tensor, mask: Tensor | None = None) -> list[list[int]]:
        """Tags of the best path of each row's units, as `torchcrf.CRF.decode`."""
        emissions, mask = self._batch_first(emissions, mask)
        if not mask.numel():
            return [[] for _ in mask]
        return backend_for(emissions).decode(self._weights(), emissions, mask)

    @torch.compiler.disable
    @torch.no_grad()
    def marginals(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Posterior probability of each tag, `(b, n, t)` float64; zero where the mask is off."""
        emissions, mask = self._batch_first(emissions, mask)
        if not mask.numel():
            return self._oriented(torch.zeros_like(emissions, dtype=torch.float64))
        return self._oriented(backend_for(emissions).marginals(self._weights(), emissions, mask))

    @torch.compiler.disable
    @torch.no_grad()
    def max_marginals(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Score of the best path through each tag minus the best path's, `(b, n, t)` float64.

        Exactly 0 for the tags that `viterbi` gives, at most 0 for all others, -inf for those that the constraints
        make impossible; zero where the mask is off.
        """
        emissions, mask = self._batch_first(emissions, mask)
        if not mask.numel():
            return self._oriented(torch.zeros_like(emissions, dtype=torch.float64))
        return self._oriented(backend_for(emissions).max_marginals(self._weights(), emissions, mask))

    @torch.compiler.disable
    @torch.no_grad()
    def segment_probabilities(self, emissions: Tensor, segments: Sequence[Segment]) -> Tensor:
        """Exact posterior probabilities of pieces of tag sequences in one document.

        The probability of a segment `(start, tags, forbidden_next)` is the summed probability of all tag sequences that
        have just `tags` from `start` on, and behind them, unless the document ends there, no tag of `forbidden_next`:
        with BIO, the entity `B-x I-x` has two units only where the next tag is not `I-x`.

        Args:
            emissions: `(n, t)`, the units of the document.
            segments: any number, in any order, overlapping or not; no work is done per segment and unit.

        Returns:
            `(len(segments),)` float64.
        """
        batch = emissions.unsqueeze(0 if self.batch_first else 1)
        return self.batch_segment_probabilities(batch, [segments])[0]

    @torch.compiler.disable
    @torch.no_grad()
    def batch_segment_probabilities(
        self, emissions: Tensor, segments: Sequence[Sequence[Segment]], mask: Tensor | None = None
    ) -> list[Tensor]:
        """`segment_probabilities` of each row of `(b, n, t)`; starts count a row's units."""
        emissions, mask = self._batch_first(emissions, mask)
        if not mask.numel():
            emissions, mask = emissions.new_zeros(len(mask), 1, self.num_tags), mask.new_zeros(len(mask), 1)
        found = backend_for(emissions).segment_probabilities(self._weights(), emissions, mask, segments)
        return list(found.split([len(row) for row in segments]))

    def _batch_first(self, emissions: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Checked emissions `(b, n, t)` and mask `(b, n)` bool."""
        if emissions.dim() != 3:
            raise ValueError(f"emissions must have dimension of 3, got {emissions.dim()}")
        if emissions.shape[2] != self.num_tags:
            raise ValueError(f"expected last dimension of emissions is {self.num_tags}, got {emissions.shape[2]}")
        if mask is None:
            mask = torch.ones(emissions.shape[:2], dtype=torch.bool, device=emissions.device)
        elif mask.shape != emissions.shape[:2]:
            raise ValueError(
                "the first two dimensions of emissions and mask must match, "
                f"got {tuple(emissions.shape[:2])} and {tuple(mask.shape)}"
            )
        mask = mask.bool()
        return (emissions, mask) if self.batch_first else (emissions.transpose(0, 1), mask.transpose(0, 1))

    def _oriented(self, values: Tensor) -> Tensor:
        return values if self.batch_first else values.transpose(0, 1)

    def _weights(self) -> Weights:
        return Weights(self.start_transitions, self.transitions, self.end_transitions, self._forbidden)
