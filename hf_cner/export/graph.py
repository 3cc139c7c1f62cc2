"""A model as two graphs: the model, from ids to emissions, tags and logarithms of scores; and its decoder alone."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from ..data.shown import clipped
from ..modeling.packing import gather_units
from .chain import ExportedDecoder, exported_decoder
from .layers import make_exportable

if TYPE_CHECKING:
    from ..modeling.recogniser import CnerRecogniser

EXAMPLE = (2, 5)  # batch and length with which a model is traced


class ExportError(ValueError):
    """A model that cannot be exported; the message says why."""


class ExportedModel(nn.Module):
    """A model with its decoder: all computations for a batch."""

    def __init__(self, model: CnerRecogniser, decoder: ExportedDecoder) -> None:
        super().__init__()
        self.model: nn.Module = model
        self.decoder = decoder

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, unit_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Emissions `(b, n, t)`, tags `(b, n)` and log parts `(b, n, 3)`, each row's units at its front.

        Args:
            input_ids, attention_mask, token_type_ids: `(b, n)` long.
            unit_mask: `(b, n)` bool, the characters.
        """
        output = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            unit_mask=unit_mask,
            eval_logits="emissions",
            return_dict=True,
        )
        emissions, _ = gather_units(output.emissions, unit_mask)
        tags, parts = self.decoder(emissions, unit_mask.sum(1))
        return emissions, tags, parts


def trace(
    model: CnerRecogniser, *, token_types: bool, onnx: bool, dtype: torch.dtype = torch.float64
) -> dict[str, ExportedProgram]:
    """The programs `model` and `decoder`; the second decodes documents that are joined from windows.

    Batch and length are dynamic.

    Args:
        model: of this package, with a decoder that gives tags.
        token_types: whether the graph takes `token_type_ids`.
        onnx: use operators that only ONNX has, see `layers`.
        dtype: of decoding.

    Raises:
        ExportError: a model that has no such graph, or weights that are not finite.
    """
    check_exportable(model)
    copied = copy.deepcopy(model).eval().requires_grad_(False)
    make_exportable(copied, onnx=onnx)
    decoder = exported_decoder(copied.span_decoder, dtype)
    ids = torch.full(EXAMPLE, _some_unit(model))
    inputs = [ids, torch.ones_like(ids), torch.ones_like(ids, dtype=torch.bool)]
    inputs += [torch.zeros_like(ids)] if token_types else []
    longest = {} if positions(model) is None else {"max": positions(model)}
    # At least 3 columns, since torch treats smaller numbers as special cases; ONNX has no such bound.
    axes = {0: torch.export.Dim("batch", min=1), 1: torch.export.Dim("length", min=3, **longest)}
    emissions = torch.zeros(*EXAMPLE, len(model.span_decoder.labels), dtype=copied.dtype)
    lengths = torch.full(EXAMPLE[:1], EXAMPLE[1])
    own = ({0: axes[0], 1: torch.export.Dim("units", min=3)}, {0: axes[0]})
    torch.compiler.reset()  # else a loop that was traced for another model is used again
    return {
        "model": _traced(ExportedModel(copied, decoder), inputs, tuple(axes for _ in inputs)),
        "decoder": _traced(decoder, [emissions, lengths], own),
    }


def positions(model: CnerRecogniser) -> int | None:
    """How many ids the encoder takes at most; None for any number."""
    longest = getattr(model.cner.encoder, "max_length", None)
    return None if longest is None else int(longest)


def check_exportable(model: CnerRecogniser, to: str = "torch") -> None:
    """Raise ExportError for a model that has no graph for a backend, or whose weights are not finite."""
    config: Any = model.config
    if config.model_type != "cner":
        raise ExportError(
            "A model that asks questions (model type cner-mrc) cannot be exported: its graph would depend on the "
            "questions; export a model that gives tags."
        )
    if not model.gives_tags:
        raise ExportError(
            f"The decoder {config.span_decoder['kind']!r} scores spans, and only decoders that give tags (crf, "
            "softmax) can be exported; train with one of these."
        )
    if why := model.cner.encoder.no_graph:
        raise ExportError(f"The encoder {config.encoder['kind']!r} cannot be exported: {why}; predict with torch.")
    if to == "openvino" and config.encoder.get("bigram_vocab_size"):
        raise ExportError(
            "OpenVINO computes numbers of bigrams in 32 bits, which do not hold them; export this model with --to onnx."
        )
    for name, weight in model.state_dict().items():
        if weight.is_floating_point() and not torch.isfinite(weight).all():
            raise ExportError(f"The weight {name} holds NaN or infinity; the model is broken, train it again.")


def _some_unit(model: CnerRecogniser) -> int:
    """An id that is a unit."""
    return next(number for number in range(1, 1000) if number not in model.config.non_unit_ids)


def _traced(module: nn.Module, inputs: list[Tensor], axes: Any) -> ExportedProgram:
    try:
        with torch.no_grad():
            return torch.export.export(module, tuple(inputs), dynamic_shapes=axes, strict=False)
    except Exception as error:  # whatever torch says about a layer
        said = clipped(" ".join(str(error)[:1000].split()), 300)
        raise ExportError(
            f"torch.export cannot trace this model ({type(error).__name__}: {said}); predict with torch."
        ) from error
