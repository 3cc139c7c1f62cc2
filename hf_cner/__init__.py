"""hf_cner: entities from Chinese electronic medical records, at home in transformers.

`import hf_cner` is light: it loads neither torch nor transformers. The public names below are loaded when they are
first used, and the models are registered with transformers' Auto classes as soon as those are imported.
"""

from __future__ import annotations

import importlib
from typing import Any

from . import _registration as _registration  # waits for transformers to be imported

__version__ = "0.1.0"

_HOME_OF = {  # public name -> module that defines it
    "CnerConfig": "modeling.configuration_cner",
    "CnerEncoderConfig": "modeling.configuration_encoder",
    "CnerEncoderModel": "modeling.modeling_encoder",
    "CnerForTokenClassification": "modeling.modeling_cner",
    "CnerForQuestionAnswering": "modeling.modeling_cner_mrc",
    "CnerModel": "modeling.backbone",
    "CnerMrcConfig": "modeling.configuration_cner_mrc",
    "CnerTrainer": "training.card",
    "CnerTrainingArguments": "training.arguments",
    "Document": "data.documents",
    "MaskingCollator": "pretraining.masking",
    "Predictor": "inference.predictor",
    "Span": "data.documents",
    "TextWindows": "pretraining.windows",
    "load_corpus": "data.load",
    "lora_targets": "training.lora",
    "read_corpus": "data.corpora",
}

__all__ = ["__version__", *sorted(_HOME_OF)]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'hf_cner' has no attribute {name!r}; public names: {', '.join(__all__)}")
    value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
