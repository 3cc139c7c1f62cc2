"""Decisions of people on the page of a review: read from files, and applied to documents.

A line is one decision: `document` (its id), `text_sha256`, `action`, `before` and `after` (each null or start, end,
type, in code points), `text` (the characters of `after`, else of `before`), `by` and `at`. The action `done` says that
a person has seen the whole document.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from os import PathLike

from ..data.documents import Document, Span, type_fault
from ..data.files import read_lines
from ..data.fingerprint import text_hash
from ..data.json_text import parse_json
from ..data.problems import DataError, Problems
from ..data.shown import brief

# Action → whether there is an entity before and after it.
ACTIONS = {
    "accept": (True, True),
    "reject": (True, False),
    "change": (True, True),
    "add": (False, True),
    "done": (False, False),
}
_EXPECTED = "a line of corrections as the page of `hf-cner review` saves it"


@dataclass(frozen=True, slots=True)
class Correction:
    """One decision of one person, with its file and line."""

    document: str
    text_sha256: str
    action: str
    before: Span | None
    after: Span | None
    text: str
    by: str
    at: str
    where: str

    def to_row(self) -> dict[str, object]:
        """The line as it is saved and logged."""
        sides = {
            name: span and {"start": span.start, "end": span.end, "type": span.type} for name, span in self.sides()
        }
        return {
            **{"document": self.document, "text_sha256": self.text_sha256, "action": self.action, **sides},
            **{"text": self.text, "by": self.by, "at": self.at},
        }

    def sides(self) -> tuple[tuple[str, Span | None], tuple[str, Span | None]]:
        return ("before", self.before), ("after", self.after)


@dataclass(slots=True)
class Applied:
    """Documents after corrections.

    Attributes:
        documents: all documents, in order, with the decisions applied.
        done: for each document, whether a person has seen all of it.
        corrections: the valid ones, each the last decision of a person on an entity.
        conflicts: one sentence for each decision that cannot be applied; with a conflict, nothing should be written.
    """

    documents: list[Document]
    done: list[bool]
    corrections: list[Correction] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    def counts(self) -> Counter[str]:
        """The number of decisions of each kind."""
        return Counter(correction.action for correction in self.corrections)


def read_corrections(path: str | PathLike[str]) -> list[Correction]:
    """The decisions of a file.

    Raises:
        DataError: an error of `read_lines`, a line that is no correction, or a file without corrections.
    """
    problems, found = Problems(), []
    for number, line in read_lines(path, problems):
        if not line.strip():
            continue
        try:
            found.append(_correction(parse_json(line), f"{path}:{number}"))
        except ValueError as error:
            problems.report(path, number, str(error), _EXPECTED, "save it from the page again, or remove the line")
    if not found:
        raise DataError(
            f"{path}: found no correction; expected {_EXPECTED}, one a line; save them from the page again."
        )
    return found


def _correction(row: object, where: str) -> Correction:
    if not isinstance(row, Mapping):
        raise ValueError("no JSON object")
    texts: dict[str, str] = {}
    for name in ("document", "text_sha256", "action", "by", "at"):
        value = row.get(name)
        if not isinstance(value, str):
            raise ValueError(f"no string {name!r}")
        texts[name] = value
    if texts["action"] not in ACTIONS:
        raise ValueError(f"the action {brief(texts['action'])}; the actions are {', '.join(ACTIONS)}")
    try:
        zone = _time(texts["at"]).tzinfo
    except ValueError:
        raise ValueError(f"the time {brief(texts['at'])}, which is no time") from None
    if zone is None:
        raise ValueError(f"the time {brief(texts['at'])} without its zone")
    if not texts["by"].strip():
        raise ValueError("no name of a person in 'by'")
    before, after = (_entity(row.get(name), name) for name in ("before", "after"))
    if (before is not None, after is not None) != ACTIONS[texts["action"]]:
        raise ValueError(f"the action {texts['action']} with the wrong entities before and after it")
    return Correction(**texts, before=before, after=after, text=str(row.get("text") or ""), where=where)


def _entity(value: object, name: str) -> Span | None:
    if value is None:
        return None
    values = value if isinstance(value, Mapping) else {}
    start, end, type_ = (values.get(key) for key in ("start", "end", "type"))
    if type(start) is not int or type(end) is not int or not 0 <= start < end or not isinstance(type_, str):
        raise ValueError(f"{name} {brief(value)} without whole numbers 'start' and 'end' and a string 'type'")
    if fault := type_fault(type_):
        raise ValueError(f"the type {type_!a}, which has {fault}")
    return Span(start, end, type_)


def apply_corrections(documents: Sequence[Document], corrections: Iterable[Correction], *, prefer: str = "") -> Applied:
    """The documents with the decisions, or the conflicts.

    Of one person's decisions on one entity the last is valid. Different decisions of two persons are a conflict, unless
    one person is `prefer`.
    """
    result = Applied(list(documents), [False] * len(documents))
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    hashes: dict[str, list[str]] = defaultdict(list)
    for place, document in enumerate(documents):
        digest = text_hash(document.text)
        places[document.id, digest].append(place)
        hashes[document.id].append(digest)
    of_document: dict[int, list[Correction]] = defaultdict(list)
    for correction in corrections:
        found = places[correction.document, correction.text_sha256]
        if len(found) == 1:
            of_document[found[0]].append(correction)
        else:
            result.conflicts.append(_unplaced(correction, len(found), correction.document in hashes))
    for place, group in sorted(of_document.items()):
        result.done[place] = any(correction.action == "done" for correction in group)
        decided = _decided(group, prefer, result.conflicts)
        result.documents[place] = _corrected(documents[place], decided, result.conflicts)
        result.corrections += decided + [correction for correction in group if correction.action == "done"]
    return result


def _unplaced(correction: Correction, number: int, known: bool) -> str:
    if number:
        why = f"{number} documents have this id and text, so it is unclear which is meant; give each an id of its own"
    elif known and correction.document:
        why = "its text differs from the corrected text; use the data from which the review was made"
    else:
        why = "there is no such document in the data; use the data from which the review was made"
    return f"document {brief(correction.document)} ({correction.where}): {why}"


def _decided(group: Iterable[Correction], prefer: str, conflicts: list[str]) -> list[Correction]:
    """The valid decisions for each existing entity, and for each place with new entities."""
    words: dict[Span | tuple[int, int], dict[str, dict[Span | None, Correction]]]
    words = defaultdict(lambda: defaultdict(dict))  # entity or place → person → last decisions
    for correction in sorted(group, key=lambda item: _time(item.at)):
        if correction.before is not None:
            words[correction.before][correction.by][None] = correction
        elif correction.after is not None:
            words[correction.after.start, correction.after.end][correction.by][correction.after] = correction
    decided: list[Correction] = []
    for people in words.values():
        verdicts = {frozenset(one.after for one in said.values()) for said in people.values()}
        if len(verdicts) > 1 and prefer not in people:
            every = [one for said in people.values() for one in said.values()]
            start = min(span.start for one in every if (span := one.before or one.after))
            said = "; ".join(f"{one.by} ({one.where}) {_said(one)}" for one in every)
            where = f"document {brief(every[0].document)}, offset {start}"
            conflicts.append(f"{where}: people disagree: {said}; choose a person with --prefer NAME")
        else:
            decided += people[prefer if prefer in people else next(iter(people))].values()
    return decided


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _said(correction: Correction) -> str:
    after = correction.after
    return correction.action if after is None else f"{correction.action} {after.start} to {after.end}, {after.type}"


def _corrected(document: Document, decided: Iterable[Correction], conflicts: list[str]) -> Document:
    """A document with decisions; entities on which a person decided have no score."""
    spans = dict.fromkeys(document.spans)
    added: list[Span] = []
    for correction in decided:
        span = correction.after or correction.before
        assert span is not None  # not `done`
        where = f"document {brief(document.id)}, offset {span.start} ({correction.where})"
        if span.end > len(document.text) or correction.text != document.mention(span):
            conflicts.append(f"{where}: the text there is not {brief(correction.text)}; count offsets in code points")
        elif correction.before is not None and correction.before not in document.spans:
            before = f"{correction.before.type}, {correction.before.start} to {correction.before.end}"
            conflicts.append(f"{where}: there is no entity {before}; perhaps these corrections were applied before")
        else:
            if correction.before is not None:
                spans.pop(correction.before, None)
            added += [correction.after] if correction.after is not None else []
    return document.with_spans({**spans, **dict.fromkeys(added)})


def merged(base: Sequence[Document], new: Sequence[Document], conflicts: list[str]) -> list[Document]:
    """`base` with `new`: documents with an equal id and text are replaced in place, others are appended.

    An equal id with another text is a conflict. Documents without an id are identified by their text.
    """
    result = list(base)
    places = {document.id or text_hash(document.text): place for place, document in enumerate(base)}
    for document in new:
        place = places.get(document.id or text_hash(document.text))
        if place is None:
            result.append(document)
        elif base[place].text != document.text:
            conflicts.append(
                f"document {brief(document.id)}: the training data have another text under this id; rename one"
            )
        else:
            result[place] = document
    return result


def without_scores(document: Document) -> Document:
    """The document as gold, without the scores of the model."""
    return document.with_spans(Span(span.start, span.end, span.type) for span in document.spans)
