"""Packs the spans that several processes found into tensors that can be gathered, and unpacks them into documents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import EvalPrediction
from transformers.trainer_utils import EvalLoopOutput

from ..data.documents import Document, Span
from ..metrics.report import evaluate_documents, flat
from ..modeling.extraction import Extraction
from ..modeling.labels import IGNORED


class IndexCollator:
    """A batch of documents: their numbers, filled up with -1, because processes gather tensors of one size only."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size

    def __call__(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        numbers = torch.tensor([*indices, *[-1] * (self.batch_size - len(indices))], dtype=torch.long)
        # `include_for_metrics=["inputs"]` looks for the model's main input, whatever it is.
        return {"document": numbers, "input_ids": numbers}


def pack(found: Extraction, documents: torch.Tensor, entity_types: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """The spans of one process as tensors that can be gathered.

    Args:
        found: spans of the documents that `documents` names.
        documents: `(b,)` numbers of the documents, -1 where there is none.

    Returns:
        Spans `(b, m, 4)`: document, start, end, type number, padded with -100. Totals `(b, 2)` in float64: in the first
        row the sum of the losses and the number of units, in the others 0.
    """
    number = {name: index for index, name in enumerate(entity_types)}
    most = max((len(spans) for spans in found.spans), default=0)
    spans = torch.full((len(documents), max(1, most), 4), IGNORED, dtype=torch.long)
    for row, (document, row_spans) in enumerate(zip(documents.tolist(), found.spans, strict=False)):
        if row_spans:
            spans[row, : len(row_spans)] = torch.tensor([[document, s, e, number[t]] for s, e, t, _ in row_spans])
    totals = torch.zeros((len(documents), 2), dtype=torch.float64)
    if len(documents):
        totals[0, 0], totals[0, 1] = found.loss_sum, found.units
    return spans.to(documents.device), totals.to(documents.device)


def unpack(spans: Iterable[np.ndarray], documents: Sequence[Document], entity_types: Sequence[str]) -> list[Document]:
    """The documents with the spans that all processes found, joined by number, each document once."""
    found: dict[int, set[Span]] = {number: set() for number in range(len(documents))}
    for array in spans:
        for document, start, end, kind in array.reshape(-1, 4).tolist():
            if document >= 0:
                found[document].add(Span(start, end, entity_types[kind]))
    return [document.with_spans(sorted(found[number])) for number, document in enumerate(documents)]


def of_documents(
    output: Any,
    documents: list[Document],
    entity_types: Sequence[str],
    compute_metrics: Callable[..., Mapping[str, object]] | None,
    prefix: str,
    include: Collection[str] = (),
) -> EvalLoopOutput:
    """The result of transformers' evaluation loop as documents, with the loss per unit and metrics over documents.

    Args:
        output: of the loop; its predictions are what `pack` made, of one batch or a list of them.
        documents: the original ones.
        compute_metrics: gets an `EvalPrediction` with documents on both sides.
        prefix: of the metrics' names.
        include: `inputs` adds the texts to what `compute_metrics` gets.
    """
    batches: list[Any] = output.predictions if isinstance(output.predictions, list) else [output.predictions]
    batches = [batch for batch in batches if batch is not None]
    predicted: Any = unpack([spans for spans, _ in batches], documents, entity_types)
    metrics = {key: value for key, value in output.metrics.items() if key != f"{prefix}_loss"}
    loss, units = (float(sum(totals[:, column].sum() for _, totals in batches)) for column in (0, 1))
    if units:
        metrics[f"{prefix}_loss"] = loss / units
    gold: Any = documents
    if compute_metrics is not None:
        inputs: Any = [document.text for document in documents] if "inputs" in include else None
        computed = compute_metrics(EvalPrediction(predictions=predicted, label_ids=gold, inputs=inputs))
        for key, value in computed.items():
            metrics[key if key.startswith(f"{prefix}_") else f"{prefix}_{key}"] = value
    return EvalLoopOutput(predicted, gold, metrics, len(documents))


def default_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """The metrics of `hf_cner.metrics` on documents; no metrics on features, whose documents are not known."""
    gold: object = prediction.label_ids
    predicted: Any = prediction.predictions
    if not isinstance(gold, list) or not all(isinstance(document, Document) for document in gold):
        return {}
    return flat(evaluate_documents(gold, predicted))
