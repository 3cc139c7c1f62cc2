"""Decoding in a form that can be exported: the best path, and the probabilities of the entities along it.

Length is dynamic, so a loop over units must be an operator of the graph. torch's `scan` is such an operator:
`torch.export` keeps it, the ONNX exporter writes ONNX `Scan` (one node for each recurrence, any length, any batch), and
ONNX Runtime and OpenVINO run it. `while_loop` would pass whole output tensors through every step, and a recurrence in
log2(length) matrix products costs tags^3 instead of tags^2.

Everything is in log space: an exported graph cannot switch to it for single rows, as `crf_likelihood` does. In float32
all scores are relative to the best score of their unit, so they are as exact in a long document as in a short one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch._higher_order_ops.scan import scan

from ..modeling.labels import types_of_tags
from ..modeling.schemes import pattern
from ..modeling.tagging_decoders import CrfDecoder, TaggingDecoder

LOWEST = {torch.float64: -1e300, torch.float32: -1e30}
"""Used for minus infinity, since minus infinity minus itself is not a number."""
LARGEST = 1e25  # bound of emissions in float32, so that none outweighs a constraint


class ExportedDecoder(nn.Module, ABC):
    """From emissions to tags, and to logarithms whose sums are the scores of spans.

    Args:
        decoder: of a model.
        dtype: of the arithmetic: float64, or float32 if the backend has no float64.
    """

    def __init__(self, decoder: TaggingDecoder, dtype: torch.dtype) -> None:
        super().__init__()
        decoder.require_tags()
        self.dtype = dtype
        continuing: dict[str, frozenset[str]] = {}
        for name in types_of_tags(decoder.labels):
            for length in (1, 2):  # tags that can be an entity's last
                tags, following = pattern(length, name, decoder.scheme)
                continuing[tags[-1]] = following
        forbidden = [[after in continuing.get(tag, ()) for after in decoder.labels] for tag in decoder.labels]
        self.register_buffer("forbidden", torch.tensor(forbidden))

    forbidden: Tensor
    """`(t, t)` bool: tags that continue the entity which ends with the row's tag."""

    def forward(self, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Decode.

        Args:
            emissions: `(b, n, t)`, each row's units at its front.
            lengths: `(b,)` long, units of each row.

        Returns:
            The tags of the best path `(b, n)` long, and `(b, n, 3)`, for each unit the logarithms of three
            probabilities: that the unit has its tag; that it has this tag, given the tag of the unit before; and, given
            its tag, that the next tag does not continue the entity. After a row's units the values have no meaning.
        """
        scores = emissions.transpose(0, 1).to(self.dtype)
        if self.dtype == torch.float32:
            scores = scores.clamp(-LARGEST, LARGEST)
        steps = torch.arange(scores.shape[0], device=lengths.device).unsqueeze(1)
        last = steps == lengths - 1
        tags, parts = self._decode(scores - scores.amax(-1, keepdim=True), last)
        return tags.transpose(0, 1), parts.transpose(0, 1)

    @abstractmethod
    def _decode(self, scores: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """Tags `(n, b)` and logarithms `(n, b, 3)` for scores `(n, b, t)` and which units are a row's last `(n, b)`."""

    def _leaving(self, following: Tensor, tags: Tensor, last: Tensor) -> Tensor:
        """`(n, b)` of the log probabilities `(n, b, t)` of the tag after each unit; 0 after the last."""
        free = following.masked_fill(self.forbidden[tags], LOWEST[self.dtype])
        return logsumexp(free).squeeze(-1).masked_fill(last, 0.0)


class ExportedIndependent(ExportedDecoder):
    """A softmax's decoding: each tag by itself."""

    def _decode(self, scores: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        tags = scores.argmax(-1)
        own = scores - logsumexp(scores)
        chosen = own.gather(-1, tags.unsqueeze(-1)).squeeze(-1)
        return tags, torch.stack((chosen, chosen, self._leaving(neighbours(own, 1), tags, last)), -1)


class ExportedChain(ExportedDecoder):
    """A CRF's decoding: Viterbi and forward–backward, side by side in two recurrences."""

    start: Tensor
    transitions: Tensor
    end: Tensor

    def __init__(self, decoder: CrfDecoder, dtype: torch.dtype) -> None:
        super().__init__(decoder, dtype)
        crf = decoder.crf
        parts = {"start": crf.start_transitions, "transitions": crf.transitions, "end": crf.end_transitions}
        legal = [None, None, None] if crf.constraints is None else crf.constraints
        for (name, part), allowed in zip(parts.items(), legal, strict=True):
            scores = part.detach().to(dtype)
            if allowed is not None:
                scores = scores.masked_fill(~torch.tensor(allowed), LOWEST[dtype])
            self.register_buffer(name, scores)

    def _decode(self, scores: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        best, forward = self._forward(scores)
        tags, backward = self._backward(torch.where(last.unsqueeze(-1), best + self.end, best), scores, last)
        return tags, self._parts(scores, forward, backward, tags, last)

    def _forward(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Scores `(n, b, t)` of the best path to each tag, and of all paths to it (logsumexp), its own included."""

        def step(arriving: tuple[Tensor, Tensor], own: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
            best, total = arriving[0] + own, arriving[1] + own
            leaving = (best.unsqueeze(2) + self.transitions).amax(1)
            together = logsumexp(total.unsqueeze(2) + self.transitions, 1).squeeze(1)
            return (self._relative(leaving), self._relative(together)), (best.clone(), total.clone())

        start = self.start.expand_as(scores[0])
        found: tuple[Tensor, Tensor] = scan(step, (start.clone(), start.clone()), scores)[1]
        return found

    def _backward(self, best: Tensor, scores: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """The best path's tags `(n, b)`, traced back, and the sums `(n, b, t)` of all paths after each tag.

        Of equally good paths it takes the path of `crf_decode.best_paths`. `best` is `_forward`'s, with the scores of
        the rows' ends.
        """
        arriving = self.transitions.T.contiguous()

        def step(
            behind: tuple[Tensor, Tensor], here: tuple[Tensor, Tensor, Tensor]
        ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
            (tag, leaving), (state, own, is_last) = behind, here
            is_end = is_last.unsqueeze(-1)
            chosen = (state + arriving[tag].masked_fill(is_end, 0.0)).argmax(-1)
            total = torch.where(is_end, self.end, leaving)
            before = logsumexp((total + own).unsqueeze(1) + self.transitions, 2).squeeze(2)
            return (chosen, self._relative(before)), (chosen.clone(), total.clone())

        nothing = (torch.zeros_like(last[0], dtype=torch.long), self.end.expand_as(scores[0]).clone())
        tags, totals = scan(step, nothing, (best.flip(0), scores.flip(0), last.flip(0)))[1]
        return tags.flip(0), totals.flip(0)

    def _relative(self, state: Tensor) -> Tensor:
        return state - state.amax(-1, keepdim=True) if self.dtype == torch.float32 else state

    def _parts(self, scores: Tensor, forward: Tensor, backward: Tensor, tags: Tensor, last: Tensor) -> Tensor:
        """The result of `_decode`, from the sums before and after each tag; `crf_segments` shows why it is exact."""
        own = tags.unsqueeze(-1)
        both = forward + backward
        first = (both - logsumexp(both)).gather(-1, own).squeeze(-1)
        following = self.transitions[tags] + neighbours(scores + backward, 1)
        following = following - logsumexp(following)
        step = neighbours(following.gather(-1, neighbours(own, 1)), -1).squeeze(-1)
        return torch.stack((first, step, self._leaving(following, tags, last)), -1)


def neighbours(values: Tensor, distance: int) -> Tensor:
    """Each unit gets the values `(n, …)` of the unit at this distance, or of the last unit in that direction."""
    units = torch.arange(values.shape[0], device=values.device) + distance
    return values.index_select(0, units.clamp(0, values.shape[0] - 1))  # a slice would assume n > 1


def logsumexp(values: Tensor, dim: int = -1) -> Tensor:
    """`torch.logsumexp` of finite numbers with `keepdim`, in operators that every backend has."""
    highest = values.amax(dim, keepdim=True)
    return highest + (values - highest).exp().sum(dim, keepdim=True).log()


def exported_decoder(decoder: TaggingDecoder, dtype: torch.dtype) -> ExportedDecoder:
    """The exportable form of a model's tagging decoder.

    Raises:
        ValueError: its labels are no tags.
    """
    if hasattr(decoder, "crf"):
        return ExportedChain(decoder, dtype)  # type: ignore[arg-type]  # by the attribute: see CONTRIBUTING on copies of classes
    return ExportedIndependent(decoder, dtype)
