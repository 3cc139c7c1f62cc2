"""Make the package's configurations, models and pipeline known to transformers."""

from __future__ import annotations

from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification

from .modeling.configuration_cner import CnerConfig
from .modeling.backbone import CnerModel
from .modeling.modeling_cner import CnerForTokenClassification


def register() -> None:
    """Register with the Auto classes; called once, when transformers' Auto classes are first imported."""
    AutoConfig.register(CnerConfig.model_type, CnerConfig, exist_ok=True)
    AutoModel.register(CnerConfig, CnerModel, exist_ok=True)
    AutoModelForTokenClassification.register(CnerConfig, CnerForTokenClassification, exist_ok=True)
