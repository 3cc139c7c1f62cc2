"""How far the spans of a reduced precision are those of exact float32. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ..data.documents import Document

SAMPLE_DOCUMENTS, SAMPLE_CHARACTERS = 200, 20_000  # of a sample that is compared, whichever is reached first
NOTABLE = 0.01  # share of changed spans above which people are warned


@dataclass(frozen=True)
class PrecisionAgreement:
    """Spans of two precisions, compared by place and type.

    Attributes:
        precision: the reduced one.
        documents: number of documents that were compared.
        spans: found in exact float32.
        same: of these, found in the reduced precision as well.
        more: found in the reduced precision alone.
    """

    precision: str
    documents: int
    spans: int
    same: int
    more: int

    @classmethod
    def of(cls, precision: str, exact: Sequence[Document], reduced: Sequence[Document]) -> PrecisionAgreement:
        """Compare the same documents, annotated twice."""
        pairs = [(set(one.spans), set(other.spans)) for one, other in zip(exact, reduced, strict=True)]
        same = sum(len(one & other) for one, other in pairs)
        spans, found = (sum(len(pair[place]) for pair in pairs) for place in (0, 1))
        return cls(precision, len(pairs), spans, same, found - same)

    @property
    def changed(self) -> float:
        """Missing and additional spans, as a share of the spans of float32 (of 1 without any)."""
        return (self.spans - self.same + self.more) / max(1, self.spans)

    def is_notable(self) -> bool:
        """Whether more than `NOTABLE` is changed."""
        return self.changed > NOTABLE

    def to_dict(self) -> dict[str, object]:
        """The counts, for a report."""
        return {**asdict(self), "changed": self.changed}

    def __str__(self) -> str:
        documents = f"{self.documents:,} document{'' if self.documents == 1 else 's'}"
        share = (
            f"{self.same / self.spans:.1%} of the {self.spans:,} spans of fp32" if self.spans else "no spans in fp32"
        )
        return f"{self.precision}: {share} on the first {documents}, and {self.more:,} that fp32 does not give"
