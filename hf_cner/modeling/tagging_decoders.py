"""The decoders that give one tag to each character: independent tags, and a conditional random field."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from .crf import LinearChainCRF
from .decoder import Decoder, ScoredSpan
from .independent_tags import segment_probability
from .labels import IGNORED, are_tags
from .precision import at_least_float32
from .schemes import Triple, allowed_transitions, decode, encode, inexpressible, pattern

LOWEST_LOGIT = -1e4  # of an impossible tag: finite, so that losses and averages over logits stay finite
HIGHEST_OTHER_LOGIT = -1e-3  # of a tie: below the decoded tag's 0, in bf16 as well


class TaggingDecoder(Decoder):
    """Common part of the decoders that give one tag to each unit.

    A span's score is its exact probability under the model: the sum over all tag sequences that contain exactly this
    entity.

    Args:
        input_size: size of the vectors.
        labels: the tags in the order of their numbers, `["O", "B-…", …]`. Tags of the scheme may be missing. Labels
            that are no tags are learnt too, without constraints and without spans.
        scheme: BIO, BIOE or BIOES.
        dropout: probability of dropping a vector's component before the projection.
    """

    gives_tags = True

    def __init__(self, input_size: int, labels: Sequence[str], *, scheme: str = "BIOES", dropout: float = 0.0) -> None:
        super().__init__()
        self.set_labels(labels, scheme=scheme)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(input_size, len(self.labels))

    def set_labels(self, labels: Sequence[str], *, scheme: str = "BIOES") -> None:
        """Set the labels of the last axis of the emissions."""
        self.labels = list(labels)
        self.scheme = scheme
        self.has_tags = are_tags(labels, scheme)
        self.ids = {name: number for number, name in enumerate(self.labels)}
        self.outside = self.ids.get("O", 0)

    def require_tags(self) -> None:
        """Raise ValueError if the labels are no tags, so that there are no spans."""
        if not self.has_tags:
            raise ValueError(
                f"The labels {self.labels} are no tags of the scheme {self.scheme}, so they make no spans: name them, "
                'as model.config.id2label = {0: "O", 1: "B-药物", 2: "I-药物"}, or read the argmax of the logits.'
            )

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Emissions `(batch, length, tags)` in fp32 for vectors `(batch, length, size)`; zero where `mask` is off."""
        emissions = at_least_float32(self.projection(self.dropout(vectors)))
        return emissions.masked_fill(~mask.unsqueeze(-1), 0.0)

    def scored(self, labels: torch.Tensor, units: torch.Tensor) -> torch.Tensor:
        return units & (labels != IGNORED)

    def encode_targets(self, spans: Sequence[Triple], length: int) -> list[int]:
        """Tag numbers of the units of a text with these spans.

        Raises:
            ValueError: spans that the scheme cannot hold, or that need a tag that is not among the labels.
        """
        self.require_tags()
        tags = encode(spans, length, self.scheme)
        if missing := sorted(set(tags) - set(self.ids)):
            raise ValueError(f"The tags {missing} are needed, but are not among the checkpoint's labels {self.labels}.")
        return [self.ids[tag] for tag in tags]

    def inexpressible(self, spans: Sequence[Triple]) -> list[tuple[Triple, str]]:
        return inexpressible(spans)

    def rows(self, emissions: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        """The emissions of each row's units, `(units, tags)`."""
        return [row[kept] for row, kept in zip(emissions, mask, strict=True)]

    def filter_window(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor:
        """The rows of a window's emissions `(units, tags)` for the units that it owns."""
        return emissions[first:last]

    def spans(self, tags: Sequence[int]) -> list[Triple]:
        """Entities of a tag sequence; fragments that the scheme forbids give nothing."""
        self.require_tags()
        return decode([self.labels[tag] for tag in tags], self.scheme)

    def segment(self, span: Triple) -> tuple[int, list[int], frozenset[int]]:
        """Start and tags of a span, and the tags that would make it another span if they followed."""
        start, end, entity_type = span
        tags, following = pattern(end - start, entity_type, self.scheme)
        return start, [self.ids[tag] for tag in tags], frozenset(self.ids[tag] for tag in following & set(self.ids))


class SoftmaxDecoder(TaggingDecoder):
    """Independent tags: cross-entropy, argmax."""

    def loss(self, emissions: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sum of the cross-entropies over the units, scalar."""
        targets = labels.masked_fill(~mask, IGNORED)
        return nn.functional.cross_entropy(
            emissions.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum"
        )

    def logits(self, emissions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The emissions: their argmax is the decoded tag already."""
        return emissions

    def decode(self, documents: Sequence[torch.Tensor], *, scores: bool = False) -> list[list[ScoredSpan]]:
        """Spans of each document's emissions `(units, tags)`."""
        return [self._decode_one(emissions, scores) for emissions in documents]

    def _decode_one(self, emissions: torch.Tensor, scores: bool) -> list[ScoredSpan]:
        log_probabilities = emissions.double().log_softmax(-1).cpu()
        spans = self.spans(log_probabilities.argmax(-1).tolist())
        if not scores:
            return [(*span, None) for span in spans]
        return [(*span, segment_probability(log_probabilities, *self.segment(span))) for span in spans]


class CrfDecoder(TaggingDecoder):
    """Linear-chain CRF: the loss of whole sequences, Viterbi, exact posteriors.

    Args:
        constrained: make the transitions that the scheme forbids impossible, in training as in decoding; with `False`
            they are learnt, as the papers do.
    """

    _keep_in_fp32_modules_strict = ("crf",)  # not rounded by transformers when it loads a model in 16 bits

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
        self.constrained = constrained
        self.crf = LinearChainCRF(len(self.labels), batch_first=True)
        self.set_labels(labels, scheme=scheme)

    def set_labels(self, labels: Sequence[str], *, scheme: str = "BIOES") -> None:
        """As the base class, with the constraints of the new labels."""
        super().set_labels(labels, scheme=scheme)
        if hasattr(self, "crf"):
            constrained = self.constrained and self.has_tags
            self.crf.set_constraints(allowed_transitions(scheme, self.labels) if constrained else None)

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

        Scores come from forward–backward.
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
        segments = [[self.segment(span) for span in spans] for spans in found]
        probabilities = self.crf.batch_segment_probabilities(padded, segments, mask)
        return [
            [(*span, score) for span, score in zip(spans, row.tolist(), strict=True)]
            for spans, row in zip(found, probabilities, strict=True)
        ]
