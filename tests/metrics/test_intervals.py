from __future__ import annotations

import numpy as np
import pytest

from hf_cner.data.documents import Document, Span
from hf_cner.metrics import intervals
from hf_cner.metrics.intervals import bootstrap_f1

TEXT = "头痛伴呕吐两天"


def corpus(records: int, sections: int) -> tuple[list[Document], list[Document]]:
    """Every second record is right throughout, the others have one miss and one false alarm per section."""
    gold, predicted = [], []
    for record in range(records):
        for section in range(sections):
            names = {"id": f"{record}-{section}", "record": str(record)}
            gold.append(Document(TEXT, (Span(0, 2, "症状和体征"),), **names))
            spans = (Span(0, 2, "症状和体征"),) if record % 2 else (Span(3, 5, "症状和体征"),)
            predicted.append(Document(TEXT, spans, **names))
    return gold, predicted


def test_interval_holds_the_estimate_and_is_reproducible() -> None:
    gold, predicted = corpus(40, 2)
    interval = bootstrap_f1(gold, predicted, resamples=500, seed=3)
    assert interval == bootstrap_f1(gold, predicted, resamples=500, seed=3)
    assert interval != bootstrap_f1(gold, predicted, resamples=500, seed=4)
    assert interval.estimate == 0.5
    assert interval.low < 0.5 < interval.high
    assert (interval.records, interval.resamples, interval.confidence) == (40, 500, 0.95)


def test_equals_resampling_by_hand() -> None:
    gold, predicted = corpus(6, 1)
    generator = np.random.default_rng(11)
    drawn = generator.integers(6, size=(200, 6))
    scores = [float(np.mean([number % 2 for number in row])) for row in drawn]  # here F1 is the share of right records
    interval = bootstrap_f1(gold, predicted, resamples=200, confidence=0.9, seed=11)
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(scores, [0.05, 0.95])))
    assert interval.deviation == pytest.approx(np.std(scores, ddof=1))


def test_sections_of_a_record_are_drawn_together() -> None:
    """Ten copies of each section say nothing new, so the interval stays as wide as with one."""
    one, ten = bootstrap_f1(*corpus(20, 1), seed=5), bootstrap_f1(*corpus(20, 10), seed=5)
    assert (one.low, one.high) == (ten.low, ten.high)
    gold, predicted = corpus(20, 10)
    apart = [Document(d.text, d.spans, id=d.id) for d in gold]
    assert bootstrap_f1(apart, predicted, seed=5).deviation < ten.deviation / 2


def test_documents_without_any_name_are_drawn_one_by_one() -> None:
    assert bootstrap_f1([Document(TEXT)] * 3, [Document(TEXT)] * 3, resamples=5).records == 3


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gold, predicted = corpus(10, 1)
    whole = bootstrap_f1(gold, predicted, resamples=50)
    monkeypatch.setattr(intervals, "_CHUNK", 30)
    assert bootstrap_f1(gold, predicted, resamples=50) == whole


@pytest.mark.parametrize(
    ("options", "message"),
    [({"resamples": 0}, "resamples is 0"), ({"confidence": 95.0}, "confidence is 95.0; it must lie between 0 and 1")],
)
def test_bad_options(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bootstrap_f1(*corpus(2, 1), **options)


def test_no_documents() -> None:
    with pytest.raises(ValueError, match="There are no documents"):
        bootstrap_f1([], [])
