"""What every model of ours shares: initialisation of new layers, and weights from safetensors alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from torch import nn
from transformers import PreTrainedModel

from .loaded_weights import LoadedWeights, WeightFaults, WeightsError, faults_of
from .weight_files import check_weights, open_to_readers


class CnerBaseModel(PreTrainedModel):
    """A model of ours, as transformers sees it."""

    _loaded: LoadedWeights | None = None
    # Buffers of position numbers and frequencies, which encoders of transformers 4 saved, and which are computed now.
    _keys_to_ignore_on_load_unexpected = [r"(^|\.)position_ids$", r"rotary_emb\.inv_freq$"]  # noqa: RUF012
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True

    supports_gradient_checkpointing = True  # of the class; each model corrects it for its encoder

    @property
    def weight_faults(self) -> WeightFaults | None:
        """What was wrong with the weights when the model was loaded, and was not brought by an adapter since.

        None for a model that was not loaded, or that was put into training mode since.
        """
        return None if self._loaded is None else self._loaded.standing(self)

    def post_init(self) -> None:
        """As transformers'; beforehand the model says whether its encoder can compute activations again."""
        self.supports_gradient_checkpointing = any(hasattr(m, "gradient_checkpointing") for m in self.modules())
        super().post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Fill a layer that no checkpoint filled: each layer's own `reset_parameters`, children before parents."""
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()
        else:
            super()._init_weights(module)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str] | None, *args: Any, **kwargs: Any
    ) -> Any:
        """As transformers', from safetensors alone: a pickle can run any code when it is loaded.

        What is missing or too much is noted in `weight_faults`, and refused before predicting (`check_complete`).

        Raises:
            ValueError: the folder holds its weights only as a pickle, or parts of the files are missing.
            WeightsError: weights of other shapes, unless `ignore_mismatched_sizes=True` says that they start again.
        """
        if kwargs.get("use_safetensors") is False:
            raise ValueError("use_safetensors=False would load a pickle, which can run any code; leave it out.")
        if pretrained_model_name_or_path is not None:
            check_weights(Path(pretrained_model_name_or_path, kwargs.get("subfolder") or ""))
        told = kwargs.pop("output_loading_info", False)
        anew = kwargs.pop("ignore_mismatched_sizes", False)
        options = {"use_safetensors": True, "output_loading_info": True, "ignore_mismatched_sizes": True}
        loaded: Any = super().from_pretrained(pretrained_model_name_or_path, *args, **{**kwargs, **options})
        model, info = loaded
        faults = faults_of(info)
        model._loaded = LoadedWeights(model, faults)
        if faults.misshapen and not anew:
            raise WeightsError(
                f"{pretrained_model_name_or_path} does not hold the weights of this model: of its tensors "
                f"{WeightFaults(misshapen=faults.misshapen)}. Its config.json and its weights are of "
                "different models; with ignore_mismatched_sizes=True these tensors start again, to be trained."
            )
        for module in model.modules():
            if getattr(module, "trainable", True) is False:
                module.freeze()
        return loaded if told else model

    def save_pretrained(self, save_directory: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        """As transformers', with weights that the readers of the configuration can read as well."""
        super().save_pretrained(save_directory, *args, **kwargs)
        open_to_readers(Path(save_directory))

    def train(self, mode: bool = True) -> Any:
        if mode:  # what was missing is being learnt
            self._loaded = None
        return super().train(mode)
