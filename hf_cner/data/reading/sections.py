"""The folder layout of CCKS-2017 and CCKS-2018: a text file and an annotation file per section of a record.

``<section>-<n>.txtoriginal.txt`` holds the text, ``<section>-<n>.txt`` one annotation per line (mention TAB start TAB
end TAB type); both may be gzip'd. The number n names the record. Columns are not stripped: mentions may begin and end
with blanks, and blank lines at the end of a text belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..files import printable, read_lines, read_text
from ..problems import DataError, Problems
from ..shown import brief
from .folders import walk
from .locate import split_of
from .names import natural_key
from .standoff import RawDocument, RawSpan, offset

_NAME = re.compile(r"(?:[0-9]+-)?(?P<section>.+)-(?P<number>[0-9]+)\.txt(?P<text>original\.txt)?(?:\.gz)?")
# A section has two names in the releases.
SECTION_NAMES = {"诊疗过程": "诊疗经过", "病史特征": "病史特点"}
_SECTION_ORDER = ("一般项目", "病史特点", "诊疗经过", "出院情况")


@dataclass(frozen=True, slots=True)
class SectionKey:
    """A section of a record."""

    section: str
    number: int

    @property
    def id(self) -> str:
        return f"{self.section}-{self.number}"

    @property
    def order(self) -> tuple[int, int, list[tuple[int, int, str]]]:
        """Records by number; sections of a record in their usual order."""
        known = self.section in _SECTION_ORDER
        place = _SECTION_ORDER.index(self.section) if known else len(_SECTION_ORDER)
        return self.number, place, natural_key(self.section)


def section_key(section: str, number: int) -> SectionKey:
    """The key with the section's usual name."""
    return SectionKey(SECTION_NAMES.get(section, section), number)


def section_files(folder: Path, problems: Problems) -> tuple[dict[SectionKey, Path], dict[SectionKey, Path]]:
    """Find (texts, annotations) below ``folder``; a second file for the same section is reported and left out."""
    texts: dict[SectionKey, Path] = {}
    annotations: dict[SectionKey, Path] = {}
    parts: dict[str, Path] = {}
    for path in walk(folder, problems):
        match = _NAME.fullmatch(printable(path.name))
        if match is None:
            continue
        parts.setdefault(split_of(path.parent, folder, words=False) if path.parent != folder else "train", path)
        if len(parts) > 1:
            found = f"the published parts {' and '.join(parts)} side by side"
            raise DataError(f"{folder}: found {found}; expected one of them; name its folder.")
        key = section_key(match["section"], int(match["number"]))
        group = texts if match["text"] else annotations
        if key in group:
            found = f"a second file for {key.id}, beside {group[key].relative_to(folder)}"
            problems.report(path, None, found, "one per section and record", "name the folder of one release only")
            continue
        group[key] = path
    return texts, annotations


def read_sections(folder: Path, problems: Problems) -> Iterator[RawDocument]:
    """Read every section that has both its files; one without the other is reported."""
    texts, annotations = section_files(folder, problems)
    for key in sorted(texts.keys() | annotations.keys(), key=lambda key: key.order):
        text_path, path = texts.get(key), annotations.get(key)
        if text_path is None or path is None:
            _unpaired(key, text_path, path, bool(annotations), problems)
            continue
        before = problems.count
        text = read_text(text_path, problems)
        lines = list(read_lines(path, problems))
        if problems.count > before:  # e.g. bytes in another encoding
            continue
        spans = tuple(read_annotations(lines, path, problems))
        yield RawDocument(text, spans, key.id, path, str(key.number), text_path=text_path)


def read_annotations(lines: Sequence[tuple[int, str]], path: Path, problems: Problems) -> Iterator[RawSpan]:
    """Split annotation lines at TABs only; blank lines are ignored."""
    for number, line in lines:
        if not line.strip():
            continue
        columns = line.split("\t")
        start, end = (offset(columns[1]), offset(columns[2])) if len(columns) == 4 else (None, None)
        if start is None or end is None:
            expected = "mention TAB start TAB end TAB type"
            problems.report(path, number, f"the line {brief(line)}", expected, "correct or remove the line")
            continue
        yield RawSpan(start, end, columns[3], columns[0], number)


def _unpaired(
    key: SectionKey, text: Path | None, annotation: Path | None, any_annotation: bool, problems: Problems
) -> None:
    if text is not None:
        name = re.sub(r"original\.txt(\.gz)?$", "", text.name)
        advice = (
            "add it (empty where the text has no entity), or remove the text"
            if any_annotation
            else "none of the texts here has one: for the organisers' CSV gold read it as ccks2017-csv, for prediction "
            "give the folder to `hf-cner predict`"
        )
        problems.report(text, None, f"a text without annotations ({key.id})", f"{name} beside it", advice)
    elif annotation is not None:
        name = re.sub(r"\.txt(\.gz)?$", "", annotation.name) + ".txtoriginal.txt"
        found = f"annotations without a text ({key.id})"
        problems.report(annotation, None, found, f"{name} beside it", "add the text, or remove the annotations")
