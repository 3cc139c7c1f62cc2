"""hf_cner: entities from Chinese electronic medical records, at home in transformers.

`import hf_cner` is light: it loads neither torch nor transformers. The public names below are loaded when they are
first used, and the models are registered with transformers' Auto classes as soon as those are imported.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import wrapt

__version__ = "0.1.0"

_HOME_OF = {  # public name -> module that defines it
    "CnerConfig": "modeling.configuration_cner",
    "CnerForTokenClassification": "modeling.modeling_cner",
    "CnerForQuestionAnswering": "modeling.modeling_cner_mrc",
    "CnerModel": "modeling.backbone",
    "CnerMrcConfig": "modeling.configuration_cner_mrc",
    "CnerTrainer": "training.trainer",
    "CnerTrainingArguments": "training.arguments",
    "Document": "data.documents",
    "Predictor": "inference.predictor",
    "Span": "data.documents",
    "load_corpus": "data.load",
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


_AUTO = "transformers.models.auto"
_BASE = "transformers.modeling_utils"  # imports the Auto classes on its way, before it has the class ours derive from
_MODELS = "transformers.modeling_utils"  # imports the Auto configurations on its way, before it is whole itself
_PORTABLE = [f"{__name__}.modeling.{path.stem}" for path in Path(__file__).with_name("modeling").glob("[!_]*.py")]


def _register(finished: ModuleType) -> None:
    """Registration needs torch and transformers, so it waits for the process to import the Auto classes itself.

    When a module of ours, or transformers' own base class, imports them, that one is not whole yet and nothing can be
    registered: then it waits for that module.
    """

    def partial(name: str) -> bool:
        module = sys.modules.get(name)
        spec = getattr(module, "__spec__", None)
        # By name: transformers puts a lazy module with the same name in the place of the one that was imported.
        return name != finished.__name__ and bool(getattr(spec, "_initializing", False))

    if _AUTO in sys.modules and not any(map(partial, [_AUTO, _MODELS, *_PORTABLE, f"{__name__}._registration"])):
        from ._registration import register

        register()


for _name in (_AUTO, _MODELS, *_PORTABLE):
    wrapt.register_post_import_hook(_register, _name)
