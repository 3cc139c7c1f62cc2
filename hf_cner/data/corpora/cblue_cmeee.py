"""CMeEE as published by CBLUE: a JSON list, nine types, nested, inclusive ``start_idx`` and ``end_idx``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..documents import Document
from ..problems import Problems
from ..reading.json_items import annotated_items
from ..reading.locate import by_split, choose_split, matching, stem
from ..reading.standoff import Conventions, RawDocument, RawSpan, offset, to_documents
from ..shown import brief
from .cmeee import ENTITY_TYPES, LICENCE

NAME = "cblue-cmeee"
DESCRIPTION = "CMeEE in CBLUE's JSON: sentences of paediatric textbooks, nine types, nested."
CITATION = """\
@inproceedings{zhang2022cblue,
  title = {{CBLUE}: A {Chinese} Biomedical Language Understanding Evaluation Benchmark},
  author = {Zhang, Ningyu and Chen, Mosha and Bi, Zhen and Liang, Xiaozhuan and Li, Lei and others},
  booktitle = {Proceedings of the 60th Annual Meeting of the Association for Computational Linguistics},
  year = {2022},
  eprint = {2106.08087},
  archivePrefix = {arXiv}
}
"""
LAYOUT = "CMeEE_train.json, a list of objects with text and entities (start_idx, end_idx, type)"
EXAMPLE = dict.fromkeys(
    ("CMeEE_train.json", "CMeEE_dev.json"),
    '[{"text": "患者头痛，查胸部CT。", "entities": [{"start_idx": 2, "end_idx": 3, "type": "sym", "entity": "头痛"}]}]',
)

PATTERNS = ("*.json", "*.jsonl")
CONVENTIONS = Conventions(ENTITY_TYPES, inclusive=True, aliases={})

__all__ = [
    "CITATION",
    "CONVENTIONS",
    "DESCRIPTION",
    "ENTITY_TYPES",
    "EXAMPLE",
    "LAYOUT",
    "LICENCE",
    "NAME",
    "PATTERNS",
    "read",
]


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield one document per object, ``id`` as ``CMeEE_train-<position, from 1>``; of a folder, the training file."""
    yield from to_documents(partial(_read_raw, folder), CONVENTIONS, problems)


def _read_raw(folder: Path, problems: Problems) -> Iterator[RawDocument]:
    files = [
        path for path in matching(folder, PATTERNS, problems) if path == folder or not path.name.startswith("example_")
    ]
    for path in choose_split(folder, by_split(files, folder), None):
        items = annotated_items(path, problems, text_key="text", spans_key="entities")
        for position, (line, _, text, entities) in enumerate(items, start=1):
            spans = tuple(span for entity in entities if (span := _span(entity, path, line, problems)) is not None)
            yield RawDocument(text, spans, f"{stem(path)}-{position}", path, line=line)


def _span(entity: object, path: Path, line: int, problems: Problems) -> RawSpan | None:
    fields = entity if isinstance(entity, dict) else {}
    start, end, type_ = offset(fields.get("start_idx")), offset(fields.get("end_idx")), fields.get("type")
    mention = fields.get("entity")
    if start is None or end is None or not isinstance(type_, str):
        expected = "start_idx, end_idx (whole numbers) and type"
        problems.report(path, line, f"the entity {brief(entity)}", expected, "correct or remove the entity")
        return None
    return RawSpan(start, end, type_, mention if isinstance(mention, str) else None, line)
