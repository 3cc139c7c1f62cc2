"""Rotary and relative position information about the start and the end of a span, for its score."""

from __future__ import annotations

import torch
from torch import nn


def rotate(vectors: torch.Tensor, base: float = 10000.0) -> torch.Tensor:
    """Rotary position embedding (Su et al. 2021, eq. 34): `(batch, length, …, size)` of even size, position = dim 1.

    The product of a rotated start and a rotated end depends on their distance alone.
    """
    length, size = vectors.shape[1], vectors.shape[-1]
    if size % 2:
        raise ValueError(f"Rotary position information needs an even size; found {size}.")
    precise = torch.promote_types(vectors.dtype, torch.float32)
    steps = torch.arange(0, size, 2, device=vectors.device, dtype=precise)
    angles = torch.arange(length, device=vectors.device, dtype=precise)[:, None] * base ** (-steps / size)
    shape = (1, length, *([1] * (vectors.ndim - 3)), size // 2)
    cos, sin = angles.cos().view(shape).to(vectors.dtype), angles.sin().view(shape).to(vectors.dtype)
    even, odd = vectors[..., 0::2], vectors[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


class WidthBias(nn.Module):
    """A learnt score per span width and class (relative position), and one score for all widths from `buckets` on."""

    def __init__(self, classes: int, *, buckets: int = 64) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(buckets, classes))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.bias)

    def forward(self, width: int) -> torch.Tensor:
        """`(width, classes)`."""
        return self.bias[torch.arange(width, device=self.bias.device).clamp(max=len(self.bias) - 1)]


POSITIONS = ("none", "rotary", "relative")


def check_position(position: str) -> None:
    if position not in POSITIONS:
        raise ValueError(f"Unknown position information {position!r}; choose one of {list(POSITIONS)}.")
