"""An F1 of 0 says why."""

from __future__ import annotations

from hf_cner.data.documents import Document, Span
from hf_cner.metrics import evaluate_documents
from hf_cner.metrics.zero import why_zero

GOLD = Document("患者头痛3天", (Span(2, 4, "症状"),))


def why(gold: Document, *spans: Span, unknown: float = 0.0) -> str | None:
    return why_zero(evaluate_documents([gold], [gold.with_spans(spans)]), unknown=unknown)


def test_a_figure_above_zero_needs_no_reason() -> None:
    assert why(GOLD, *GOLD.spans) is None
    assert why(GOLD, *GOLD.spans, unknown=0.9) is None


def test_no_gold() -> None:
    assert "the gold has no mention" in str(why(Document(GOLD.text), Span(2, 4, "症状")))


def test_nothing_predicted() -> None:
    assert "predicted nothing, of 1 gold mentions" in str(why(GOLD))


def test_characters_unknown() -> None:
    assert "90% of the characters are unknown" in str(why(GOLD, unknown=0.9))
    assert "predicted nothing" in str(why(GOLD, unknown=0.1))


def test_predicted_elsewhere() -> None:
    assert "none of the 1 predicted mentions is one of the 1 in the gold; 1 of them overlap" in str(
        why(GOLD, Span(2, 5, "症状"))
    )
    assert "none of them overlaps gold of its type" in str(why(GOLD, Span(0, 1, "症状")))
