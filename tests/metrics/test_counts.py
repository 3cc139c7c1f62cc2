from __future__ import annotations

import subprocess
import sys

import pytest

import hf_cner.metrics
from hf_cner.data.documents import Document, Span
from hf_cner.metrics.counts import Counts, align, span_set, total, types_of

TEXT = "患者头痛三天"


def test_figures_of_counts() -> None:
    counts = Counts(tp=3, fp=1, fn=2)
    assert (counts.precision, counts.recall, counts.support) == (0.75, 0.6, 5)
    assert counts.f1 == pytest.approx(2 * 0.75 * 0.6 / 1.35)
    assert counts + Counts(1, 1, 1) == Counts(4, 2, 3)
    assert total({"甲": Counts(1, 2, 3), "乙": Counts(4, 5, 6)}) == Counts(5, 7, 9)


@pytest.mark.parametrize("counts", [Counts(), Counts(fp=2), Counts(fn=2), Counts(fp=1, fn=1)])
def test_without_a_hit_all_figures_are_zero(counts: Counts) -> None:
    assert (counts.precision, counts.recall, counts.f1) == (0.0, 0.0, 0.0)


def test_span_set_takes_documents_spans_tuples_and_rows() -> None:
    expected = {(2, 4, "症状和体征")}
    span = Span(2, 4, "症状和体征", score=0.5)
    row = {"start": 2, "end": 4, "type": "症状和体征", "text": "头痛", "score": 0.25}
    for source in (Document(TEXT, (span,)), [span, span], [(2, 4, "症状和体征", 0.9)], [row]):
        assert span_set(source) == expected


def test_a_row_without_a_key_is_named() -> None:
    with pytest.raises(ValueError, match=r"A span has the keys .*: end missing"):
        span_set([{"start": 2, "type": "治疗"}])


@pytest.mark.parametrize("span", ["头痛a", (2, 4), []])
def test_what_is_no_span_is_named(span: object) -> None:
    with pytest.raises(ValueError, match="give start, end and type"):
        span_set([span])  # type: ignore[list-item]


@pytest.mark.parametrize("span", [(4, 2, "治疗"), (2, 2, "治疗"), {"start": -1, "end": 2, "type": "治疗"}])
def test_a_span_that_ends_before_it_begins_is_no_overlap_but_refused(span: object) -> None:
    with pytest.raises(ValueError, match="its start must lie before its end"):
        span_set([span])  # type: ignore[list-item]


def test_align_refuses_other_numbers_of_documents() -> None:
    with pytest.raises(ValueError, match="2 gold and 1 predicted documents"):
        align([Document(TEXT), Document(TEXT)], [Document(TEXT)])


def test_align_refuses_other_texts_and_says_where() -> None:
    gold = [Document(TEXT), Document("腹部平软", id="乙")]
    with pytest.raises(ValueError, match=r"document 1 .*'乙'.*from character 2 on, '平软' in gold, '柔软' predicted"):
        align(gold, [Document(TEXT), Document("腹部柔软")])
    with pytest.raises(ValueError, match=r"from character 4 on, '' in gold, '。' predicted"):
        align(gold, [Document(TEXT), Document("腹部平软。")])


def test_types_of_both_sides_are_sorted() -> None:
    assert types_of(align([[(0, 1, "乙")], []], [[], [(0, 1, "丙"), (0, 1, "甲")]])) == sorted(["甲", "乙", "丙"])


def test_an_unknown_name_lists_the_public_ones() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'f2'; public names: ClinicalNer, Counts"):
        hf_cner.metrics.f2  # noqa: B018


def test_importing_the_metrics_loads_neither_torch_nor_evaluate() -> None:
    code = "import sys, hf_cner.metrics; sys.exit(any(m in sys.modules for m in ('torch', 'evaluate', 'transformers')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
