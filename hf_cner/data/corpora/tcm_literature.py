"""Literature on traditional Chinese medicine: sentences as BIO files, ten types, flat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..documents import Document, Span
from ..formats import conll
from ..problems import Problems
from ..reading.locate import by_split, choose_split, matching, stem
from ..shown import brief

NAME = "tcm-literature"
ENTITY_TYPES: tuple[str, ...] = (
    "方剂",
    "中药",
    "中医证候",
    "临床表现",
    "西医诊断",
    "中医诊断",
    "中医治则",
    "中医治疗",
    "西医治疗",
    "其他治疗",
)
DESCRIPTION = "Sentences of literature on traditional Chinese medicine, ten types, flat."
LICENCE = "Apache-2.0."
CITATION = """\
@misc{tcmliterature,
  title = {Sentences of literature on traditional {Chinese} medicine, annotated with ten entity types},
  note = {Published with the licence Apache-2.0}
}
"""
LAYOUT = "medical.train, medical.dev: a character, a blank and its BIO tag per line"
EXAMPLE = dict.fromkeys(
    ("medical.train", "medical.dev"), "黄 B-中药\n芪 I-中药\n治 O\n头 B-临床表现\n痛 I-临床表现\n\n"
)

PATTERNS = ("*.train", "*.dev", "*.test")


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield one document per sentence, ``id`` as ``medical.train-<number>``; of a folder, the training file."""
    for path in choose_split(folder, by_split(matching(folder, PATTERNS, problems), folder), None):
        for document in conll.read(path, problems=problems, scheme="BIO", dialect="B-X"):
            # The name keeps its ending here: else sentences of train and dev would have the same ids.
            identity = f"{stem(path)}-{document.id.rsplit('-', 1)[1]}"
            spans = tuple(span for span in document.spans if _known(span, identity, path, problems))
            yield replace(document, id=identity, record=identity, spans=spans)


def _known(span: Span, identity: str, path: Path, problems: Problems) -> bool:
    known = span.type in ENTITY_TYPES
    if not known:
        found = f"the type {brief(span.type)} in document {identity}"
        expected = f"one of {', '.join(ENTITY_TYPES)}"
        problems.report(path, None, found, expected, "correct the type, or read the file as conll")
    return known
