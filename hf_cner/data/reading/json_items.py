"""Objects of a JSON file with their line numbers: one array, or one object per line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..bounded import LARGEST_FILE
from ..files import read_text
from ..json_text import BLANKS, BrokenJson, JsonError, end_of_item, kind_of, parse_item, parse_json
from ..problems import Problems
from ..shown import brief
from .foreign import instead_of, stands_elsewhere

_SPACE = re.compile(f"[{BLANKS}]*")
_ADVICE = "the file may have been cut off: fetch it again"
_ROW_ADVICE = "correct or remove it"


def json_items(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield (1-based line on which the object begins, object), from both layouts.

    Faults are reported with their line; of a file that was cut off, the whole objects before the cut are read.
    """
    text = read_text(path, problems, most=LARGEST_FILE)
    first = _SPACE.match(text)
    is_array = first is not None and text[first.end() : first.end() + 1] == "["
    for line, item in _array(text, path, problems) if is_array else _lines(text, path, problems):
        if isinstance(item, dict):
            yield line, item
        else:
            problems.report(path, line, f"a JSON {kind_of(item)}", "a JSON object", _ROW_ADVICE)


def annotated_items(
    path: Path, problems: Problems, *, text_key: str, spans_key: str
) -> Iterator[tuple[int, dict[str, object], str, list[object]]]:
    """Yield (line, object, its text, its list of annotations); a missing or null list is an empty one.

    Texts of test parts are published without a list. But a missing list beside a similar key is a fault.
    """
    for line, item in json_items(path, problems):
        text, spans = item.get(text_key), item.get(spans_key)
        elsewhere = stands_elsewhere(spans_key, item)
        if isinstance(text, str) and isinstance(spans, list | None) and not elsewhere:
            yield line, item, text, spans or []
        else:
            there = instead_of(spans_key, item) if elsewhere else ", ".join(map(brief, item))
            found = f"an object with {there or 'nothing in it'}"
            expected = f"{text_key!r} (a string) and {spans_key!r} (a list)"
            problems.report(path, line, found, expected, "correct or remove it, or read the file as another corpus")


def _lines(text: str, path: Path, problems: Problems) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = parse_json(line)
        except BrokenJson as error:
            problems.report(path, number, str(error), "one whole JSON object per line", _ADVICE)
        except JsonError as error:
            problems.report(path, number, str(error), "one whole JSON object per line", _ROW_ADVICE)
        else:
            yield number, item


def _array(text: str, path: Path, problems: Problems) -> Iterator[tuple[int, object]]:
    position, line, counted_to, items = text.index("[") + 1, 1, 0, 0
    while True:
        position = _skip(text, position)
        line, counted_to = line + text.count("\n", counted_to, position), position
        if text[position : position + 1] == "]":
            return
        try:
            item, position = parse_item(text, position)
        except BrokenJson as error:
            found = f"{error} after {items} whole objects"
            problems.report(path, line, found, "a JSON array of objects, closed by ]", _ADVICE)
            return
        except JsonError as error:  # a fault of this item alone
            problems.report(path, line, str(error), "a JSON object", _ROW_ADVICE)
            position = end_of_item(text, position)
        else:
            yield line, item
        items += 1
        position = _skip(text, position)
        if text[position : position + 1] == ",":
            position += 1
        elif text[position : position + 1] != "]":
            line += text.count("\n", counted_to, position)
            found = f"no comma or ] after {items} whole objects"
            problems.report(path, line, found, "a JSON array of objects, closed by ]", _ADVICE)
            return


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
