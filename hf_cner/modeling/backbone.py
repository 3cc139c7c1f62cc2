"""The model without its decoder: encoder, context and attention; and what all our models share."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import torch
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from .attention import ATTENTIONS
from .base_model import CnerBaseModel
from .configuration_cner import CnerConfig
from .context import CONTEXTS
from .encoder_pretrained import load_pretrained
from .encoders import ENCODERS
from .outputs import Layers, of_layers, wants, wants_dict
from .slots import build
from .units import full_mask, token_mask

Model = TypeVar("Model", bound="CnerPreTrainedModel")
FREE = ("trainable", "dropout", "layer_dropout")  # options of our encoders that weights made without them fit as well


class CnerPreTrainedModel(CnerBaseModel):
    """What the models share: a start from a pretrained encoder, and checkpoints that carry their own code."""

    config_class: type[PreTrainedConfig] = CnerConfig
    base_model_prefix = "cner"
    _base_class = "CnerModel"  # what AutoModel makes of a checkpoint: the model without its decoder
    accepts_loss_kwargs = True  # forward takes num_items_in_batch: Trainer then weighs every unit alike

    @classmethod
    def from_encoder_pretrained(
        cls: type[Model], encoder_name_or_path: str | os.PathLike[str], config: Any, **kwargs: Any
    ) -> Model:
        """A model whose encoder comes from a pretrained checkpoint and whose other layers are new.

        Args:
            encoder_name_or_path: a folder or Hub name that `AutoModel.from_pretrained` takes; safetensors only. An
                encoder of ours that was saved alone (`CnerEncoderModel`) works as well. For encoders in the shapes of
                older publications see `hf_cner.encoders.published.open_encoder` and `from_encoder`.
            config: its `encoder` slot takes the checkpoint's configuration; options of the kind `pretrained` stay, and
                of an encoder of ours those that say nothing of its weights: `trainable`, `dropout`, `layer_dropout`.
            kwargs: passed on to `AutoModel.from_pretrained` (`revision`, `token`, …); `dtype` and
                `attn_implementation` go for the whole model. Without `dtype` it is float32, which training needs.
        """
        pretrained: Any = load_pretrained(encoder_name_or_path, **kwargs)
        chosen = {name: kwargs[name] for name in ("dtype", "attn_implementation") if kwargs.get(name) is not None}
        if chosen.get("dtype") == "auto":
            chosen["dtype"] = pretrained.dtype
        return cls.from_encoder(pretrained, config, **chosen)

    @classmethod
    def from_encoder(
        cls: type[Model],
        pretrained: PreTrainedModel,
        config: Any,
        *,
        dtype: torch.dtype = torch.float32,
        attn_implementation: str | None = None,
    ) -> Model:
        """A model whose encoder has the weights of one in memory, and whose other layers are new.

        Args:
            pretrained: what `AutoModel.from_pretrained` gives, or an encoder of ours (`CnerEncoderModel`).
            config: as in `from_encoder_pretrained`.
            dtype: of the whole model.
            attn_implementation: how attention is computed; None leaves the choice to transformers.

        Raises:
            ValueError: the weights are not those that the encoder's configuration describes.
        """
        source: Any = pretrained
        ours = source.config.model_type == "cner-encoder"
        if ours:
            own = dict(source.config.encoder)
            same = config.encoder["kind"] == own["kind"]
            config.encoder = own | {name: config.encoder[name] for name in FREE if same and name in config.encoder}
        else:
            options = config.encoder if config.encoder["kind"] == "pretrained" else {}
            config.encoder = {**options, "kind": "pretrained", "config": source.config.to_dict()}
        attention = {} if attn_implementation is None else {"attn_implementation": attn_implementation}
        model: Any = cls._from_config(config, dtype=dtype, **attention)
        encoder = model.base_model.encoder
        if ours:
            encoder.load_state_dict(source.encoder.state_dict())
        else:
            encoder.load_encoder(source.state_dict())
        made: Model = model
        return made

    def save_pretrained(self, save_directory: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        """As transformers does, and with the code of the model and of its pipeline.

        The folder then loads with `trust_remote_code=True` where the package is not installed, and
        `pipeline("clinical-ner", …)` works on it. transformers copies the files that a class's own file imports; it
        writes the pipeline's only when a pipeline is saved, so the import here makes it part of every checkpoint.
        """
        from .pipeline_cner import ClinicalNerPipeline

        module = ClinicalNerPipeline.__module__.rpartition(".")[2]
        implementation = f"{module}.{ClinicalNerPipeline.__name__}"
        self.config.custom_pipelines = {"clinical-ner": {"impl": implementation, "pt": [self._auto_class]}}
        own = type(self).__module__.rpartition(".")[2]
        known = getattr(self.config, "auto_map", None) or {}
        self.config.auto_map = {**known, "AutoModel": f"{own}.{self._base_class}"}
        try:
            super().save_pretrained(save_directory, *args, **kwargs)
        finally:
            del self.config.custom_pipelines


class CnerModel(CnerPreTrainedModel):
    """Encoder, context and attention without a decoder: one vector per position."""

    _auto_class = "AutoModel"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        # The choice of attention does not reach an encoder configuration that is held as a plain dict. "sdpa" is
        # what transformers fills in when nobody chose; then the encoder takes the best that its own class can do.
        chosen = None if config._attn_implementation == "sdpa" else config._attn_implementation
        self.encoder = build("encoder", config.encoder, ENCODERS, given={"attn_implementation": chosen})
        self.dropout = nn.Dropout(config.dropout)
        self.context = build("context", config.context, CONTEXTS, self.encoder.output_size)
        self.attention = build("attention", config.attention, ATTENTIONS, self.context.output_size)
        self.output_size: int = self.attention.output_size
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
        """Vectors `(batch, length, size)` of ids `(batch, length)`; zero at padding and special tokens."""
        attention_mask = full_mask(input_ids, inputs_embeds, attention_mask)
        encoded = self.encoder(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            inputs_embeds=inputs_embeds,
            output_hidden_states=wants(self.config, "output_hidden_states", output_hidden_states),
            output_attentions=wants(self.config, "output_attentions", output_attentions),
        )
        mask = token_mask(input_ids, attention_mask, self.config.non_unit_ids)
        vectors = self.context(self.dropout(encoded.last_hidden_state), mask)
        vectors = self.attention(vectors, mask)
        output = BaseModelOutput(
            last_hidden_state=vectors.masked_fill(~mask.unsqueeze(-1), 0.0),
            hidden_states=of_layers(encoded.hidden_states, self.config, output_hidden_states),
            attentions=encoded.attentions,
        )
        return output if wants_dict(self.config, return_dict) else output.to_tuple()
