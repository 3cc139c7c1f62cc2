"""The smallest model around an encoder, to see it through `from_pretrained`, which builds on the meta device."""

from __future__ import annotations

from typing import Any

from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel

from hf_cner.modeling.encoders import ENCODERS
from hf_cner.modeling.slots import build


class HolderConfig(PreTrainedConfig):
    model_type = "encoder-holder"

    def __init__(self, encoder: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.encoder = encoder
        super().__init__(**kwargs)


class Holder(PreTrainedModel):
    config_class = HolderConfig
    supports_gradient_checkpointing = True

    def __init__(self, config: HolderConfig) -> None:
        super().__init__(config)
        self.encoder = build("encoder", config.encoder, ENCODERS)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()

    def get_input_embeddings(self) -> nn.Module:
        return self.encoder.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.encoder.set_input_embeddings(value)
