"""ONNX graphs in 8 bits. The ranges of activations are those of each batch, or measured before on texts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..data.documents import Document
from .write import quiet

if TYPE_CHECKING:
    from ..inference.predictor import Predictor

Batch = Mapping[str, np.ndarray]
MOST_DOCUMENTS = 1000  # for calibration; ranges hardly change after some hundreds


def batches_of(predictor: Predictor, documents: Sequence[Document]) -> list[Batch]:
    """What the model gets, by input, when the first documents are predicted."""
    batches: list[Batch] = []

    def note(module: Any, given: Any, named: Mapping[str, Any]) -> None:
        batches.append({name: value.numpy() for name, value in named.items() if isinstance(value, torch.Tensor)})

    handle = predictor.model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        predictor(documents[:MOST_DOCUMENTS])
    finally:
        handle.remove()
    return batches


def quantise(path: Path, batches: Sequence[Batch] = ()) -> None:
    """Rewrite a graph with products of weights in 8 bits.

    Args:
        path: a graph in float32, which is replaced.
        batches: inputs on which the ranges of activations are measured; without them each batch measures its own. LSTMs
            always do, since ONNX Runtime has no other kind in 8 bits.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    with quiet():
        if batches:
            with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
                measured = Path(scratch, path.name)
                quantize_static(
                    path,
                    measured,
                    _reader(path, batches),
                    op_types_to_quantize=["MatMul"],
                    activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8,
                    per_channel=True,
                    extra_options={"MatMulConstBOnly": True},
                )
                for made in Path(scratch).iterdir():
                    os.replace(made, path.with_name(made.name))
        kinds = ["LSTM"] if batches else ["MatMul", "LSTM"]
        quantize_dynamic(path, path, op_types_to_quantize=kinds, weight_type=QuantType.QInt8)


def _reader(path: Path, batches: Sequence[Batch]) -> Any:
    from onnxruntime import InferenceSession
    from onnxruntime.quantization import CalibrationDataReader

    names = [one.name for one in InferenceSession(path, providers=["CPUExecutionProvider"]).get_inputs()]

    class Reader(CalibrationDataReader):
        rest = iter(batches)

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.rest, None)
            return None if batch is None else {name: batch[name] for name in names}

    return Reader()
