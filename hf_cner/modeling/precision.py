"""The dtype in which scores leave a model."""

import torch


def at_least_float32(scores: torch.Tensor) -> torch.Tensor:
    """`scores` in float32, or in their own dtype if it is more precise."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))
