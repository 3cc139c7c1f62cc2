"""The inputs of a prediction besides its text: the model, the options, and the code."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..data.digests import file_digest
from ..data.models import TOKENIZER_FILES
from ..inference.checkpoint import CONFIG, is_local, weight_files

if TYPE_CHECKING:
    from ..inference.predictor import Predictor


def model_hash(predictor: Predictor) -> str:
    """SHA-256 of a model: every byte of its tensors, its configuration and its vocabulary; 0.3 seconds per 100 MB."""
    import torch

    found = hashlib.sha256()
    for name, tensor in sorted(predictor.model.state_dict().items()):
        plain = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        found.update(plain.numpy())
    config = {k: v for k, v in predictor.model.config.to_dict().items() if k not in ("_name_or_path", "name_or_path")}
    vocabulary = sorted(predictor.tokenizer.get_vocab().items())
    found.update(json.dumps([config, vocabulary], sort_keys=True, default=str).encode())
    return found.hexdigest()


def folder_hash(model: str) -> str:
    """Of a model that is not loaded: SHA-256 of the files for prediction in its folder; the name for a model on the
    Hub.
    """
    if not is_local(model):
        return model
    found = hashlib.sha256()
    for path in [Path(model, name) for name in (CONFIG, *TOKENIZER_FILES)] + weight_files(Path(model)):
        found.update(file_digest(path).encode())
    return found.hexdigest()


def options_of(predictor: Predictor) -> dict[str, Any]:
    """The options of a predictor, also threads and device, since they may change the last digits of a score."""
    import torch

    from ..modeling.crf_backends import backend_for

    decoder: Any = getattr(predictor.model, "span_decoder", None)
    return {
        "scores": predictor.scores,
        "batch_tokens": predictor.batch_tokens,
        "windows": predictor.windows,
        "decoding": getattr(decoder, "decoding", None),
        "threshold": getattr(decoder, "threshold", None),
        "thresholds": getattr(decoder, "thresholds", None),
        "linears": predictor.linears.path.name,
        "crf": backend_for(torch.empty(0, device=next(predictor.model.parameters()).device)).name,
        "device": next(predictor.model.parameters()).device.type,
        "threads": torch.get_num_threads(),
    }


def code_version() -> dict[str, str]:
    """The versions of this package and of those that compute and write."""
    return {"hf_cner": __version__, **{name: version(name) for name in ("torch", "transformers", "pyarrow")}}
