"""Configuration of an encoder of ours that stands alone, without context, attention and decoder."""

from __future__ import annotations

import copy
from typing import Any

from transformers import PreTrainedConfig

from .configuration_cner import DEFAULT_ENCODER, Slot, check_slot, tell_unknown


class CnerEncoderConfig(PreTrainedConfig):
    """An encoder slot as a checkpoint of its own.

    Args:
        encoder: `{"kind": …, **options}` as in the other models' configurations.
    """

    model_type = "cner-encoder"
    _auto_class = "AutoConfig"

    def __init__(self, encoder: Slot | None = None, **kwargs: Any) -> None:
        self.encoder = copy.deepcopy(DEFAULT_ENCODER if encoder is None else encoder)
        check_slot("encoder", self.encoder)
        super().__init__(**kwargs)
        tell_unknown(kwargs)

    @property
    def vocab_size(self) -> int:
        """Number of rows of the input embedding, wherever the slot keeps it."""
        return int(self.encoder.get("config", self.encoder).get("vocab_size", 0))

    @vocab_size.setter
    def vocab_size(self, value: int) -> None:
        self.encoder.get("config", self.encoder)["vocab_size"] = value
