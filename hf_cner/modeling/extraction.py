"""From texts to spans: windows, batches, emissions, stitching, one decoding per document.

The core that predictor, pipeline and trainer share. Windows of many documents are sorted by length and batched by a
budget of padded tokens; the emissions that each window owns are put together again per document, and the model decodes
the document whole, so that results depend neither on the batches nor on the order of the documents.

Memory: documents are processed in groups of at most `GROUP_CHARACTERS` characters (a longer document is a group of
its own). A group costs its emissions in fp32, 4 · tags bytes for each character of its windows, once more while they
are put together, plus what decoding needs; encoder activations only for one batch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from .characters import CharacterTable
from .decoder import ScoredSpan
from .entity_model import EntityModel
from .linear_paths import LinearPath, TorchLinears
from .precision import at_least_float32
from .window_batches import (
    DECODED_CHARACTERS,
    EncodedWindow,
    WindowBatch,
    document_groups,
    encode_windows,
    token_batches,
)

__all__ = ["EncodedWindow", "Extraction", "encode_windows", "extract"]

CPU_TOKENS = (384, 1024)  # fewest and most padded tokens in a batch; between them what a core's cache decides
CACHED_NUMBERS = 1 << 19  # of the widest layer's outputs for a batch: 2 MiB (measured with BiLSTM and BERT encoders)
ACCELERATOR_TOKENS = 1 << 14  # launches are what costs there


@dataclass(slots=True)
class Extraction:
    """What `extract` found.

    Attributes:
        spans: for each document its spans `(start, end, type, score)`, in characters of the text, sorted.
        loss_sum: sum of the sequence losses; 0.0 without labels.
        units: number of units that went into it: labelled ones where tags are given, all with a span scorer.
    """

    spans: list[list[ScoredSpan]]
    loss_sum: float = 0.0
    units: int = 0


@dataclass(slots=True)
class _Losses:
    sums: list[torch.Tensor] = field(default_factory=list)
    units: int = 0

    def total(self) -> float:
        return float(torch.stack(self.sums).double().sum()) if self.sums else 0.0


def extract(
    model: EntityModel,
    encoded: Sequence[EncodedWindow],
    num_documents: int,
    *,
    table: CharacterTable,
    max_tokens: int | None = None,
    scores: bool = True,
    progress: Callable[[int], None] | None = None,
    linears: LinearPath | None = None,
    cache: bool = True,
) -> Extraction:
    """Find the spans of documents from their windows.

    Args:
        model: a model of this package; set to evaluation mode meanwhile.
        encoded: the windows of all the documents, in any order; with labels on all of them or on none.
        num_documents: how many documents there are; one without windows has no spans.
        table: how the tokenizer frames and pads.
        max_tokens: budget of padded tokens for one batch; a longer window is a batch of its own. Default: what is fast
            on the model's device.
        scores: give each span its probability (otherwise None).
        progress: called with the number of characters that are done since the last call.
        linears: how linear layers are computed; None as torch does it.
        cache: compute windows with the same ids once in each group of documents. Labelled ones are all computed.

    Raises:
        ValueError: `max_tokens` below 1, or labels on some windows only.
        FloatingPointError: scores that are NaN or infinite, which would otherwise pass for a text without entities.
    """
    if max_tokens is None:
        max_tokens = _cpu_tokens(model) if _device(model).type == "cpu" else ACCELERATOR_TOKENS
    if max_tokens < 1:
        raise ValueError(f"max_tokens is {max_tokens}; it must be at least 1.")
    labelled = sum(window.labels is not None for window in encoded)
    if labelled not in (0, len(encoded)):
        raise ValueError(f"{labelled} of {len(encoded)} windows have labels; give labels to all of them or to none.")
    spans: list[list[ScoredSpan]] = [[] for _ in range(num_documents)]
    losses = _Losses()
    modes = [(module, module.training) for module in model.modules()]
    if any(training for _, training in modes):
        model.eval()
    try:
        with torch.inference_mode(), (linears or TorchLinears()).active():
            constant = model.constant_inputs() if len(encoded) else {}
            for group in document_groups(encoded):
                same = _same_windows(group, cache and not labelled)
                documents = _stitched(model, same, table, max_tokens, constant, losses, progress)
                for number, found in _decoded(model, documents, scores):
                    spans[number] = sorted(found, key=lambda span: span[:3])
            return Extraction(spans, losses.total(), losses.units)
    finally:
        if modes[0][1]:
            model.train()
        for module, training in modes:  # a frozen encoder inside a model in training mode stays in evaluation mode
            module.training = training


def _same_windows(group: Sequence[EncodedWindow], cache: bool) -> list[list[EncodedWindow]]:
    """The windows in lists, one for each that is computed, together with those that have the same ids."""
    if not cache:
        return [[window] for window in group]
    found: dict[tuple[int, ...], list[EncodedWindow]] = {}
    for window in group:
        found.setdefault(tuple(window.input_ids), []).append(window)
    return list(found.values())


def _stitched(
    model: EntityModel,
    same: Sequence[Sequence[EncodedWindow]],
    table: CharacterTable,
    max_tokens: int,
    constant: dict[str, object],
    losses: _Losses,
    progress: Callable[[int], None] | None,
) -> dict[int, torch.Tensor]:
    """What is kept of each document of the group for decoding, put together from its windows, on the CPU.

    `same` is what `_same_windows` gives, `constant` holds what the model computes once for all batches.
    """
    places = {id(windows[0]): windows for windows in same}
    pieces: dict[int, list[tuple[int, torch.Tensor]]] = {}
    device = _device(model)
    # Copies from a GPU are queued, and the host waits for a batch only after it has launched the next one.
    waiting: list[tuple[WindowBatch, torch.Tensor, Any]] = []

    def finish() -> None:
        batch, emissions, copied = waiting.pop(0)
        if copied is not None:
            copied.synchronize()
        rows = model.unit_rows(emissions, torch.from_numpy(batch.inputs["unit_mask"]))
        if not emissions.isfinite().all():
            _refuse_no_numbers(rows, batch.windows)
        for computed, row in zip(batch.windows, rows, strict=True):
            for item in places[id(computed)]:
                start, _, own_start, own_end = item.window
                kept = model.filter_window(row, own_start - start, own_end - start, start)
                pieces.setdefault(item.document, []).append((own_start, kept))
                if progress is not None:
                    progress(own_end - own_start)

    for batch in token_batches([windows[0] for windows in same], table, max_tokens, span_labels=not model.gives_tags):
        waiting.append((batch, *_emissions(model, batch, device, constant, losses)))
        if len(waiting) > 1:
            finish()
    while waiting:
        finish()
    documents: dict[int, torch.Tensor] = {}
    for number in sorted(pieces):
        parts = [part for _, part in sorted(pieces.pop(number), key=lambda piece: piece[0])]
        documents[number] = torch.cat(parts) if len(parts) > 1 else parts[0]
    return documents


def _refuse_no_numbers(rows: Sequence[torch.Tensor], windows: Sequence[EncodedWindow]) -> None:
    """Raise FloatingPointError for the first window with scores of which nothing can be decoded, padding aside."""
    for row, item in zip(rows, windows, strict=True):
        if not row.isfinite().all():
            start, end, _, _ = item.window
            raise FloatingPointError(
                f"The model's scores are not numbers (NaN or infinity) in characters {start} to {end} of text "
                f"{item.document + 1} of those read together, so nothing can be found: the weights are broken, or the "
                "precision is too low; load it with dtype=torch.float32."
            )


def _emissions(
    model: EntityModel, batch: WindowBatch, device: torch.device, constant: dict[str, object], losses: _Losses
) -> tuple[torch.Tensor, object]:
    """Emissions `(batch, width, …)` on their way to the CPU, and the event that says that they are there."""
    tensors = {name: torch.from_numpy(array) for name, array in batch.inputs.items()}
    inputs: dict[str, object] = {name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()}
    if "labels" in inputs:
        inputs["num_items_in_batch"] = 1  # the plain sum of the losses, which sums up over batches
        losses.units += int(model.scored_units(tensors["labels"], tensors["unit_mask"]).sum())
    # Max-marginals as logits would cost time, and nothing reads them.
    output = model(**inputs, **constant, eval_logits="emissions", return_dict=True)
    if output.loss is not None:
        losses.sums.append(output.loss.detach())
    queued = device.type == "cuda"
    emissions = at_least_float32(output.emissions).to("cpu", non_blocking=queued)
    copied = torch.cuda.Event() if queued else None
    if copied is not None:
        copied.record(torch.cuda.current_stream(device))
    return emissions, copied


def _decoded(
    model: EntityModel, documents: dict[int, torch.Tensor], scores: bool
) -> Iterator[tuple[int, list[ScoredSpan]]]:
    """Number and spans of each document; documents of similar length are decoded together."""
    device = _device(model)
    ordered = sorted(documents, key=lambda number: len(documents[number]), reverse=True)
    first = 0
    while first < len(ordered):
        last = first + max(1, DECODED_CHARACTERS // max(1, len(documents[ordered[first]])))
        numbers = ordered[first:last]
        decoded = model.decode([documents.pop(number).to(device) for number in numbers], scores=scores)
        yield from zip(numbers, decoded, strict=True)
        first = last


def _cpu_tokens(model: EntityModel) -> int:
    """Padded tokens in a batch whose outputs of the widest linear layer stay in the cache of a core."""
    widest = max((m.out_features for m in model.modules() if isinstance(m, nn.Linear)), default=1)
    fewest, most = CPU_TOKENS
    return min(most, max(fewest, CACHED_NUMBERS // widest))


def _device(model: EntityModel) -> torch.device:
    return next(model.parameters()).device
