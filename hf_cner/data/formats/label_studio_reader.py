"""Reading Label Studio's exports; `label_studio.py` describes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from ..documents import Document, Gold
from ..numbers import id_text
from ..problems import Problems
from ..reading.exports import checked, export_items, say_what_is_not_read, without_duplicates
from ..reading.foreign import instead_of
from ..reading.locate import stem
from ..reading.standoff import RawDocument, RawSpan, offset
from ..shown import brief

_UNITS = ("utf-16", "", "crlf")  # units that Label Studio may count, the default first
_EXPECTED = "a task with data and annotations (JSON), or with a text and its labels (JSON-MIN)"
_NO_ENTITIES = ("relation", "choices", "textarea", "rating", "taxonomy", "number", "datetime")
PREDICTIONS = "predictions"  # in place of an annotator


@dataclass
class _Annotation:
    """One annotation of a task: its author, the names that choose it, and its regions."""

    by: str
    names: set[str]
    regions: Sequence[object]
    ground_truth: bool = False


@dataclass
class _Task:
    """A text with all its annotations, joined from the rows of an export."""

    text: str
    id: str
    record: str
    line: int
    annotations: list[_Annotation] = field(default_factory=list)
    predictions: list[_Annotation] = field(default_factory=list)


def read(
    path: str | PathLike[str],
    *,
    problems: Problems | None = None,
    count: str | None = None,
    annotator: str | None = None,
    text_column: str | None = None,
    gold: Gold = "required",
) -> Iterator[Document]:
    """The documents of a file with their entities.

    Args:
        count: what the offsets count, a key of `UNIT_NAMES`; by default the mentions say it.
        annotator: chooses among different annotations of a task: the number, e-mail address or name of a person, or
            `predictions` (or a model's version) for a model's.
        text_column: the key of `data` that holds the text; by default `text`, or the only text.
        gold: as `from_row`.
    """
    problems, place = problems or Problems(), Path(path)
    left_out = Counter[str]()
    raw: list[RawDocument] = []
    for task in _tasks(place, text_column, left_out, problems):
        chosen = (
            _Annotation("", set(), ()) if gold == "ignored" else _chosen(task, annotator, place, left_out, problems)
        )
        if chosen is not None:
            regions = _of_the_text(chosen.regions, text_column or "text", place, task, left_out, problems)
            spans = [span for region in regions for span in _spans(region, place, task, left_out, problems)]
            kept = without_duplicates(spans, left_out)
            raw.append(RawDocument(task.text, kept, task.id, place, task.record, task.line))
    say_what_is_not_read(place, left_out, problems)
    yield from checked(raw, units=_UNITS, problems=problems, count=count)


def _tasks(path: Path, text_column: str | None, left_out: Counter[str], problems: Problems) -> Iterator[_Task]:
    """The tasks of a file; rows of JSON-MIN, one for each annotation, are joined."""
    short: dict[tuple[str, str, str], _Task] = {}
    for position, (line, row) in enumerate(export_items(path, problems), 1):
        data = row.get("data")
        full = isinstance(data, Mapping)
        text = _text(data if isinstance(data, Mapping) else row, text_column)
        regions = [region for value in row.values() for region in _regions(value)]
        if text is None or not (full or regions or {"annotator", "annotation_id", "lead_time"} & set(row)):
            found = f"{_keys(row, text_column)}"
            problems.report(path, line, found, _EXPECTED, "read it as what it is, or correct or remove it")
            continue
        source = data if isinstance(data, Mapping) else row
        names = [
            id_text(source.get("document")),
            id_text(source.get("id")),
            id_text(row.get("id")),
            f"{stem(path)}-{position}",
        ]
        identity, record = next(filter(None, names)), id_text(source.get("record"))
        if not full:
            # One document may have several tasks: their own ids and their texts tell them apart.
            task = short.setdefault((identity, id_text(row.get("id")), text), _Task(text, identity, record, line))
            task.annotations.append(_Annotation(id_text(row.get("annotator")), _who(row.get("annotator")), regions))
            continue
        task = _Task(text, identity, record, line)
        for given in _items(row.get("annotations", row.get("completions"))):
            if isinstance(given, Mapping) and given.get("was_cancelled"):
                left_out["cancelled annotations"] += 1
            elif isinstance(given, Mapping) and isinstance(given.get("result"), list):
                who = given.get("completed_by")
                by = _Annotation(id_text(who) or ", ".join(sorted(_who(who))), _who(who), given["result"])
                by.ground_truth = bool(given.get("ground_truth"))
                task.annotations.append(by)
        for given in _items(row.get("predictions")):
            if isinstance(given, Mapping) and isinstance(given.get("result"), list):
                version = id_text(given.get("model_version"))
                task.predictions.append(_Annotation(version, {version, PREDICTIONS}, given["result"]))
        yield task
    yield from short.values()


def _chosen(
    task: _Task, annotator: str | None, path: Path, left_out: Counter[str], problems: Problems
) -> _Annotation | None:
    """The annotation to read; None if there is none, which is counted, or if several differ, which is a fault."""
    all_of_them = [*task.annotations, *(task.predictions if annotator is not None else [])]
    fitting = [one for one in all_of_them if annotator is None or annotator in one.names]
    if not fitting:
        others = ", ".join(sorted({one.by for one in task.annotations if one.by}))
        by = f"by {annotator}{f' (but by {others})' if others else ''}" if annotator is not None else "yet"
        beside = (
            " (a model's predictions are there: --reading annotator=predictions)"
            if task.predictions and not annotator
            else ""
        )
        left_out[f"tasks without an annotation {by}{beside}"] += 1
        return None
    truth = [one for one in fitting if one.ground_truth]
    different = {_content(one): one for one in reversed(truth or fitting)}
    left_out["annotations that equal another of the task"] += len(truth or fitting) - len(different)
    if len(different) == 1:
        return next(iter(different.values()))
    if annotator is None:
        people = ", ".join(dict.fromkeys(one.by or "nobody" for one in fitting))
        found = f"{len(different)} annotations of task {task.id} that differ (by {people})"
        problems.report(path, task.line, found, "one", "say whose is read with --reading annotator=NAME")
        return None
    left_out[f"earlier annotations by {annotator} that differ from the last one"] += len(different) - 1
    return fitting[-1]


def _of_the_text(
    regions: Sequence[object], key: str, path: Path, task: _Task, left_out: Counter[str], problems: Problems
) -> Sequence[object]:
    """The regions of the text that is read, where a task shows several; `to_name` says whose a region is."""
    labelled = [one for one in regions if isinstance(one, Mapping) and one.get("type") == "labels" and "to_name" in one]
    whose = Counter(str(one["to_name"]) for one in labelled)
    if len(whose) < 2:
        return regions
    if key not in whose:
        found = f"regions of the texts {', '.join(map(brief, whose))} in task {task.id}"
        problems.report(path, task.line, found, f"those of {key!r} among them", "give the <Text> the name of its value")
        return ()
    left_out["regions of another text of the task"] += whose.total() - whose[key]
    others = [one for one in labelled if str(one["to_name"]) != key]
    return [region for region in regions if region not in others]


def _spans(region: object, path: Path, task: _Task, left_out: Counter[str], problems: Problems) -> Iterator[RawSpan]:
    fields = region if isinstance(region, Mapping) else {}
    value = fields.get("value", fields)  # JSON-MIN has only the values
    kind = fields.get("type", "labels")
    if kind in _NO_ENTITIES:
        left_out[f"regions of the kind {kind}"] += 1
        return
    value = value if isinstance(value, Mapping) else {}
    start, end = offset(value.get("start")), offset(value.get("end"))
    labels = value.get("labels", value.get("hypertextlabels"))
    if kind == "hypertextlabels" or isinstance(value.get("startOffset"), int):
        found = f"a region of a web page (HyperText) in task {task.id}, whose offsets count inside HTML elements"
        advice = "annotate the plain text (<Text> in the labelling configuration)"
        problems.report(path, task.line, found, "a region of a text", advice)
        return
    if start is None or end is None or not isinstance(labels, list | None):
        found = f"the region {brief(region)} in task {task.id}"
        problems.report(path, task.line, found, "start and end (whole numbers) and labels", "correct or remove it")
        return
    left_out["regions without a label"] += not labels
    mention, score = value.get("text"), fields.get("score")
    for label in labels or ():
        sure = float(score) if isinstance(score, int | float) and 0 <= score <= 1 else None
        given = mention if isinstance(mention, str) else None
        yield RawSpan(start, end, str(label), given, task.line, sure)


def _content(one: _Annotation) -> frozenset[tuple[object, ...]]:
    """The content of an annotation, without order and ids of its regions."""
    found = []
    for region in one.regions:
        value = region.get("value", region) if isinstance(region, Mapping) else {}
        value = value if isinstance(value, Mapping) else {}
        found.append((str(value.get("start")), str(value.get("end")), str(value.get("labels"))))
    return frozenset(found)


def _text(data: Mapping[str, object], key: str | None) -> str | None:
    """The text of a task; of several, the one with this key."""
    if key is not None or isinstance(data.get("text"), str):
        text = data.get(key or "text")
        return text if isinstance(text, str) else None
    texts = [
        value for name, value in data.items() if isinstance(value, str) and name not in ("document", "id", "record")
    ]
    return texts[0] if len(texts) == 1 else None


def _keys(row: Mapping[str, object], key: str | None) -> str:
    data = row.get("data")
    if isinstance(data, Mapping):
        named = f"no text {key!r}" if key else "no single text"
        there = ", ".join(map(brief, list(data)[:12])) or "nothing"
        return f"{named} in data ({there}): name it with --reading text_column=KEY"
    return f"no task, but {instead_of('data', row, ('text',))}"


def _regions(value: object) -> list[Mapping[str, object]]:
    """The regions of a column of JSON-MIN, which have labels and no type; none where it holds something else."""
    items = [item for item in _items(value) if isinstance(item, Mapping) and "start" in item and "type" not in item]
    return items if len(items) == len(_items(value)) else []


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _who(value: object) -> set[str]:
    """The names that choose an annotator: number, e-mail address, name."""
    if isinstance(value, Mapping):
        person = " ".join(str(value.get(key) or "") for key in ("first_name", "last_name")).strip()
        return {str(value[key]) for key in ("id", "email", "username") if value.get(key)} | (
            {person} if person else set()
        )
    return {id_text(value)} - {""}
