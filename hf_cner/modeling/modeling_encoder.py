"""An encoder of ours on its own, for `AutoModel`: to be pretrained, shared, and put into a model later."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers.modeling_outputs import BaseModelOutput

from .base_model import CnerBaseModel
from .configuration_encoder import CnerEncoderConfig
from .encoders import ENCODERS
from .outputs import Layers, of_layers, wants, wants_dict
from .slots import build
from .units import full_mask


class CnerEncoderModel(CnerBaseModel):
    """One vector per position, from any kind in `ENCODERS`; `from_encoder_pretrained` puts it into a whole model."""

    config_class = CnerEncoderConfig
    base_model_prefix = "encoder"
    _auto_class = "AutoModel"
    _no_split_modules = ["StaticEncoder", "LatticeEncoder", "ElmoEncoder"]  # noqa: RUF012  (the base class's form)

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        chosen = None if config._attn_implementation == "sdpa" else config._attn_implementation
        self.encoder = build("encoder", config.encoder, ENCODERS, given={"attn_implementation": chosen})
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        embeddings: nn.Module = self.encoder.get_input_embeddings()
        return embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.encoder.set_input_embeddings(value)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        output_hidden_states: Layers = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutput | tuple[object, ...]:
        """Vectors `(batch, length, size)` of ids `(batch, length)`, or of embeddings `(batch, length, …)`."""
        output: BaseModelOutput = self.encoder(
            input_ids=input_ids,
            attention_mask=full_mask(input_ids, inputs_embeds, attention_mask),
            token_type_ids=token_type_ids,
            inputs_embeds=inputs_embeds,
            output_hidden_states=wants(self.config, "output_hidden_states", output_hidden_states),
            output_attentions=wants(self.config, "output_attentions", output_attentions),
        )
        output.hidden_states = of_layers(output.hidden_states, self.config, output_hidden_states)
        return output if wants_dict(self.config, return_dict) else output.to_tuple()
