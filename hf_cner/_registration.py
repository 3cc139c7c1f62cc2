"""Make the package's configurations and models known to transformers."""

from __future__ import annotations

from transformers import AutoConfig, AutoModel, AutoModelForQuestionAnswering, AutoModelForTokenClassification

from .modeling.backbone import CnerModel
from .modeling.configuration_cner import CnerConfig
from .modeling.configuration_cner_mrc import CnerMrcConfig
from .modeling.modeling_cner import CnerForTokenClassification
from .modeling.modeling_cner_mrc import CnerForQuestionAnswering, CnerMrcModel


def register() -> None:
    """Register with the Auto classes; called once, when transformers' Auto classes are first imported."""
    AutoConfig.register(CnerConfig.model_type, CnerConfig, exist_ok=True)
    AutoConfig.register(CnerMrcConfig.model_type, CnerMrcConfig, exist_ok=True)
    AutoModel.register(CnerConfig, CnerModel, exist_ok=True)
    AutoModel.register(CnerMrcConfig, CnerMrcModel, exist_ok=True)
    AutoModelForTokenClassification.register(CnerConfig, CnerForTokenClassification, exist_ok=True)
    AutoModelForQuestionAnswering.register(CnerMrcConfig, CnerForQuestionAnswering, exist_ok=True)
