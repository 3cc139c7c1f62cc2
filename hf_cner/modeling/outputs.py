"""What the models return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers.utils.generic import ModelOutput

States = tuple[torch.FloatTensor, ...] | None  # the type in transformers, which may put None for a layer
Layers = bool | int | Sequence[int] | None
"""What `output_hidden_states` may be: all or none, or the numbers of the layers."""


@dataclass
class CnerOutput(ModelOutput):
    """Output of the tagging and span models.

    Attributes:
        loss: scalar, the sum of the sequence losses divided by the number of units (or by `num_items_in_batch`).
        logits: `(batch, length, labels)`. In evaluation with a CRF they are max-marginals relative to the best path:
            exactly 0 for the decoded tag, at most -1e-3 for every other, so their argmax is the Viterbi path. Their
            softmax is not a probability. In training, and with `eval_logits="emissions"`, they are the emissions.
        emissions: `(batch, length, labels)`, fp32 scores per position before the CRF, zero at positions without a tag.
            Stitching, posteriors and export use these.
        hidden_states: the encoder's, `(batch, length, size)` each, when asked for.
        attentions: the encoder's, `(batch, heads, length, length)` each, when asked for.
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    emissions: torch.Tensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None


def wants(config: Any, name: str, given: Layers) -> bool:
    """The option `name` of one call; the configuration decides where it is None."""
    return bool(getattr(config, name) if given is None else given)


def of_layers(states: tuple[torch.Tensor, ...] | None, config: Any, given: Layers) -> States:
    """The hidden states that `output_hidden_states` names, and None for each other layer.

    True names all layers; a number or a list of numbers names these layers, counted from the end if negative. Numbers
    of layers that do not exist are ignored. This is the behaviour of transformers 5.23.
    """
    wanted = config.output_hidden_states if given is None else given
    if states is None or wanted is None or isinstance(wanted, bool):
        return cast(States, states)
    count = len(states)
    numbers = {n % count for n in ([wanted] if isinstance(wanted, int) else wanted) if -count <= n < count}
    return cast(States, tuple(state if number in numbers else None for number, state in enumerate(states)))


def wants_dict(config: Any, return_dict: bool | None) -> bool:
    """Whether to return an output object rather than a tuple."""
    return wants(config, "return_dict", return_dict)
