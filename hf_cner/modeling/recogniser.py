"""The common base of the models that find entities: an encoder, a decoder, and the steps from emissions to spans."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import torch
from torch import nn

from .backbone import CnerModel, CnerPreTrainedModel
from .decoder import Decoder, ScoredSpan
from .outputs import CnerOutput, wants_dict
from .schemes import Triple
from .units import full_mask, loss_divisor, token_mask


class CnerRecogniser(CnerPreTrainedModel):
    """A model with a decoder: characters in, spans out.

    `decode` turns emissions into spans; trainer, predictor and pipeline all call it. `entity_model.EntityModel` lists
    what they may call besides.
    """

    cner: CnerModel
    span_decoder: Decoder

    def get_input_embeddings(self) -> nn.Module:
        return self.cner.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.cner.set_input_embeddings(value)

    @property
    def gives_tags(self) -> bool:
        """Whether the decoder gives one tag to each unit; otherwise it scores spans."""
        return self.span_decoder.gives_tags

    def follow_labels(self) -> None:
        """Adopt labels that were changed in the configuration (`model.config.id2label = …`) since the last call.

        A model that asks questions has no such labels: `set_queries` changes its types.

        Raises:
            ValueError: their number is not that of the decoder's scores.
        """

    def constant_inputs(self) -> dict[str, object]:
        """Arguments of `forward` that are the same for all batches, so that they are computed only once.

        They are valid until the weights change.
        """
        return {}

    def scored_units(self, labels: torch.Tensor, unit_mask: torch.Tensor) -> torch.Tensor:
        """The units `(batch, length)` of a batch that count in the loss and in its divisor."""
        return self.span_decoder.scored(labels, unit_mask)

    def unit_mask(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        """Positions of these ids that hold a character, `(batch, length)` bool."""
        return token_mask(input_ids, full_mask(input_ids, None, attention_mask), self.config.non_unit_ids)

    @torch.no_grad()
    def decode(
        self,
        emissions: torch.Tensor | Sequence[torch.Tensor],
        unit_mask: torch.Tensor | None = None,
        *,
        scores: bool = False,
    ) -> list[list[ScoredSpan]]:
        """Spans `(start, end, type, score)` in units, half-open; `score` is None unless asked for.

        Args:
            emissions: a batch `(batch, length, …)` with its `unit_mask` `(batch, length)`, or a list with one tensor
                per document, made by stitching from what `filter_window` kept.
        """
        self.follow_labels()
        if isinstance(emissions, torch.Tensor):
            if unit_mask is None:
                unit_mask = torch.ones(emissions.shape[:2], dtype=torch.bool, device=emissions.device)
            rows = self.unit_rows(emissions, unit_mask.bool())
            emissions = [self.filter_window(row, 0, len(row), 0) for row in rows]
        return self.span_decoder.decode(emissions, scores=scores)

    def unit_rows(self, emissions: torch.Tensor, unit_mask: torch.Tensor) -> list[torch.Tensor]:
        """The emissions `(units, …)` of each row's units, without padding and special positions."""
        return self.span_decoder.rows(emissions, unit_mask)

    def filter_window(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """What stitching keeps of one window, which owns the units [first, last) of its emissions `(units, …)`.

        `offset` is the position of the window's first unit in the document. The parts of a document are concatenated
        in order and given to `decode` as one tensor. See `Decoder.filter_window`.
        """
        return self.span_decoder.filter_window(emissions, first, last, offset)

    def encode_targets(self, spans: Sequence[Triple], length: int) -> list[object]:
        """Labels of a text of `length` units with these spans; raises ValueError if the decoder cannot hold them."""
        self.follow_labels()
        return self.span_decoder.encode_targets(spans, length)

    def inexpressible(self, spans: Sequence[Triple]) -> list[tuple[Triple, str]]:
        """The spans of a text that the decoder cannot give beside the others, each with the reason."""
        self.follow_labels()
        return self.span_decoder.inexpressible(spans)

    def set_queries(self, queries: Mapping[str, str], tokenizer: Any) -> None:
        """Set the questions; raises ValueError for a model that asks none."""
        raise ValueError("This model asks no questions: only one with an interaction (model type cner-mrc) does.")

    def set_decoding(
        self,
        *,
        decoding: str | None = None,
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        """Change how a span scorer chooses among its spans; None leaves a value unchanged.

        Args:
            decoding: `nested` (a span may lie inside another), `crossing` (any may overlap) or `flat` (none may).
            threshold: probability above which a span is taken.
            thresholds: the same for single types.

        Raises:
            ValueError: a decoder that gives tags, an unknown decoding or type, or a threshold that is no probability.
        """
        if decoding is None and threshold is None and not thresholds:
            return
        if self.gives_tags:
            raise ValueError(
                f"The decoder {self.config.span_decoder['kind']!r} gives one tag to each character, so there is "
                "nothing to choose by decoding and thresholds; they are for decoders that score spans."
            )
        self.follow_labels()
        self.span_decoder.set_decoding(decoding=decoding, threshold=threshold, thresholds=thresholds)

    def export(
        self,
        folder: str | os.PathLike[str],
        tokenizer: Any,
        *,
        to: str = "onnx",
        precision: str = "fp32",
        overwrite: bool = False,
    ) -> None:
        """Write the model as graphs of another backend, with its decoder inside; `hf-cner export` does the same.

        Args:
            folder: where; it is written as a whole or not at all.
            tokenizer: the character tokenizer that the model was trained with.
            to: `onnx`, `openvino` or `torch`.
            precision: `fp32`, or for ONNX `int8`.
            overwrite: replace an earlier result.

        Raises:
            ImportError: the package hf_cner is not installed; a checkpoint's own code cannot export.
            ValueError: a model, target or precision that cannot be exported.
        """
        try:  # by name: a checkpoint's own copy of this file must not need the package
            folders, predictors = map(import_module, ("hf_cner.export.folder", "hf_cner.inference.predictor"))
        except ImportError as error:
            raise ImportError(f"Exporting needs the package hf_cner ({error}); install it.") from error
        predictor = predictors.Predictor(self, tokenizer)
        folders.export_model(predictor, folder, to=to, precision=precision, overwrite=overwrite)

    def _answer(
        self,
        emissions: torch.Tensor,
        units: torch.Tensor,
        *,
        labels: torch.Tensor | None,
        num_items_in_batch: torch.Tensor | int | None,
        hidden_states: Any,
        attentions: Any,
        eval_logits: str,
        return_dict: bool | None,
    ) -> CnerOutput | tuple[object, ...]:
        """The output of `forward` for emissions of `units` `(batch, length)`."""
        loss = None
        if labels is not None:
            scored = self.span_decoder.scored(labels, units)
            loss = self.span_decoder.loss(emissions, labels, scored) / loss_divisor(scored, num_items_in_batch)
        plain = self.training or eval_logits == "emissions"
        output = CnerOutput(
            loss=loss,
            logits=emissions if plain else self.span_decoder.logits(emissions.detach(), units),
            emissions=emissions,
            hidden_states=hidden_states,
            attentions=attentions,
        )
        return output if wants_dict(self.config, return_dict) else output.to_tuple()
