"""Which corpus a folder or file looks like, from the first characters of a few of its files.

Only used for messages: a folder that is recognised as another corpus is refused with that corpus's name. A folder that
is not recognised is read.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ..bounded import BROKEN
from ..endings import BRAT, CONLL, DELIMITED, JSON, JSON_LINES, TEXT
from ..problems import Problems
from .folders import walk
from .names import is_packed, without_gz

# Corpora whose files look alike, or that are views of the same files.
FAMILIES = (
    frozenset({"ccks2017", "ccks2017-early"}),
    frozenset({"tcm-literature", "tcm-literature5"}),
    frozenset({"tcm-formulas", "label-studio"}),  # annotated with Label Studio
)
_HEAD = 65_536  # characters
_FILES = 40  # annotation files that are read

_CCKS2017 = frozenset({"症状和体征", "检查和检验", "疾病和诊断", "治疗", "身体部位"})
_CCKS2018 = frozenset({"解剖部位", "症状描述", "独立症状", "药物", "手术"})
_LITERATURE = frozenset(
    {"方剂", "中医证候", "中药", "临床表现", "西医诊断", "中医诊断", "其他治疗", "中医治则", "中医治疗", "西医治疗"}
)
_ENDINGS = (*TEXT, *JSON_LINES, JSON, *DELIMITED, *CONLL, BRAT, ".train", ".dev", ".test")

# Keys alone are not enough, since others use the same. So a corpus is recognised by a key together with one of its
# types.
_JSON_MARKS = (
    ("ccks2019", re.compile(r'"originalText"\s*:')),
    ("cblue-cmeee", re.compile(r'"start_idx"\s*:')),
    (
        "tcm-leaflets",
        re.compile(r'"labels"\s*:\s*\[\s*\[\s*"[^"]*"\s*,\s*"(?:DRUG|DISEASE|SYMPTOM|SYNDROME|FOOD|PERSON_GROUP)'),
    ),
    ("tcm-formulas", re.compile(r'"labels"\s*:\s*\[\s*"(?:方剂名|组成|功用|主治|剂型|运用)"')),
    ("jsonl", re.compile(r'"entities"\s*:\s*\[\s*\{[^}]{0,2000}"start"\s*:')),
    ("doccano", re.compile(r'"labels?"\s*:\s*\[\s*\[\s*[0-9]+\s*,\s*[0-9]+\s*,\s*"|"start_offset"\s*:')),
    ("mrc", re.compile(r'"answers"\s*:\s*\{\s*"')),
)
_LABEL_STUDIO = re.compile(r'"(?:from_name|completed_by|lead_time)"\s*:')
_EXPORTS = (("Prodigy's export", re.compile(r'"_input_hash"\s*:')),)  # no format here reads them
_BRAT = re.compile(r"T[0-9]+\t\S+ [0-9]+ [0-9]+[;\t]")
_CMEEE = re.compile(
    r"\|\|\|-?[0-9]{1,9}[ \t]{1,20}-?[0-9]{1,9}[ \t]{1,20}(?:dis|sym|pro|equ|dru|ite|bod|dep|mic)\|\|\|"
)
_CSV_ENTRY = re.compile(r"[ \t][0-9]+[ \t]+[0-9]+[ \t]+([^\s;]+);?")
_TAGGED = re.compile(r"\S[ \t,](?:O|[BIESM][-_](\S+)|(\S+)[-_][BIESM])\s*")
_SECTION = re.compile(r".+-[0-9]+\.txt")


def guess(path: Path) -> set[str]:
    """Names of the corpora (or generic formats) that ``path`` looks like; empty where nothing is recognised."""
    if path.is_file():
        return set(_guess_file(path))
    files = walk(path, Problems("skip"))
    texts = [file for file in files if without_gz(file.name).endswith(".txtoriginal.txt")]
    sections = [file for file in files if _SECTION.fullmatch(without_gz(file.name))]
    found = set(_guess_sections(islice(sections, _FILES))) if texts else set()
    others = list(_annotation_files(files))
    csv = [file for file in others if without_gz(file.name).lower().endswith(".csv")]
    for file in csv if csv or found else islice(others, _FILES):
        found.update(_guess_file(file))
    return found


def exports(path: Path) -> set[str]:
    """Programs whose export a file, or one of the first files of a folder, looks like."""
    files = [path] if path.is_file() else list(islice(_annotation_files(walk(path, Problems("skip"))), _FILES))
    return {name for file in files for name in islice((n for n, mark in _EXPORTS if mark.search(_head(file))), 1)}


def _annotation_files(files: Iterable[Path]) -> Iterator[Path]:
    return (file for file in files if without_gz(file.name).lower().endswith(_ENDINGS))


def same_family(one: str, other: str) -> bool:
    """Whether the two corpora can be read from the same files."""
    return one == other or any(one in family and other in family for family in FAMILIES)


def _guess_sections(files: Iterator[Path]) -> Iterator[str]:
    types = {columns[3].strip() for file in files for columns in _columns(_head(file)) if len(columns) == 4}
    if types:
        yield from (n for n, known in (("ccks2017", _CCKS2017), ("ccks2018", _CCKS2018)) if types <= known)


def _columns(head: str) -> Iterator[list[str]]:
    return (line.rstrip("\r").split("\t") for line in head.split("\n"))


def _guess_file(path: Path) -> Iterator[str]:
    head = _head(path)
    if head.lstrip()[:1] in ("{", "["):
        if _LABEL_STUDIO.search(head):
            yield "label-studio"
        else:
            yield from islice((name for name, mark in _JSON_MARKS if mark.search(head)), 1)
    elif head.startswith("#FORMAT=WebAnno TSV 3"):
        yield "inception"
    elif _BRAT.match(head):
        yield "brat"
    elif _CMEEE.search(head):
        yield "cmeee"
    elif without_gz(path.name).lower().endswith(".csv"):
        if any(type_ in _CCKS2017 for type_ in _CSV_ENTRY.findall(head)):
            yield "ccks2017-csv"
    else:
        yield from _guess_tagged(head)


def _guess_tagged(head: str) -> Iterator[str]:
    lines = [line.rstrip("\r") for line in head.split("\n")[:-1]]
    matches = [_TAGGED.fullmatch(line) for line in lines if line.strip()]
    if matches and all(matches[:200]):
        types = {match[1] or match[2] for match in matches if match} - {None}
        if types:
            yield "tcm-literature" if 2 * len(types & _LITERATURE) >= len(types) else "conll"


def _head(path: Path) -> str:
    """First characters in any encoding; empty for unreadable files."""
    try:
        if is_packed(path.name):
            with gzip.open(path) as stream:
                data = stream.read(_HEAD)
        else:
            with path.open("rb") as plain:
                data = plain.read(_HEAD)
    except (OSError, *BROKEN):
        return ""
    return data.decode("utf-8-sig", errors="replace")
