"""A model from its checkpoint, refused when the weights are not the model's own."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import transformers

from ..data.models import AUTO_CLASSES
from ..modeling.loaded_weights import WeightsError, check_complete
from .checkpoint import CheckpointError, is_local
from .shapes import check_fit, loading

if TYPE_CHECKING:
    from ..modeling.recogniser import CnerRecogniser


def load_model(name_or_path: str | os.PathLike[str], model_type: str, **options: Any) -> CnerRecogniser:
    """The model of a checkpoint, from safetensors alone and without its code.

    Args:
        name_or_path: a folder or Hub name.
        model_type: what its configuration says, one of `AUTO_CLASSES`.
        options: of `from_pretrained`, as `dtype`.

    Raises:
        CheckpointError: weights that are missing, not the model's, or of another shape; they are named. Of a folder
            everything is checked that can be before memory is filled, see `check_fit`.
    """
    if is_local(name_or_path):
        check_fit(name_or_path)
    auto_class = getattr(transformers, AUTO_CLASSES[model_type])
    with loading(name_or_path), _without_report():
        try:
            model: CnerRecogniser = auto_class.from_pretrained(
                name_or_path, use_safetensors=True, trust_remote_code=False, **options
            )
            check_complete(model)
        except WeightsError as error:
            raise CheckpointError(str(error)) from error
    return model


def check_weights(folder: Path, model_type: str) -> None:
    """Raise CheckpointError when a folder holds weights and they are not the model's own; see `load_model`."""
    if any(folder.glob("*.safetensors")):
        load_model(folder, model_type)


@contextmanager
def _without_report() -> Iterator[None]:
    """While a model is loaded: no table of missing weights in the log, because the sentence says it."""
    logger = logging.getLogger("transformers.modeling_utils")
    logger.addFilter(_is_no_report)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_report)


def _is_no_report(record: logging.LogRecord) -> bool:
    return "LOAD REPORT" not in record.getMessage()
