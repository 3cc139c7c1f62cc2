"""Entities as answers: one question per type, all types in one pass over the text (P3, BERT-MRC-Biaffine)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from .backbone import CnerModel, CnerPreTrainedModel
from .configuration_cner_mrc import CnerMrcConfig, check_queries
from .interaction import INTERACTIONS
from .mrc_decoders import MRC_DECODERS
from .outputs import CnerOutput, wants_dict
from .packing import gather_units
from .slots import build
from .span_decoder import ScoredSpan
from .units import full_mask, loss_divisor, tagged_mask, token_mask

Encoded = tuple[torch.Tensor, torch.Tensor]  # vectors (c, m, d) and mask (c, m) of the questions
SAMPLE = 4  # weights of each parameter, from its middle, that are compared to see whether it has changed


class KeptQuestions(NamedTuple):
    """The questions' vectors, and what they were computed from."""

    key: Any
    views: list[torch.Tensor]
    sample: torch.Tensor
    encoded: Encoded


class CnerMrcModel(CnerModel):
    """The question-answering model without interaction and decoder: one vector per position of a text or question."""

    config_class = CnerMrcConfig
    _base_class = "CnerMrcModel"


class CnerForQuestionAnswering(CnerPreTrainedModel):
    """Asks a text one question per entity type and scores the spans that may be answers.

    The text is encoded once for all types. In evaluation the questions' vectors are kept between calls, and computed
    anew after `train()`, and whenever weights, questions, device or dtype have changed; they never enter the state
    dict. What is asked beside it does not change the scores of a type.

    Attributes:
        query_ids: the questions as ids, in the order of the types.
    """

    config_class = CnerMrcConfig
    _base_class = "CnerMrcModel"
    _auto_class = "AutoModelForQuestionAnswering"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.cner = CnerMrcModel(config)
        self.interaction = build("interaction", config.interaction, INTERACTIONS, self.cner.output_size)
        self.span_decoder = build(
            "span_decoder", config.span_decoder, MRC_DECODERS, self.interaction.output_size, config.entity_types
        )
        self.query_ids = [list(config.query_ids[name]) for name in config.entity_types if name in config.query_ids]
        self._kept_queries: KeptQuestions | None = None
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.cner.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.cner.set_input_embeddings(value)

    def set_queries(self, queries: Mapping[str, str], tokenizer: Any) -> None:
        """Ask these questions from now on: one per type, types that training did not know included.

        The configuration takes them over, so a model that is saved afterwards asks them too.

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
        self._kept_queries = None

    def _slot_of(self, queries: Mapping[str, str]) -> dict[str, Any]:
        """The decoder's slot once other questions are asked: classes outlive them, thresholds of others do not."""
        slot = dict(self.config.span_decoder)
        if getattr(self.span_decoder, "known", None):
            slot["known"] = self.span_decoder.known
        if slot.get("thresholds"):
            slot["thresholds"] = {name: limit for name, limit in slot["thresholds"].items() if name in queries}
        return slot

    def train(self, mode: bool = True) -> CnerForQuestionAnswering:
        self._kept_queries = None
        return super().train(mode)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        unit_mask: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
        eval_logits: str | None = None,
    ) -> CnerOutput | tuple[Any, ...]:
        """Scores of all spans under all questions and, with labels, the loss.

        Args:
            input_ids, attention_mask, token_type_ids: `(batch, length)`.
            labels: `(batch, m, 3)` start, end, type number in units, padded with -100.
            unit_mask: `(batch, length)`; default: every position that is attended to and holds no special token.
            num_items_in_batch: divisor of the loss; default: the number of units here.
            eval_logits: taken for the tagging model's sake; the logits are the emissions.

        Returns:
            `emissions` `(batch, units, width, types)` (biaffine); units stand at the front of each row.
        """
        if input_ids is None:
            raise ValueError("A question-answering model needs input_ids.")
        if not self.query_ids:
            raise ValueError("The model has no queries; call set_queries({type: question}, tokenizer) first.")
        attention_mask = full_mask(input_ids, None, attention_mask)
        units = tagged_mask(token_mask(input_ids, attention_mask, self.config.non_unit_ids), None, unit_mask)
        if self.interaction.joint:
            vectors, hidden_states, attentions = self._ask_jointly(input_ids, attention_mask, units), None, None
        else:
            encoded = self.cner(
                input_ids, attention_mask, token_type_ids, None, output_hidden_states, output_attentions, True
            )
            hidden_states, attentions = encoded.hidden_states, encoded.attentions
            text, text_mask = gather_units(encoded.last_hidden_state, units)
            vectors = self.interaction(text, text_mask, *self._questions(input_ids.device))
        emissions = self.span_decoder(vectors, units)
        loss = None
        if labels is not None:
            loss = self.span_decoder.loss(emissions, labels, units) / loss_divisor(units, num_items_in_batch)
        output = CnerOutput(loss, emissions, emissions, hidden_states, attentions)
        return output if wants_dict(self.config, return_dict) else output.to_tuple()

    def _questions(self, device: torch.device) -> Encoded:
        """Vectors `(c, m, d)` of the questions and their mask; kept between calls in evaluation without gradient."""
        if self.training or torch.is_grad_enabled():
            return self._encode_questions(device)
        # A parameter's version counts every change in place, except those by way of `.data`: these show in a sample.
        key = (
            self.query_ids,
            (torch.is_autocast_enabled(device.type), torch.get_autocast_dtype(device.type)),
            [
                (id(p), p.data_ptr(), 0 if p.is_inference() else p._version, p.device, p.dtype)
                for p in self.cner.parameters()
            ],
        )
        kept = self._kept_queries
        if kept is None or kept.key != key or not torch.equal(torch.cat(kept.views), kept.sample):
            flat = [p.detach().flatten() for p in self.cner.parameters()]
            views = [weights[len(weights) // 2 :][:SAMPLE] for weights in flat]
            self._kept_queries = kept = KeptQuestions(key, views, torch.cat(views), self._encode_questions(device))
        return kept.encoded

    def _encode_questions(self, device: torch.device) -> Encoded:
        ids, mask = self._question_ids(device)
        encoded = self.cner(ids, mask, return_dict=True)
        text = token_mask(ids, mask, self.config.non_unit_ids)
        return encoded.last_hidden_state, text

    def _question_ids(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        width = max(map(len, self.query_ids))
        rows = [ids + [self.config.pad_token_id] * (width - len(ids)) for ids in self.query_ids]
        mask = [[1] * len(ids) + [0] * (width - len(ids)) for ids in self.query_ids]
        return torch.tensor(rows, device=device), torch.tensor(mask, device=device)

    def _ask_jointly(self, ids: torch.Tensor, attended: torch.Tensor, units: torch.Tensor) -> torch.Tensor:
        """`(b, c, n, d)`: question and text in one sequence, gathered to the front so that no gap lies between them."""
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

    @torch.no_grad()
    def decode(
        self,
        emissions: torch.Tensor | Sequence[torch.Tensor],
        unit_mask: torch.Tensor | None = None,
        *,
        scores: bool = False,
    ) -> list[list[ScoredSpan]]:
        """Spans `(start, end, type, score)` in units, half-open; as the tagging model's `decode`."""
        if isinstance(emissions, torch.Tensor):
            if unit_mask is None:
                unit_mask = torch.ones(emissions.shape[:2], dtype=torch.bool, device=emissions.device)
            emissions = [self.crop(row, 0, len(row), 0) for row in self.unit_rows(emissions, unit_mask.bool())]
        return self.span_decoder.decode(emissions, scores=scores)

    def unit_mask(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        """Positions of these ids that hold a character, `(batch, length)` bool."""
        return token_mask(input_ids, full_mask(input_ids, None, attention_mask), self.config.non_unit_ids)

    def unit_rows(self, emissions: torch.Tensor, unit_mask: torch.Tensor) -> list[torch.Tensor]:
        """The emissions of each row's units."""
        return self.span_decoder.rows(emissions, unit_mask)

    def crop(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """Candidates of one window that begin in units [first, last), in document units."""
        return self.span_decoder.crop(emissions, first, last, offset)

    def encode_targets(self, spans: Sequence[tuple[int, int, str]], length: int) -> list[list[int]]:
        """`[start, end, type number]` of every span."""
        return self.span_decoder.encode_targets(spans, length)
