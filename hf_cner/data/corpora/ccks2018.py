"""CCKS-2018 task 1: histories of present illness, five types, exclusive end offsets.

The files look like those of CCKS-2017, except for the end offset and the types.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..documents import Document
from ..problems import Problems
from ..reading.sections import read_sections
from ..reading.standoff import Conventions, to_documents

NAME = "ccks2018"
ENTITY_TYPES: tuple[str, ...] = ("解剖部位", "症状描述", "独立症状", "药物", "手术")
DESCRIPTION = "CCKS-2018 task 1: 600 histories of present illness, five types, flat; 469 texts are also in CCKS-2019."
LICENCE = "No open licence: handed out for the CCKS-2018 evaluation only."
CITATION = """\
@inproceedings{zhang2019ccks2018,
  title = {Overview of {CCKS} 2018 Task 1: Named Entity Recognition in {Chinese} Electronic Medical Records},
  author = {Zhang, Jiangtao and Li, Juanzi and Jiao, Zengtao and Yan, Jun},
  booktitle = {Knowledge Graph and Semantic Computing: Knowledge Computing and Language Understanding},
  publisher = {Springer},
  pages = {158--164},
  year = {2019},
  doi = {10.1007/978-981-15-1956-7_14}
}
"""
LAYOUT = "a folder with 入院记录现病史-<n>.txtoriginal.txt and 入院记录现病史-<n>.txt"
EXAMPLE = {
    "入院记录现病史-1.txtoriginal.txt": "患者头痛，查胸部CT。\r\n",
    "入院记录现病史-1.txt": "头痛\t2\t4\t独立症状\r\n",
}

CONVENTIONS = Conventions(ENTITY_TYPES, inclusive=False, aliases={})


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield one document per record, ``id`` as ``入院记录现病史-12`` and ``record`` as ``12``."""
    yield from to_documents(partial(read_sections, folder), CONVENTIONS, problems)
