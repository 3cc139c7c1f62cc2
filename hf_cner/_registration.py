"""Make the package's configurations, models and pipeline known to transformers, each as soon as it can be.

`import hf_cner` must not load torch and transformers, so each part is registered when the process itself imports the
module of transformers that keeps the register; at once if that has happened already. Our own modules must not import
the Auto classes while they are being imported: they would be half made when they are to be registered.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import wrapt


@wrapt.when_imported("transformers.models.auto.configuration_auto")
def register_configurations(module: ModuleType) -> None:
    """`AutoConfig` builds our configurations from their model type."""
    from .modeling.configuration_cner import CnerConfig
    from .modeling.configuration_cner_mrc import CnerMrcConfig
    from .modeling.configuration_encoder import CnerEncoderConfig

    for config in (CnerConfig, CnerMrcConfig, CnerEncoderConfig):
        module.AutoConfig.register(config.model_type, config, exist_ok=True)


@wrapt.when_imported("transformers.models.auto.modeling_auto")
def register_models(module: ModuleType) -> None:
    """The Auto classes of models find ours from a configuration; `AutoModel` gives the model without its decoder."""
    from .modeling.backbone import CnerModel
    from .modeling.modeling_cner import CnerForTokenClassification
    from .modeling.modeling_cner_mrc import CnerForQuestionAnswering, CnerMrcModel
    from .modeling.modeling_encoder import CnerEncoderModel

    for model in (CnerModel, CnerMrcModel, CnerEncoderModel):
        module.AutoModel.register(model.config_class, model, exist_ok=True)
    for auto, head in (
        (module.AutoModelForTokenClassification, CnerForTokenClassification),
        (module.AutoModelForQuestionAnswering, CnerForQuestionAnswering),
    ):
        auto.register(head.config_class, head, exist_ok=True)


@wrapt.when_imported(f"{__package__}.modeling.crf_backends")
def register_crf(module: ModuleType) -> None:
    """The CRF takes compiled loops where the extra `fast` is installed; checkpoints' own code has torch alone."""

    def load() -> Any:
        from .fast.loading import numba_backend

        return numba_backend()

    module.__dict__["LOADERS"] = {"numba": load, **module.__dict__["LOADERS"]}


@wrapt.when_imported("transformers.pipelines")
def load_pipeline(module: ModuleType) -> None:
    """Our pipeline needs transformers' own, and may itself be what imports those: then it is under way already."""
    importlib.import_module(".modeling.pipeline_cner", __package__)


@wrapt.when_imported(f"{__package__}.modeling.pipeline_cner")
def register_pipeline(module: ModuleType) -> None:
    """`pipeline("clinical-ner", model=…)` works without code from the checkpoint."""
    from transformers import AutoModelForQuestionAnswering, AutoModelForTokenClassification
    from transformers.pipelines import PIPELINE_REGISTRY

    models: Any = (AutoModelForTokenClassification, AutoModelForQuestionAnswering)
    PIPELINE_REGISTRY.register_pipeline(
        "clinical-ner", pipeline_class=module.ClinicalNerPipeline, pt_model=models, type="text"
    )
