"""Strict and relaxed scores of predicted spans, as a metric of the `evaluate` library.

`evaluate.load("<path>/evaluate_module")` finds this file offline; `hf_cner.metrics.ClinicalNer()` is the same class.
Each import has its own line, because `evaluate` reads them with a regular expression.
"""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from hf_cner.data.documents import Document
from hf_cner.metrics.counts import span_set
from hf_cner.metrics.report import evaluate_documents, flat

_DESCRIPTION = """\
Scores of predicted entity spans against gold spans, over documents joined by position. strict: boundaries and type are
right. relaxed_boundary: boundaries match, the type is ignored. relaxed_overlap: a span of the same type shares a
character; matched one to one. Spans are compared as sets: order, nesting and exact duplicates change nothing.
"""

_INPUTS = """
Args:
    predictions: one list of spans per document; a span is a dict with start, end (half-open, in characters) and type.
        Further keys are ignored; documents of hf_cner are taken as well.
    references: the gold spans in the same form and order.
    per_type: also give the F1 of each type, as strict_f1_<type> and so on.
Returns:
    strict_precision, strict_recall, strict_f1 (micro averages), strict_macro_f1 (mean over the types that occur in the
    references), and the same for relaxed_boundary and relaxed_overlap; nested_recall where gold spans overlap.
Examples:
    >>> scorer = ClinicalNer()
    >>> gold = [[{"start": 0, "end": 2, "type": "身体部位"}], [{"start": 3, "end": 7, "type": "药物"}]]
    >>> scorer.compute(predictions=gold, references=gold)["strict_f1"]
    1.0
    >>> predicted = [gold[0], [{"start": 3, "end": 5, "type": "药物"}]]
    >>> scores = scorer.compute(predictions=predicted, references=gold, per_type=True)
    >>> scores["strict_f1"], scores["relaxed_overlap_f1"], scores["strict_f1_药物"]
    (0.5, 1.0, 0.0)
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class ClinicalNer(evaluate.Metric):
    """See the module's docstring; `compute`, `add` and `add_batch` as in every metric of `evaluate`."""

    def _info(self) -> evaluate.MetricInfo:
        spans = datasets.List(
            {"start": datasets.Value("int64"), "end": datasets.Value("int64"), "type": datasets.Value("string")}
        )
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": spans, "references": spans}),
        )

    def add_batch(self, *, predictions: object = None, references: object = None) -> None:
        """Add the spans of several documents."""
        super().add_batch(predictions=_rows(predictions), references=_rows(references))

    def add(
        self,
        *,
        prediction: object = None,
        reference: object = None,
        predictions: object = None,
        references: object = None,
    ) -> None:
        """Add the spans of one document; `evaluate.combine` uses the plural names for it."""
        predicted = predictions if prediction is None else prediction
        expected = references if reference is None else reference
        self.add_batch(predictions=[predicted], references=[expected])

    def _compute(self, *, predictions: Any, references: Any, per_type: bool = False) -> dict[str, float]:
        return flat(evaluate_documents(list(references), list(predictions)), per_type=per_type)


def _rows(documents: Any) -> list[list[dict[str, object]]]:
    """Each document's spans with exactly the keys that the features have, as Arrow needs them."""
    if documents is None or isinstance(documents, (str, Document)):
        raise ValueError("predictions and references are both lists with one list of spans per document.")
    documents = list(documents)  # iterators too
    if any(spans is None for spans in documents):
        raise ValueError("A document's spans are missing: give an empty list where there are none.")
    return [[{"start": s, "end": e, "type": t} for s, e, t in sorted(span_set(spans))] for spans in documents]
