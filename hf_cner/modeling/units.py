"""Which positions are text, and which carry a tag."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .labels import IGNORED


def token_mask(
    input_ids: torch.Tensor | None, attention_mask: torch.Tensor, non_unit_ids: Sequence[int]
) -> torch.Tensor:
    """Positions that hold text: attended to, and no special token. `(batch, length)` bool.

    It does not depend on the labels, so the vectors of a text are the same with and without them. Without ids (inputs
    given as embeddings) `attention_mask` alone decides.
    """
    mask = attention_mask.bool()
    if input_ids is not None:
        for non_unit in non_unit_ids:  # a few ids: cheaper than moving a tensor of them to the device
            mask = mask & (input_ids != non_unit)
    return mask


def tagged_mask(text: torch.Tensor, labels: torch.Tensor | None, unit_mask: torch.Tensor | None) -> torch.Tensor:
    """Positions that carry a tag, `(batch, length)` bool: `unit_mask`, else where a label is, else all text."""
    if unit_mask is not None:
        return unit_mask.bool()
    if labels is not None:
        return labels != IGNORED
    return text


def check_labels(labels: torch.Tensor | None, given: torch.Tensor, *, tags: bool) -> None:
    """Raise ValueError for labels in another form than the decoder learns from.

    Args:
        labels: tags `(batch, length)`, or spans `(batch, m, 3)`.
        given: ids `(batch, length)` or embeddings `(batch, length, size)`.
        tags: whether the decoder learns from tags.
    """
    if labels is None:
        return
    right = labels.shape == given.shape[:2] if tags else labels.ndim == 3 and labels.shape[2] == 3
    if not right or len(labels) != len(given):
        form = "a tag for each position, (batch, length)" if tags else "spans (batch, m, 3): start, end, type"
        hint = "" if tags else "; for tags, choose the decoder 'crf' or 'softmax'"
        raise ValueError(
            f"The labels must be {form}; found the shape {tuple(labels.shape)} with inputs {tuple(given.shape)}{hint}."
        )


def loss_divisor(units: torch.Tensor, num_items_in_batch: torch.Tensor | int | None) -> torch.Tensor:
    """The divisor of a sum of losses: the number of items that a trainer gives, else of units; at least 1."""
    return torch.as_tensor(units.sum() if num_items_in_batch is None else num_items_in_batch).clamp(min=1)


def full_mask(
    input_ids: torch.Tensor | None, inputs_embeds: torch.Tensor | None, attention_mask: torch.Tensor | None
) -> torch.Tensor:
    """The attention mask, by default all ones; raises ValueError without inputs, or with both kinds."""
    if (input_ids is None) == (inputs_embeds is None):
        raise ValueError("Give exactly one of input_ids and inputs_embeds.")
    given = input_ids if input_ids is not None else inputs_embeds[..., 0]  # type: ignore[index]
    return torch.ones_like(given, dtype=torch.long) if attention_mask is None else attention_mask
