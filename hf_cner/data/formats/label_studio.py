"""Label Studio: its JSON export, its short one (JSON-MIN), and tasks with pre-annotations to be imported.

    [{"id": 1, "data": {"text": "患者头痛。"}, "annotations": [{"completed_by": 1, "was_cancelled": false, "result": [
      {"from_name": "label", "to_name": "text", "type": "labels",
       "value": {"start": 2, "end": 4, "text": "头痛", "labels": ["症状"]}}]}], "predictions": []}]

Its CSV and TSV, which hold the labels of the short export as JSON, are read as well.

The page counts UTF-16 units; imported offsets keep their counting. The mention beside the offsets decides. A task may
have several annotations, some of them cancelled or copies of each other: `annotator` chooses one if they differ. A task
without an annotation is unlabelled, not a task without entities.

Written files hold tasks with `annotations` or, for a model, with `predictions` that have its name and scores;
`NAME.config.xml` beside them is the labelling configuration of the project. A text's own id is in `data` as `document`,
since `id` is the task's number in the short export.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from os import PathLike
from pathlib import Path
from xml.sax.saxutils import quoteattr

from ..documents import Document, check_characters
from ..reading.names import without_gz
from ..reading.offsets import positions
from ..streams import is_stream
from ..writing import atomic_write
from .label_studio_reader import read
from .written import Written

__all__ = ["DESCRIPTION", "EXAMPLE", "LAYOUT", "NAME", "PATTERNS", "WRITTEN_AS", "read", "write"]

NAME = "label-studio"
DESCRIPTION = (
    "Label Studio's JSON and JSON-MIN; written with the labelling configuration beside, scores as predictions."
)
LAYOUT = "*.json as Label Studio exports it (JSON or JSON-MIN), a list of tasks with data and annotations"
EXAMPLE = {
    "project-1.json": '[{"id": 1, "data": {"text": "患者头痛，查胸部CT。"}, "annotations": [{"completed_by": 1, '
    '"was_cancelled": false, "result": [{"id": "a", "from_name": "label", "to_name": "text", "type": "labels", '
    '"value": {"start": 2, "end": 4, "text": "头痛", "labels": ["症状"]}}]}], "predictions": []},\n'
    '{"id": 2, "text": "无发热。", "annotator": 1, "annotation_id": 2, "lead_time": 3.5, '
    '"label": [{"start": 1, "end": 3, "text": "发热", "labels": ["症状"]}]}]\n'
}
PATTERNS = ("*.json",)
WRITTEN_AS = (".json",)

# Colours that colour-blind people can distinguish (Okabe and Ito), used in turn.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")


def write(documents: Iterable[Document], path: str | PathLike[str], *, model_version: str | None = None) -> Written:
    """Write tasks for Label Studio's import, and the labelling configuration beside them.

    Args:
        model_version: the model's name: the entities are then pre-annotations with their scores, and a task's score is
            its lowest, so that sorting by it shows doubtful texts first. Without it, they are finished annotations.
    """
    written = Written()
    types: dict[str, None] = {}
    with atomic_write(path) as stream:
        for document in documents:
            check_characters(document)
            stream.write("[" if not written.documents else ",\n")
            stream.write(json.dumps(_task(document, model_version), ensure_ascii=False))
            written.documents += 1
            written.entities += len(document.spans)
            types |= dict.fromkeys(span.type for span in document.spans)
            if model_version is None:
                written.note("scores that are not written", sum(span.score is not None for span in document.spans))
        stream.write("]\n" if written.documents else "[]\n")
    if not is_stream(path):
        _write_config(Path(path), sorted(types), written)
    return written


def labelling_config(types: Iterable[str]) -> str:
    """The labelling configuration of a project with these types."""
    labels = "".join(
        f"    <Label value={quoteattr(name)} background={quoteattr(_COLOURS[number % len(_COLOURS)])}/>\n"
        for number, name in enumerate(types)
    )
    text = '  <Text name="text" value="$text"/>\n'
    return f'<View>\n  <Labels name="label" toName="text">\n{labels}  </Labels>\n{text}</View>\n'


def _write_config(path: Path, types: list[str], written: Written) -> None:
    name = without_gz(path.name)
    config = path.with_name(f"{name.removesuffix(Path(name).suffix)}.config.xml")
    content = labelling_config(types)
    if config.exists() and config.read_text(encoding="utf-8", errors="replace") != content:
        written.notes[f"labelling configuration that stays as it was ({config.name})"] += 1
        return
    with atomic_write(config) as stream:
        stream.write(content)
    written.beside.append(f"{config.name}, the labelling configuration for the project's settings")


def _task(document: Document, model_version: str | None) -> dict[str, object]:
    at = positions(document.text, "utf-16")
    regions: list[dict[str, object]] = []
    for number, span in enumerate(document.spans):
        start, end = (at[place] if at else place for place in (span.start, span.end))
        value = {"start": start, "end": end, "text": document.mention(span), "labels": [span.type]}
        region: dict[str, object] = {
            "id": sha256(f"{number} {span.start} {span.end} {span.type} {document.id}".encode()).hexdigest()[:10],
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": value,
        }
        regions.append(region if span.score is None else {**region, "score": span.score})
    task: dict[str, object] = {
        "data": {"text": document.text, "document": document.id, "record": document.record},
    }
    if model_version is None:
        return {**task, "annotations": [{"result": regions}]}
    scores = [span.score for span in document.spans if span.score is not None]
    prediction: dict[str, object] = {"model_version": model_version, "result": regions}
    return {**task, "predictions": [prediction | ({"score": min(scores)} if scores else {})]}
