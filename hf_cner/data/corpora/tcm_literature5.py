"""The five-type view of the TCM literature: formula, syndrome, herb, symptom, disease, as in P3's TCM experiment.

Diagnoses of Western and of Chinese medicine are both diseases. Principles and the three kinds of treatment are left
out, as in the experiment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..documents import Document
from ..problems import Problems
from . import tcm_literature
from .tcm_literature import CITATION, EXAMPLE, LAYOUT, LICENCE, PATTERNS

NAME = "tcm-literature5"
ENTITY_TYPES: tuple[str, ...] = ("方剂", "证候", "中药", "症状", "疾病")
DESCRIPTION = "The five-type view of tcm-literature: formula, syndrome, herb, symptom, disease."

# Type of the ten → type of the five.
VIEW = {
    "方剂": "方剂",
    "中医证候": "证候",
    "中药": "中药",
    "临床表现": "症状",
    "西医诊断": "疾病",
    "中医诊断": "疾病",
}

__all__ = [
    "CITATION",
    "DESCRIPTION",
    "ENTITY_TYPES",
    "EXAMPLE",
    "LAYOUT",
    "LICENCE",
    "NAME",
    "PATTERNS",
    "VIEW",
    "read",
]


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield the sentences of ``tcm-literature``, with the entities of the five types only."""
    for document in tcm_literature.read(folder, problems=problems):
        spans = (replace(span, type=VIEW[span.type]) for span in document.spans if span.type in VIEW)
        yield document.with_spans(spans)
