"""CCKS-2019 task 1 (Yidu-S4K): electronic medical records as JSON lines, six types, exclusive end offsets."""

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

NAME = "ccks2019"
ENTITY_TYPES: tuple[str, ...] = ("疾病和诊断", "影像检查", "实验室检验", "手术", "药物", "解剖部位")
DESCRIPTION = "CCKS-2019 task 1: 1,000 electronic medical records of oncology patients, six types, flat."
LICENCE = "No open licence: handed out for the CCKS-2019 evaluation only."
CITATION = """\
@misc{han2020ccks2019,
  title = {Overview of the {CCKS} 2019 Knowledge Graph Evaluation Track: Entity, Relation, Event and {QA}},
  author = {Han, Xianpei and Wang, Zhichun and Zhang, Jiangtao and Wen, Qinghua and Li, Wenqi and others},
  year = {2020},
  eprint = {2003.03875},
  archivePrefix = {arXiv}
}
"""
LAYOUT = "*training*part*.txt or *.json, one object per line with originalText and entities"
EXAMPLE = dict.fromkeys(
    ("subtask1_training_part1.txt", "subtask1_test_set_with_answer.json"),
    '{"originalText": "患者头痛，查胸部CT。", '
    '"entities": [{"label_type": "影像检查", "overlap": 0, "start_pos": 6, "end_pos": 10}]}\n',
)

PATTERNS = ("*training*part*.txt", "*.json", "*.jsonl")
# The task paper's names for two of the types.
ALIASES = {"检查": "影像检查", "检验": "实验室检验"}
CONVENTIONS = Conventions(ENTITY_TYPES, inclusive=False, aliases=ALIASES)


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield one document per line; ``id`` and ``record`` are the file's name and the line.

    Of a folder, the training files are read; a single file may have any name.
    """
    yield from to_documents(partial(_read_raw, folder), CONVENTIONS, problems)


def _read_raw(folder: Path, problems: Problems) -> Iterator[RawDocument]:
    for path in choose_split(folder, by_split(matching(folder, PATTERNS, problems), folder), None):
        items = annotated_items(path, problems, text_key="originalText", spans_key="entities")
        for line, _, text, entities in items:
            spans = tuple(span for entity in entities if (span := _span(entity, path, line, problems)) is not None)
            name = f"{stem(path)}-{line}"
            yield RawDocument(text, spans, name, path, name, line)


def _span(entity: object, path: Path, line: int, problems: Problems) -> RawSpan | None:
    fields = entity if isinstance(entity, dict) else {}
    start, end, type_ = offset(fields.get("start_pos")), offset(fields.get("end_pos")), fields.get("label_type")
    if start is None or end is None or not isinstance(type_, str):
        expected = "label_type, start_pos and end_pos (whole numbers)"
        problems.report(path, line, f"the entity {brief(entity)}", expected, "correct or remove the entity")
        return None
    return RawSpan(start, end, type_, None, line)
