"""One class for every combination of encoder, context, attention and decoder."""

from __future__ import annotations

from typing import Any

import torch

from .attention import ATTENTIONS
from .backbone import CnerModel
from .context import CONTEXTS
from .decoders import DECODERS
from .labels import labels_in_order
from .outputs import CnerOutput, Layers
from .recogniser import CnerRecogniser
from .slots import build
from .units import check_labels, full_mask, tagged_mask, token_mask


class CnerForTokenClassification(CnerRecogniser):
    """Clinical entity recogniser: characters in, spans out.

    `forward` takes what transformers' own token classifiers take. `decode` turns emissions into spans.
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

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        unit_mask: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        output_hidden_states: Layers = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
        eval_logits: str | None = None,
    ) -> CnerOutput | tuple[object, ...]:
        """Emissions, logits and, with labels, the loss.

        Args:
            input_ids, attention_mask, token_type_ids: `(batch, length)`.
            inputs_embeds: `(batch, length, size)` instead of ids.
            labels: tagging: `(batch, length)` tag numbers, -100 where there is none. Span scorers: `(batch, m, 3)`
                start, end, type number in units, padded with -100.
            unit_mask: `(batch, length)`; the positions that carry a tag. Default: where `labels` is not -100, else
                every position that is attended to and holds no special token.
            num_items_in_batch: divisor of the loss; default: the number of units here.
            output_hidden_states: True for all layers of the encoder, or the number of one layer (-1 is the last), or a
                list of numbers.
            eval_logits: replaces the configuration's `eval_logits` for this call.
        """
        self.follow_labels()
        attention_mask = full_mask(input_ids, inputs_embeds, attention_mask)
        check_labels(labels, attention_mask, tags=self.gives_tags)
        encoded = self.cner(
            input_ids, attention_mask, token_type_ids, inputs_embeds, output_hidden_states, output_attentions, True
        )
        text = token_mask(input_ids, attention_mask, self.config.non_unit_ids)
        tags = labels if self.gives_tags else None  # span labels say nothing about positions
        units = tagged_mask(text, tags, unit_mask)
        return self._answer(
            self.span_decoder(encoded.last_hidden_state, units),
            units,
            labels=labels,
            num_items_in_batch=num_items_in_batch,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
            eval_logits=self.config.eval_logits if eval_logits is None else eval_logits,
            return_dict=return_dict,
        )

    def follow_labels(self) -> None:
        labels = labels_in_order(self.config.id2label or {})
        decoder = self.span_decoder
        if labels == decoder.labels:
            return
        if len(labels) != len(decoder.labels):
            raise ValueError(
                f"The configuration has {len(labels)} labels {labels}, but the model's decoder has "
                f"{len(decoder.labels)}. Load it for these labels, with from_pretrained(…, id2label=…, "
                "ignore_mismatched_sizes=True)."
            )
        self.config.adopt_labels()  # also where the dict was changed in place
        decoder.set_labels(labels, scheme=self.config.span_decoder.get("scheme", "BIOES"))
