"""What the models return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers.utils.generic import ModelOutput


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


def wants(config: Any, name: str, given: bool | None) -> bool:
    """The option `name` of one call: as given, else as the configuration says."""
    return bool(getattr(config, name) if given is None else given)


def wants_dict(config: Any, return_dict: bool | None) -> bool:
    """Whether to return an output object rather than a tuple."""
    return wants(config, "return_dict", return_dict)
