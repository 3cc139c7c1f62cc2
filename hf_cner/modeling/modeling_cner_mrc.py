"""Entities as answers: one question per type, all types in one pass over the text (P3, BERT-MRC-Biaffine)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from .backbone import CnerModel
from .configuration_cner_mrc import CnerMrcConfig, check_queries
from .interaction import INTERACTIONS
from .mrc_decoders import MRC_DECODERS
from .outputs import CnerOutput, Layers, wants
from .packing import gather_units
from .recogniser import CnerRecogniser
from .slots import build
from .span_scorer import SpanScorer
from .units import check_labels, full_mask, tagged_mask, token_mask


class Questions(NamedTuple):
    """Encoded questions: `vectors` `(c, m, d)`, and which of them belong to text, `mask` `(c, m)` bool."""

    vectors: torch.Tensor
    mask: torch.Tensor


class CnerMrcModel(CnerModel):
    """The question-answering model without interaction and decoder: one vector per position of a text or question."""

    config_class = CnerMrcConfig
    _base_class = "CnerMrcModel"


class CnerForQuestionAnswering(CnerRecogniser):
    """Asks a text one question per entity type and scores the spans that may be answers.

    The text is encoded once for all types. The questions are encoded in every call, unless `questions` holds the result
    of `encode_questions`: callers with many batches and the same weights encode them once, as extraction does. The
    scores of a type do not depend on the other questions.

    Attributes:
        query_ids: the questions as ids, in the order of the types.
    """

    config_class = CnerMrcConfig
    _base_class = "CnerMrcModel"
    _auto_class = "AutoModelForQuestionAnswering"
    interaction: nn.Module
    span_decoder: SpanScorer

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.cner = CnerMrcModel(config)
        self.interaction = build("interaction", config.interaction, INTERACTIONS, self.cner.output_size)
        self.span_decoder = build(
            "span_decoder", config.span_decoder, MRC_DECODERS, self.interaction.output_size, config.entity_types
        )
        self.query_ids = [list(config.query_ids[name]) for name in config.entity_types if name in config.query_ids]
        self.post_init()

    def set_queries(self, queries: Mapping[str, str], tokenizer: Any) -> None:
        """Set the questions: one per type. The types need not be those of training.

        The configuration stores them, so a model that is saved afterwards asks them too.

        Args:
            queries: type to question, e.g. `{"药物": "病历中的药物有哪些？"}`.
            tokenizer: the checkpoint's.

        Raises:
            ValueError: no questions, an empty one, one for two types, one that is longer than the encoder reads, or a
                new type where the decoder has a class for each type of training (`classes="all"`).
        """
        queries = dict(queries)
        if not queries:
            raise ValueError("No queries given; ask for at least one type, as {'药物': '病历中的药物有哪些？'}.")
        check_queries(list(queries), queries)
        ids = {name: [int(i) for i in tokenizer(query)["input_ids"]] for name, query in queries.items()}
        limit = self.cner.encoder.max_length
        for name, question in ids.items():
            if limit is not None and len(question) > limit:
                raise ValueError(
                    f"The query of the type {name!r} has {len(question)} tokens, and the encoder takes {limit}; "
                    "shorten it."
                )
        self.span_decoder.set_labels(list(queries))
        self.config.set_queries(queries, ids)
        self.config.span_decoder = self._slot_of(queries)
        self.query_ids = list(ids.values())

    def _slot_of(self, queries: Mapping[str, str]) -> dict[str, object]:
        """The decoder's slot for new questions, with its classes and the thresholds of types that are still asked."""
        slot = dict(self.config.span_decoder)
        if getattr(self.span_decoder, "known", None):
            slot["known"] = self.span_decoder.known
        if slot.get("thresholds"):
            slot["thresholds"] = {name: limit for name, limit in slot["thresholds"].items() if name in queries}
        return slot

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        unit_mask: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        output_hidden_states: Layers = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
        eval_logits: str | None = None,
        questions: Questions | None = None,
    ) -> CnerOutput | tuple[object, ...]:
        """Scores of all spans under all questions and, with labels, the loss.

        Args:
            input_ids, attention_mask, token_type_ids: `(batch, length)`.
            labels: `(batch, m, 3)` start, end, type number in units, padded with -100.
            unit_mask: `(batch, length)`; default: every position that is attended to and holds no special token.
            num_items_in_batch: divisor of the loss; default: the number of units here.
            eval_logits: accepted because the tagging model has it; the logits are always the emissions.
            questions: the result of `encode_questions` with these weights; by default the questions are encoded again.

        Returns:
            `emissions` `(batch, units, width, types)` (biaffine); units stand at the front of each row.
        """
        if input_ids is None:
            raise ValueError("A question-answering model needs input_ids.")
        attention_mask = full_mask(input_ids, None, attention_mask)
        check_labels(labels, attention_mask, tags=self.gives_tags)
        units = tagged_mask(token_mask(input_ids, attention_mask, self.config.non_unit_ids), None, unit_mask)
        if self.interaction.joint:
            self._refuse_states(output_hidden_states=output_hidden_states, output_attentions=output_attentions)
            vectors, hidden_states, attentions = self._ask_jointly(input_ids, attention_mask, units), None, None
        else:
            encoded = self.cner(
                input_ids, attention_mask, token_type_ids, None, output_hidden_states, output_attentions, True
            )
            hidden_states, attentions = encoded.hidden_states, encoded.attentions
            text, text_mask = gather_units(encoded.last_hidden_state, units)
            vectors = self.interaction(text, text_mask, *(questions or self.encode_questions()))
        return self._answer(
            self.span_decoder(vectors, units),
            units,
            labels=labels,
            num_items_in_batch=num_items_in_batch,
            hidden_states=hidden_states,
            attentions=attentions,
            eval_logits="emissions",
            return_dict=return_dict,
        )

    def _refuse_states(self, **asked: Layers) -> None:
        """Raise ValueError for hidden states or attentions when question and text are one sequence."""
        for name, given in asked.items():
            if wants(self.config, name, given):
                raise ValueError(
                    f"{name} is not possible for questions that are asked jointly: each text is encoded once with each "
                    "question. Leave it out, or use the interaction 'separate'."
                )

    def constant_inputs(self) -> dict[str, object]:
        return {} if self.interaction.joint else {"questions": self.encode_questions()}

    def encode_questions(self) -> Questions:
        """The vectors of the questions, for `forward`; they are valid until weights or questions change.

        Raises:
            ValueError: the model has no questions.
        """
        ids, mask = self._question_ids(next(self.parameters()).device)
        encoded = self.cner(ids, mask, return_dict=True)
        return Questions(encoded.last_hidden_state, token_mask(ids, mask, self.config.non_unit_ids))

    def _question_ids(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.query_ids:
            raise ValueError("The model has no queries; call set_queries({type: question}, tokenizer) first.")
        width = max(map(len, self.query_ids))
        rows = [ids + [self.config.pad_token_id] * (width - len(ids)) for ids in self.query_ids]
        mask = [[1] * len(ids) + [0] * (width - len(ids)) for ids in self.query_ids]
        return torch.tensor(rows, device=device), torch.tensor(mask, device=device)

    def _ask_jointly(self, ids: torch.Tensor, attended: torch.Tensor, units: torch.Tensor) -> torch.Tensor:
        """`(b, c, n, d)`: question and text in one sequence, without a gap between them."""
        questions, question_mask = self._question_ids(ids.device)
        batch, types, length = len(ids), len(questions), ids.shape[1]
        leading = attended.bool() & ~units & (units.long().cumsum(1) == 0)  # the text's own [CLS]: the question has one
        pieces = [
            (questions.repeat(batch, 1), ids.repeat_interleave(types, 0)),
            (question_mask.bool().repeat(batch, 1), (attended.bool() & ~leading).repeat_interleave(types, 0)),
            (torch.zeros_like(question_mask).bool().repeat(batch, 1), units.repeat_interleave(types, 0)),
        ]
        joint_ids, joint_attended, joint_units = (torch.cat(piece, dim=1) for piece in pieces)
        second = torch.zeros_like(joint_ids)
        second[:, questions.shape[1] :] = 1
        order = torch.sort(joint_attended, dim=1, descending=True, stable=True).indices
        columns = int(joint_attended.sum(1).max())
        order = order[:, :columns]
        joint_ids, joint_attended, joint_units, second = (
            part.gather(1, order) for part in (joint_ids, joint_attended, joint_units, second)
        )
        joint_ids = joint_ids.masked_fill(~joint_attended, self.config.pad_token_id)
        encoded = self.cner(joint_ids, joint_attended.long(), second * joint_attended, return_dict=True)
        vectors = gather_units(encoded.last_hidden_state, joint_units)[0][:, :length]
        if vectors.shape[1] < length:
            vectors = nn.functional.pad(vectors, (0, 0, 0, length - vectors.shape[1]))
        return vectors.unflatten(0, (batch, types))
