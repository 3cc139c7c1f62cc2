"""Checks of the settings of an encoder that always comes from a checkpoint, such as ELMo."""

from __future__ import annotations

from pathlib import Path

from ..encoders.configuration import read_settings
from ..encoders.published import is_ours
from ..modeling.backbone import FREE
from ..modeling.encoders import ENCODERS
from ..settings.training import EncoderSlot


def check_slot(slot: EncoderSlot) -> None:
    """Raise ValueError for an unknown kind, or if a kind that needs a checkpoint has none, or options beside it.

    The checkpoint decides these options.
    """
    if slot.kind not in ENCODERS:
        raise ValueError(f"Unknown encoder kind {slot.kind!r}; choose one of {sorted(ENCODERS)}.")
    made_by = ENCODERS[slot.kind].made_by
    if not made_by:
        return
    if not slot.name_or_path:
        raise ValueError(
            f"An encoder of kind {slot.kind} is a pretrained language model, and model.encoder.name_or_path is not "
            f"set; make one from text without annotation with {made_by}, and name its folder there."
        )
    if fixed := sorted(set(slot.own()) - {"kind", *FREE}):
        raise ValueError(
            f"model.encoder.{fixed[0]} cannot be set: the checkpoint in model.encoder.name_or_path decides it. Of an "
            f"encoder of kind {slot.kind} {', '.join(FREE)} can be set."
        )


def check_folder(folder: Path, slot: EncoderSlot) -> None:
    """Raise ValueError if a folder holds no encoder of the kind that the settings name."""
    made_by = ENCODERS[slot.kind].made_by
    if not made_by:
        return
    settings = read_settings(folder)[0]
    kind = settings["encoder"]["kind"] if is_ours(folder) else settings.get("model_type") or "pretrained"
    if kind != slot.kind:
        raise ValueError(
            f"{folder} holds an encoder of kind {kind!r}, and model.encoder.kind is {slot.kind}; name a folder that "
            f"{made_by} wrote, or set model.encoder.kind=pretrained."
        )
