"""TCM formula texts, annotated with Label Studio: six types, nested and crossing, exclusive end offsets."""

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

NAME = "tcm-formulas"
ENTITY_TYPES: tuple[str, ...] = ("方剂名", "组成", "功用", "主治", "剂型", "运用")
DESCRIPTION = "1,499 texts on formulas of traditional Chinese medicine, six types, nested."
LICENCE = "MIT."
CITATION = """\
@misc{tcmformulas,
  title = {Texts on formulas of traditional {Chinese} medicine, annotated with six entity types},
  note = {Published with the licence MIT}
}
"""
LAYOUT = "dataset1.json, a list of objects with text and label (start, end, text, labels)"
EXAMPLE = {
    "dataset1.json": '[{"id": 1, "text": "桂枝汤主治外感。", '
    '"label": [{"start": 0, "end": 3, "text": "桂枝汤", "labels": ["方剂名"]}]}]'
}

# The published split files are CSV in GBK named .json: if the file of the whole set exists, only it is read.
PATTERNS = ("dataset*.json",)
_OTHERWISE = ("*.json", "*.jsonl")
CONVENTIONS = Conventions(ENTITY_TYPES, inclusive=False, aliases={})


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield one document per object, ``id`` as the file gives it; one without the key ``label`` has no spans."""
    yield from to_documents(partial(_read_raw, folder), CONVENTIONS, problems)


def _read_raw(folder: Path, problems: Problems) -> Iterator[RawDocument]:
    files = matching(folder, PATTERNS, problems) or matching(folder, _OTHERWISE)
    for path in choose_split(folder, by_split(files, folder), None):
        items = annotated_items(path, problems, text_key="text", spans_key="label")
        for position, (line, item, text, labels) in enumerate(items, start=1):
            spans = tuple(span for label in labels for span in _spans(label, path, line, problems))
            yield RawDocument(text, spans, str(item.get("id", f"{stem(path)}-{position}")), path, line=line)


def _spans(label: object, path: Path, line: int, problems: Problems) -> Iterator[RawSpan]:
    """One span per type that the annotation carries."""
    fields = label if isinstance(label, dict) else {}
    start, end, types = offset(fields.get("start")), offset(fields.get("end")), fields.get("labels")
    mention = fields.get("text")
    if start is None or end is None or not isinstance(types, list) or not types:
        expected = "start, end (whole numbers), text and labels (list)"
        problems.report(path, line, f"the label {brief(label)}", expected, "correct or remove the label")
        return
    for type_ in types:
        yield RawSpan(start, end, str(type_), mention if isinstance(mention, str) else None, line)
