"""CMeEE version 1 (CHIP 2020): sentences of paediatric textbooks, nine types, nested, inclusive end offsets.

One sentence per line, ``text|||start    end    type|||…|||``. In the published training file two spans end before they
begin (lines 6052 and 6422, counted from 1). They are reported, so reading the file needs ``on_error="skip"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..documents import Document
from ..files import read_lines
from ..problems import Problems
from ..reading.locate import by_split, choose_split, matching, stem
from ..reading.standoff import Conventions, RawDocument, RawSpan, to_documents
from ..shown import brief

NAME = "cmeee"
# disease, clinical manifestation, procedure, equipment, drug, test item, body, department, microorganism
ENTITY_TYPES: tuple[str, ...] = ("dis", "sym", "pro", "equ", "dru", "ite", "bod", "dep", "mic")
DESCRIPTION = "CMeEE v1: 15,000 training sentences of paediatric textbooks, nine types, nested."
LICENCE = "Handed out by registration with CHIP; not to be passed on."
CITATION = """\
@inproceedings{zan2020pediatric,
  title = {Building a Pediatric Medical Corpus: Word Segmentation and Named Entity Annotation},
  author = {Zan, Hongying and Li, Wenxin and Zhang, Kunli and Ye, Yajuan and Chang, Baobao and Sui, Zhifang},
  booktitle = {Chinese Lexical Semantics (CLSW 2020)},
  series = {Lecture Notes in Computer Science},
  volume = {12278},
  publisher = {Springer},
  year = {2021},
  doi = {10.1007/978-3-030-81197-6_55}
}
"""
LAYOUT = "chip.train, one sentence per line as text|||start    end    type|||"
EXAMPLE = dict.fromkeys(("chip.train", "chip.dev"), "患者头痛，查胸部CT。|||2    3    sym|||6    7    bod|||\n")

PATTERNS = ("*.train", "*.dev", "*.val", "*.test", "*train*.txt", "*dev*.txt", "*val*.txt", "*test*.txt")
CONVENTIONS = Conventions(ENTITY_TYPES, inclusive=True, aliases={})
_ENTRY = re.compile(r"(-?[0-9]{1,18})\s+(-?[0-9]{1,18})\s+(\S+)")


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield one document per line, ``id`` as ``chip.train-<line>``; of a folder, the training file."""
    yield from to_documents(partial(_read_raw, folder), CONVENTIONS, problems)


def _read_raw(folder: Path, problems: Problems) -> Iterator[RawDocument]:
    for path in choose_split(folder, by_split(matching(folder, PATTERNS, problems), folder), None):
        for number, line in read_lines(path, problems):
            if not line:
                continue
            text, *entries = line.split("|||")
            if not entries:
                found, expected = "a line without |||", "text||| with its entries, of which there may be none"
                problems.report(path, number, found, expected, "add |||, or read the file as what it is")
                continue
            spans = tuple(_spans(entries, path, number, problems))
            yield RawDocument(text, spans, f"{stem(path)}-{number}", path, line=number)


def _spans(entries: list[str], path: Path, number: int, problems: Problems) -> Iterator[RawSpan]:
    for place, entry in enumerate(entries, start=1):
        match = _ENTRY.fullmatch(entry)
        if match is not None:
            yield RawSpan(int(match[1]), int(match[2]), match[3], None, number)
        elif entry or place < len(entries):  # after the last ||| it is empty
            expected = "start, end and type between ||| and |||"
            problems.report(path, number, f"the entry {brief(entry)}", expected, "correct or remove the entry")
