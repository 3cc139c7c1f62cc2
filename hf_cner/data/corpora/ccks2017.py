"""CCKS-2017 task 2: sections of electronic medical records, five types, inclusive end offsets.

Published with the CCKS-2017 evaluation; 300 labelled records of up to four sections each in release v4.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..documents import Document
from ..problems import Problems
from ..reading.sections import read_sections
from ..reading.standoff import Conventions, to_documents

NAME = "ccks2017"
ENTITY_TYPES: tuple[str, ...] = ("症状和体征", "检查和检验", "疾病和诊断", "治疗", "身体部位")
DESCRIPTION = "CCKS-2017 task 2: four sections of 300 electronic medical records, five types, flat."
LICENCE = "No open licence: handed out for the CCKS-2017 evaluation only."
CITATION = """\
@misc{ccks2017task2,
  title = {{CCKS} 2017 Task 2: Clinical Named Entity Recognition in Chinese Electronic Medical Records},
  howpublished = {Evaluation task of the China Conference on Knowledge Graph and Semantic Computing},
  year = {2017}
}
"""
LAYOUT = "section folders with <section>-<n>.txtoriginal.txt and <section>-<n>.txt"
EXAMPLE = {
    f"{section}/{section}-1{name}": content
    for section in ("一般项目", "病史特点")
    for name, content in {
        ".txtoriginal.txt": "患者头痛，查胸部CT。\r\n",
        ".txt": "头痛\t2\t3\t症状和体征\r\n胸部\t6\t7\t身体部位\r\n",
    }.items()
}

CONVENTIONS = Conventions(ENTITY_TYPES, inclusive=True, aliases={})


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield one document per section, with ``id`` ``诊疗经过-12`` and ``record`` ``12``, records by number."""
    yield from to_documents(partial(read_sections, folder), CONVENTIONS, problems)
