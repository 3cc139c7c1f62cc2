"""The last slot: from one vector per character to tags, their loss, and spans. Decoding stands here and only here."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from .biaffine import BiaffineDecoder
from .crf import LinearChainCRF
from .global_pointer import GlobalPointerDecoder
from .precision import at_least_float32
from .schemes import allowed_transitions, decode, encode
from .span_decoder import ScoredSpan

LOWEST_LOGIT = -1e4  # what an impossible tag gets: finite, so that losses and averages over logits stay finite
HIGHEST_OTHER_LOGIT = -1e-3  # what a tie gets: below the decoded tag's 0, in bf16 as well


class TaggingDecoder(nn.Module):
    """Common part of the decoders that give one tag to each unit.

    Args:
        input_size: size of the vectors.
        labels: the tags in the order of their numbers, `["O", "B-…", …]`.
        scheme: BIO, BIOE or BIOES.
        dropout: probability of dropping a vector's component before the projection.
    """

    def __init__(self, input_size: int, labels: Sequence[str], *, scheme: str = "BIOES", dropout: float = 0.0) -> None:
        super().__init__()
        self.labels = list(labels)
        self.scheme = scheme
        self.ids = {name: number for number, name in enumerate(self.labels)}
        self.outside = self.ids["O"]
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(input_size, len(self.labels))

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Emissions `(batch, length, tags)` in fp32 of vectors `(batch, length, size)`; zero where `mask` is off."""
        emissions = at_least_float32(self.projection(self.dropout(vectors)))
        return emissions.masked_fill(~mask.unsqueeze(-1), 0.0)

    def encode_targets(self, spans: Sequence[tuple[int, int, str]], length: int) -> list[int]:
        """Tag numbers of the units of a text with these spans; raises ValueError where the scheme cannot hold them."""
        return [self.ids[tag] for tag in encode(spans, length, self.scheme)]

    def rows(self, emissions: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        """The emissions of each row's units, `(units, tags)`."""
        return [row[kept] for row, kept in zip(emissions, mask, strict=True)]

    def crop(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """What stitching keeps of one window's emissions `(units, tags)`: the rows of the units it owns."""
        return emissions[first:last]

    def spans(self, tags: Sequence[int]) -> list[tuple[int, int, str]]:
        """Entities of a tag sequence; fragments that the scheme forbids give nothing."""
        return decode([self.labels[tag] for tag in tags], self.scheme)


class SoftmaxDecoder(TaggingDecoder):
    """Each tag on its own: cross-entropy, argmax. A span's score is the product of its tags' probabilities."""

    def loss(self, emissions: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sum of the cross-entropies over the units, scalar."""
        targets = labels.masked_fill(~mask, -100)
        return nn.functional.cross_entropy(
            emissions.flatten(0, 1), targets.flatten(), ignore_index=-100, reduction="sum"
        )

    def logits(self, emissions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The emissions: their argmax is the decoded tag already."""
        return emissions

    def decode(self, documents: Sequence[torch.Tensor], *, scores: bool = False) -> list[list[ScoredSpan]]:
        """Spans of each document's emissions `(units, tags)`."""
        return [self._decode_one(emissions, scores) for emissions in documents]

    def _decode_one(self, emissions: torch.Tensor, scores: bool) -> list[ScoredSpan]:
        best, tags = emissions.double().log_softmax(-1).max(-1)
        spans = self.spans(tags.tolist())
        if not scores:
            return [(*span, None) for span in spans]
        return [(*span, best[span[0] : span[1]].sum().exp().item()) for span in spans]


class CrfDecoder(TaggingDecoder):
    """Linear-chain CRF: the loss of whole sequences, Viterbi, exact posteriors.

    Args:
        constrained: make the transitions that the scheme forbids impossible, in training as in decoding; with `False`
            they are learnt, as the papers do.
    """

    def __init__(
        self,
        input_size: int,
        labels: Sequence[str],
        *,
        scheme: str = "BIOES",
        dropout: float = 0.0,
        constrained: bool = True,
    ) -> None:
        super().__init__(input_size, labels, scheme=scheme, dropout=dropout)
        constraints = allowed_transitions(scheme, self.labels) if constrained else None
        self.crf = LinearChainCRF(len(self.labels), constraints=constraints)

    def loss(self, emissions: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sum of the sequences' negative log-likelihoods, scalar."""
        return -self.crf(emissions, labels, mask, reduction="sum")

    def logits(self, emissions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Max-marginals whose argmax is the Viterbi path, fp32, shaped as the emissions; O where no tag stands."""
        tags = self.crf.viterbi(emissions, mask)
        logits = self.crf.max_marginals(emissions, mask).clamp(LOWEST_LOGIT, HIGHEST_OTHER_LOGIT).float()
        logits = logits.masked_fill(~mask.unsqueeze(-1), LOWEST_LOGIT)
        return logits.scatter(-1, tags.masked_fill(~mask, self.outside).unsqueeze(-1), 0.0)

    def decode(self, documents: Sequence[torch.Tensor], *, scores: bool = False) -> list[list[ScoredSpan]]:
        """Spans of each document's emissions `(units, tags)`: one Viterbi over the whole document.

        With `scores`, the score is the span's exact posterior: the probability of all the tag sequences in which just
        this entity stands there, by forward–backward.
        """
        if not documents:
            return []
        lengths = torch.tensor([len(emissions) for emissions in documents])
        padded = pad_sequence(list(documents), batch_first=True)
        mask = torch.arange(padded.shape[1])[None, :] < lengths[:, None]
        mask = mask.to(padded.device)
        tags = self.crf.viterbi(padded, mask).tolist()
        found = [self.spans(row[:length]) for row, length in zip(tags, lengths.tolist(), strict=True)]
        if not scores:
            return [[(*span, None) for span in spans] for spans in found]
        segments = [[(start, *self._tags_of(end - start, kind)) for start, end, kind in spans] for spans in found]
        probabilities = self.crf.batch_segment_probabilities(padded, segments, mask)
        return [
            [(*span, score) for span, score in zip(spans, row.tolist(), strict=True)]
            for spans, row in zip(found, probabilities, strict=True)
        ]

    def _tags_of(self, length: int, entity_type: str) -> tuple[list[int], frozenset[int]]:
        """Tags of an entity of so many units, and those that, coming next, would make it another entity."""
        tags = self.encode_targets([(0, length, entity_type)], length)
        last = self.labels[tags[-1]][0]
        open_ended = self.scheme == "BIO" or (self.scheme == "BIOE" and last == "B")
        following = [f"I-{entity_type}", f"E-{entity_type}"] if open_ended else []
        return tags, frozenset(self.ids[tag] for tag in following if tag in self.ids)


DECODERS: dict[str, type[nn.Module]] = {
    "softmax": SoftmaxDecoder,
    "crf": CrfDecoder,
    "biaffine": BiaffineDecoder,
    "global_pointer": GlobalPointerDecoder,
}
