"""What every model of ours shares: initialisation of new layers, and weights from safetensors alone."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn
from transformers import PreTrainedModel

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


class CnerBaseModel(PreTrainedModel):
    """A model of ours, as transformers sees it."""

    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True

    @property
    def supports_gradient_checkpointing(self) -> bool:  # type: ignore[override]
        """Whether the encoder can compute its activations again instead of keeping them; not all of them can."""
        return any(hasattr(module, "gradient_checkpointing") for module in self.modules())

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

        Raises:
            ValueError: the folder holds its weights only as a pickle, or parts of them are missing.
        """
        if kwargs.get("use_safetensors") is False:
            raise ValueError("use_safetensors=False would load a pickle, which can run any code; leave it out.")
        if pretrained_model_name_or_path is not None:
            check_weights(Path(pretrained_model_name_or_path, kwargs.get("subfolder") or ""))
        loaded = super().from_pretrained(pretrained_model_name_or_path, *args, **{**kwargs, "use_safetensors": True})
        model: Any = loaded[0] if isinstance(loaded, tuple) else loaded  # with what was missing, when asked for
        for module in model.modules():
            if getattr(module, "trainable", True) is False:
                module.freeze()
        return loaded


def check_weights(folder: Path) -> None:
    """Raise ValueError when a folder's weights are only a pickle, or when a part of them is missing.

    A folder that is not there (a name on the Hub) and one without any weights are left to transformers.
    """
    if not folder.is_dir() or any(folder.glob("*.safetensors")):
        for index in folder.glob("*.safetensors.index.json"):
            for shard in parts_of(index):
                if not (folder / shard).is_file():
                    raise ValueError(
                        f"{folder / shard} is missing, which {index.name} names; copy all the parts of the weights."
                    )
        return
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    if weights := [name for name in pickles if name != "training_args.bin"]:
        raise ValueError(
            f"{folder} holds its weights only as a pickle ({', '.join(weights)}), which can run any code when it is "
            "loaded, so it is refused; save it again with model.save_pretrained, which writes safetensors. Of a "
            "published encoder `hf-cner encoder import FOLDER OUT` reads the tensors alone."
        )


def parts_of(index: Path) -> list[str]:
    """The files that an index of sharded weights names; raises ValueError when it is broken."""
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # JSON and encoding errors alike, and deep nesting
        raise ValueError(f"{index} is broken ({error}); copy the file again.") from error
    weight_map = content.get("weight_map") if isinstance(content, Mapping) else None
    if not isinstance(weight_map, Mapping) or not all(isinstance(name, str) for name in weight_map.values()):
        raise ValueError(f"{index} is broken (it has no weight_map); copy the file again.")
    return sorted(set(weight_map.values()))
