"""What an encoder of kind `elmo` needs of the settings."""

from __future__ import annotations

from pathlib import Path

from ..encoders.configuration import read_settings
from ..encoders.published import is_ours
from ..modeling.backbone import FREE
from ..settings.training import EncoderSlot


def check_elmo(slot: EncoderSlot) -> None:
    """Raise a ValueError where the settings of an ELMo encoder name no checkpoint, or what it decides itself."""
    if not slot.name_or_path:
        raise ValueError(
            "An encoder of kind elmo is a pretrained language model, and model.encoder.name_or_path is not set; make "
            "one from text without annotation with hf-cner pretrain --objective bilm, and name its folder there."
        )
    if fixed := sorted(set(slot.own()) - {"kind", *FREE}):
        raise ValueError(
            f"model.encoder.{fixed[0]} cannot be set: the checkpoint in model.encoder.name_or_path decides it. Of an "
            f"encoder of kind elmo {', '.join(FREE)} can be set."
        )


def check_is_elmo(folder: Path) -> None:
    """Raise a ValueError where a folder holds an encoder of another kind."""
    settings = read_settings(folder)[0]
    kind = settings["encoder"]["kind"] if is_ours(folder) else settings.get("model_type") or "pretrained"
    if kind != "elmo":
        raise ValueError(
            f"{folder} holds an encoder of kind {kind!r}, and model.encoder.kind is elmo; name a folder that hf-cner "
            "pretrain --objective bilm wrote, or set model.encoder.kind=pretrained."
        )
