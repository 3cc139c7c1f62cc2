"""Comparison of an exported graph with its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ..data.documents import Document

WORTH_A_WARNING = 0.99  # people are warned of a lower share


@dataclass(frozen=True)
class GraphAgreement:
    """Spans of a graph compared with those of its model.

    Attributes:
        documents: how many were compared; `alike`: those with the same spans.
        model_spans, graph_spans, same: numbers of spans of the model, of the graph, and of both.
        score_difference: the largest, of the spans that both found; 0 without any.
    """

    documents: int
    alike: int
    model_spans: int
    graph_spans: int
    same: int
    score_difference: float

    @property
    def share(self) -> float:
        """Share of spans that both found: 2 · same / (model + graph); 1 if neither found any."""
        both = self.model_spans + self.graph_spans
        return 2 * self.same / both if both else 1.0

    def to_dict(self) -> dict[str, object]:
        """With the share, for `export.json`."""
        return {**asdict(self), "share": self.share}

    def sentence(self) -> str:
        """In words, for people and the card."""
        return (
            f"agreement of spans {self.share:.2%}: {self.same:,} the same, {self.model_spans:,} of the model, "
            f"{self.graph_spans:,} of the graph, in {self.documents:,} documents ({self.alike:,} of them alike); "
            f"largest difference of a score {self.score_difference:.1e}"
        )


def compare(model: Sequence[Document], graph: Sequence[Document]) -> GraphAgreement:
    """Count the spans that two predictions of the same texts share."""
    alike = same = 0
    difference = 0.0
    for one, other in zip(model, graph, strict=True):
        scores = {(s.start, s.end, s.type): s.score for s in one.spans}
        common = [(s.score, scores[key]) for s in other.spans if (key := (s.start, s.end, s.type)) in scores]
        alike += one.spans == other.spans
        same += len(common)
        known = [abs(a - b) for a, b in common if a is not None and b is not None]
        difference = max([difference, *known])
    ours, theirs = (sum(len(document.spans) for document in documents) for documents in (model, graph))
    return GraphAgreement(len(model), alike, ours, theirs, same, difference)
