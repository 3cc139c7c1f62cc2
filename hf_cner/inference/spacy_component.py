"""A trained model as a component of a spaCy pipeline: `nlp.add_pipe("hf_cner", config={"model": "OUT"})`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.util import filter_spans, minibatch

from ..data.documents import Document
from .predictor import Predictor

NAME = "hf_cner"


class HfCner:
    """Finds entities in the text of a `Doc`.

    All entities stand in `doc.spans[spans_key]`, nested ones too, with their probabilities in its `attrs["scores"]`;
    `doc.ents` holds the longest of those that overlap. spaCy's spans consist of whole tokens: an entity that a token's
    boundary cuts is in neither, but stands with its exact offsets in `doc._.hf_cner`, the `Document` that was found.

    Attributes:
        cut: how many entities were left out because of tokens, since the component was made.
    """

    def __init__(self, predictor: Predictor, *, spans_key: str = NAME) -> None:
        self.predictor = predictor
        self.spans_key = spans_key
        self.cut = 0
        if not Doc.has_extension(NAME):
            Doc.set_extension(NAME, default=None)

    def __call__(self, doc: Doc) -> Doc:
        """One document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Documents as they come; `batch_size` of them are predicted together."""
        for batch in minibatch(stream, size=batch_size):
            before, total = self.cut, 0
            found = self.predictor([doc.text for doc in batch])
            for doc, document in zip(batch, found, strict=True):
                self._set(doc, document)
                total += len(document.spans)
            if self.cut > before:
                warnings.warn(
                    f"{self.cut - before} of {total} entities begin or end inside a token of spaCy's, and are left out "
                    'of doc.ents and doc.spans (not of doc._.hf_cner); spacy.blank("zh") makes one token of each '
                    "Chinese character.",
                    stacklevel=2,
                )
            yield from batch

    def _set(self, doc: Doc, document: Document) -> None:
        spans: list[Span] = []
        scores: list[float | None] = []
        for one in document.spans:
            span = doc.char_span(one.start, one.end, label=one.type, alignment_mode="strict")
            if span is None:
                self.cut += 1
            else:
                spans.append(span)
                scores.append(one.score)
        doc.spans[self.spans_key] = SpanGroup(doc, name=self.spans_key, spans=spans, attrs={"scores": scores})
        doc.set_ents(filter_spans(spans))
        doc._.hf_cner = document


@Language.factory(
    NAME,
    default_config={"model": "", "device": None, "spans_key": NAME},
    assigns=["doc.ents", "doc.spans", f"doc._.{NAME}"],
)
def make(nlp: Language, name: str, model: str, device: str | None, spans_key: str) -> HfCner:
    """The component, with the model of a folder or of the Hub.

    Raises:
        ValueError: no model was named, or what `Predictor.from_pretrained` raises.
    """
    if not model:
        raise ValueError('The component hf_cner needs a model; nlp.add_pipe("hf_cner", config={"model": "OUT"}).')
    return HfCner(Predictor.from_pretrained(model, device=device), spans_key=spans_key)
