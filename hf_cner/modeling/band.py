"""Scores of all spans up to a width, without a tensor of length × length when the width is bounded."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def band_scores(left: torch.Tensor, right: torch.Tensor, width: int) -> torch.Tensor:
    """`scores[b, s, k, c] = left[b, s, c] · right[b, s + k]`: start s, end s + k, class c.

    The starts are cut into blocks as long as the band is wide; each block meets only the ends that its spans can
    reach, in one matrix product. Memory grows with length × width, not with length².

    Args:
        left: `(batch, length, classes, size)`.
        right: `(batch, length, size)`.
        width: number of ends a start is paired with, itself first.

    Returns:
        `(batch, length, width, classes)`, zero where a span reaches beyond the length.
    """
    batch, length, classes, size = left.shape
    if length <= 2 * width:
        return _one_block(left, right, width)
    block, reach = width, 2 * width - 1
    blocks = -(-length // block)
    left = F.pad(left, (0, 0, 0, 0, 0, blocks * block - length))
    right = F.pad(right, (0, 0, 0, (blocks - 1) * block + reach - length))
    starts = left.view(batch, blocks, block * classes, size)  # classes are rows too: nothing is copied once per class
    ends = right.unfold(1, reach, block)  # (b, blocks, size, reach)
    products = starts @ ends  # (b, blocks, block · classes, reach)
    # Class c of (r, r + k) lies at r·(classes·reach + 1) + c·reach + k of a block: one pad and views skew the band.
    flat = F.pad(products.flatten(-2), (0, block)).view(batch, blocks, block, classes * reach + 1)
    band = flat[..., :-1].unflatten(-1, (classes, reach))[..., :width]
    return band.transpose(-1, -2).reshape(batch, blocks * block, width, classes)[:, :length]


def _one_block(left: torch.Tensor, right: torch.Tensor, width: int) -> torch.Tensor:
    """The same where all starts meet all ends: as many products as there are pairs, and no more."""
    batch, length, classes, size = left.shape
    starts = F.pad(left.reshape(batch, length * classes, size), (0, 0, 0, 1))  # a row more, as the view below needs
    products = starts @ right.transpose(1, 2)  # (b, length · classes + 1, length)
    band = products.view(batch, length, classes * length + 1)[..., :-1].unflatten(-1, (classes, length))[..., :width]
    place = torch.arange(length, device=left.device)
    inside = (place[:, None] + place[:width] < length).unsqueeze(-1)  # beyond, the view reads of the next class
    return torch.where(inside, band.transpose(-1, -2), 0.0)


def end_values(values: torch.Tensor, width: int) -> torch.Tensor:
    """`(batch, length, size)` to `(batch, length, width, size)`: at start s and width k the value at s + k; a view."""
    padded = F.pad(values, (0, 0, 0, width - 1))
    return padded.unfold(1, width, 1).transpose(2, 3)


def valid_band(counts: torch.Tensor, length: int, width: int) -> torch.Tensor:
    """`(batch, length, width)` bool: the spans that lie within the first `counts[b]` units."""
    ends = torch.arange(length, device=counts.device)[:, None] + torch.arange(width, device=counts.device)[None, :]
    return ends[None] < counts[:, None, None]


def check_types(numbers: torch.Tensor, classes: int) -> None:
    """Raise ValueError for the number of a type that is none."""
    unknown = numbers[(numbers < 0) | (numbers >= classes)]
    if len(unknown):
        raise ValueError(f"labels hold the type {int(unknown[0])}; the types have the numbers 0 to {classes - 1}.")


def band_targets(
    labels: torch.Tensor, length: int, width: int, classes: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Row, start, width index and type of every gold span `(batch, m, 3)` that fits the band; padding is -100.

    Raises:
        ValueError: the number of a type that is none.
    """
    row, place = (labels[..., 0] >= 0).nonzero(as_tuple=True)
    start, end, entity_type = labels[row, place].unbind(-1)
    check_types(entity_type, classes)
    fits = (end - start <= width) & (end <= length) & (end > start)
    return row[fits], start[fits], (end - start - 1)[fits], entity_type[fits]
