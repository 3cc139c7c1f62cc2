"""One class for every combination of encoder, context, attention and decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from .attention import ATTENTIONS
from .backbone import CnerModel, CnerPreTrainedModel
from .context import CONTEXTS
from .decoders import DECODERS
from .outputs import CnerOutput, wants_dict
from .slots import build
from .span_decoder import ScoredSpan
from .units import full_mask, loss_divisor, tagged_mask, token_mask


class CnerForTokenClassification(CnerPreTrainedModel):
    """Clinical entity recogniser: characters in, spans out.

    `forward` takes what transformers' own token classifiers take. `decode` turns emissions into spans; trainer,
    predictor and pipeline all call it.
    """

    _auto_class = "AutoModelForTokenClassification"
    # A slot stays on one device; a pretrained encoder says itself where it may be split.
    _no_split_modules = [  # noqa: RUF012  (the base class's form)
        "StaticEncoder",
        "LatticeEncoder",
        "ElmoEncoder",
        *(layer.__name__ for table in (CONTEXTS, ATTENTIONS, DECODERS) for layer in table.values()),
    ]

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels
        self.cner = CnerModel(config)
        labels = config.derived_labels(config.id2label)  # raises where types, labels and scheme do not agree
        self.span_decoder = build("span_decoder", config.span_decoder, DECODERS, self.cner.output_size, labels)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.cner.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.cner.set_input_embeddings(value)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        unit_mask: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
        eval_logits: str | None = None,
    ) -> CnerOutput | tuple[Any, ...]:
        """Emissions, logits and, with labels, the loss.

        Args:
            input_ids, attention_mask, token_type_ids: `(batch, length)`.
            inputs_embeds: `(batch, length, size)` instead of ids.
            labels: tagging: `(batch, length)` tag numbers, -100 where none stands. Span decoders: `(batch, m, 3)`
                start, end, type number in units, padded with -100.
            unit_mask: `(batch, length)`; the positions that carry a tag. Default: where `labels` is not -100, else
                every position that is attended to and holds no special token.
            num_items_in_batch: divisor of the loss; default: the number of units here.
            eval_logits: overrides the configuration's for this call.
        """
        attention_mask = full_mask(input_ids, inputs_embeds, attention_mask)
        encoded = self.cner(
            input_ids, attention_mask, token_type_ids, inputs_embeds, output_hidden_states, output_attentions, True
        )
        text = token_mask(input_ids, attention_mask, self.config.non_unit_ids)
        tags = labels if labels is not None and labels.ndim == 2 else None  # span labels say nothing about positions
        units = tagged_mask(text, tags, unit_mask)
        emissions = self.span_decoder(encoded.last_hidden_state, units)
        loss = None
        if labels is not None:
            scored = units if tags is None else units & (tags != -100)
            loss = self.span_decoder.loss(emissions, labels, scored) / loss_divisor(scored, num_items_in_batch)
        wanted = self.config.eval_logits if eval_logits is None else eval_logits
        plain = self.training or wanted == "emissions"
        output = CnerOutput(
            loss=loss,
            logits=emissions if plain else self.span_decoder.logits(emissions.detach(), units),
            emissions=emissions,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return output if wants_dict(self.config, return_dict) else output.to_tuple()

    def unit_mask(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        """Positions of these ids that carry a tag, `(batch, length)` bool."""
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
                `(units, …)` per document, as stitching makes them.
        """
        if isinstance(emissions, torch.Tensor):
            if unit_mask is None:
                unit_mask = torch.ones(emissions.shape[:2], dtype=torch.bool, device=emissions.device)
            emissions = [self.crop(row, 0, len(row), 0) for row in self.unit_rows(emissions, unit_mask.bool())]
        return self.span_decoder.decode(emissions, scores=scores)

    def unit_rows(self, emissions: torch.Tensor, unit_mask: torch.Tensor) -> list[torch.Tensor]:
        """The emissions `(units, …)` of each row's units, without padding and special positions."""
        return self.span_decoder.rows(emissions, unit_mask)

    def crop(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """What stitching keeps of one window: units [first, last) of its emissions `(units, …)`.

        `offset` is the position of the window's first unit in the document. The pieces of a document are
        concatenated in order and given to `decode` as one tensor.
        """
        return self.span_decoder.crop(emissions, first, last, offset)

    def encode_targets(self, spans: Sequence[tuple[int, int, str]], length: int) -> list[int]:
        """Labels of a text of `length` units with these spans; raises ValueError where the decoder cannot hold them."""
        return self.span_decoder.encode_targets(spans, length)
