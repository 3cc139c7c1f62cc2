"""Counting predicted against gold spans: strict and relaxed, per type, micro and macro. Light: no torch, no evaluate.

`ClinicalNer` gives the same figures as an `evaluate.Metric`; it is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

from .counts import Counts, align, span_set
from .errors import Error, confusion, confusion_table, count_errors, find_errors
from .intervals import Interval, bootstrap_f1
from .nested import nested_counts, overlapped_spans
from .relaxed import relaxed_boundary_counts, relaxed_overlap_counts
from .report import evaluate_documents, flat, table
from .strict import strict_counts

__all__ = [
    "ClinicalNer",
    "Counts",
    "Error",
    "Interval",
    "align",
    "bootstrap_f1",
    "confusion",
    "confusion_table",
    "count_errors",
    "evaluate_documents",
    "find_errors",
    "flat",
    "nested_counts",
    "overlapped_spans",
    "relaxed_boundary_counts",
    "relaxed_overlap_counts",
    "span_set",
    "strict_counts",
    "table",
]


def __getattr__(name: str) -> Any:
    if name != "ClinicalNer":
        raise AttributeError(f"module 'hf_cner.metrics' has no attribute {name!r}; public names: {', '.join(__all__)}")
    return importlib.import_module(".evaluate_module.evaluate_module", __name__).ClinicalNer
