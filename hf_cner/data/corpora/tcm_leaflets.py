"""Package leaflets of TCM drugs: thirteen types, flat, exclusive end offsets.

The texts begin with a blank and hold private-use characters and ``<br/>``; all of it counts in the offsets.
"""

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

NAME = "tcm-leaflets"
ENTITY_TYPES: tuple[str, ...] = (
    "DRUG",
    "DRUG_INGREDIENT",
    "DISEASE",
    "SYMPTOM",
    "SYNDROME",
    "DISEASE_GROUP",
    "FOOD",
    "FOOD_GROUP",
    "PERSON_GROUP",
    "DRUG_GROUP",
    "DRUG_DOSAGE",
    "DRUG_TASTE",
    "DRUG_EFFICACY",
)
DESCRIPTION = "850 package leaflets of drugs of traditional Chinese medicine, thirteen types, flat."
LICENCE = "No open licence: handed out for a competition; not to be passed on."
CITATION = """\
@misc{tcmleaflets,
  title = {Package leaflets of drugs of traditional {Chinese} medicine, annotated with thirteen entity types},
  note = {Data of a competition on entity recognition}
}
"""
LAYOUT = "train.json, a list of objects with text and labels ([id, type, start, end, mention])"
EXAMPLE = {"train.json": '[{"id": 1, "text": " 用于头痛。", "labels": [["T1", "SYMPTOM", 3, 5, "头痛"]]}]'}

PATTERNS = ("*.json", "*.jsonl")
CONVENTIONS = Conventions(ENTITY_TYPES, inclusive=False, aliases={})


def read(folder: Path, *, problems: Problems) -> Iterator[Document]:
    """Yield one document per object, ``id`` as the file gives it; of a folder, the training file."""
    yield from to_documents(partial(_read_raw, folder), CONVENTIONS, problems)


def _read_raw(folder: Path, problems: Problems) -> Iterator[RawDocument]:
    for path in choose_split(folder, by_split(matching(folder, PATTERNS, problems), folder), None):
        items = annotated_items(path, problems, text_key="text", spans_key="labels")
        for position, (line, item, text, labels) in enumerate(items, start=1):
            spans = tuple(span for label in labels if (span := _span(label, path, line, problems)) is not None)
            yield RawDocument(text, spans, str(item.get("id", f"{stem(path)}-{position}")), path, line=line)


def _span(label: object, path: Path, line: int, problems: Problems) -> RawSpan | None:
    fields = label if isinstance(label, list) and len(label) == 5 else [None] * 5
    start, end = offset(fields[2]), offset(fields[3])
    if start is None or end is None or not isinstance(fields[1], str):
        expected = "[id, type, start, end, mention]"
        problems.report(path, line, f"the label {brief(label)}", expected, "correct or remove the label")
        return None
    return RawSpan(start, end, fields[1], fields[4] if isinstance(fields[4], str) else None, line)
