"""Objects of a JSON file with their line numbers: one array, or one object per line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..files import read_text
from ..problems import Problems

_HALF = re.compile("[\ud800-\udfff]")  # what JSON's \\u escapes can write and no text can hold
_SPACE = re.compile(r"[ \t\r\n]*")


def json_items(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (1-based line on which the object begins, object), whichever of the two layouts the file has.

    What is broken is reported with its line; of a file that was cut off, the whole objects before the cut are read.
    """
    text = read_text(path, problems)
    items = _array(text, path, problems) if _SPACE.sub("", text[:64])[:1] == "[" else _lines(text, path, problems)
    for line, item in items:
        if isinstance(item, dict):
            yield line, item
        else:
            problems.report(path, line, f"a JSON {_kind(item)}", "a JSON object", "correct or remove it")


def annotated_items(
    path: Path, problems: Problems, *, text_key: str, spans_key: str
) -> Iterator[tuple[int, dict[str, Any], str, list[Any]]]:
    """Yield (line, object, its text, its list of annotations); a missing or null list is an empty one."""
    for line, item in json_items(path, problems):
        text, spans = item.get(text_key), item.get(spans_key)
        if isinstance(text, str) and _HALF.search(text):
            found = "half a surrogate pair in the text"
            problems.report(path, line, found, "whole characters", "the text was cut inside a character: correct it")
        elif isinstance(text, str) and (spans is None or isinstance(spans, list)):
            yield line, item, text, spans or []
        else:
            found = f"an object with {', '.join(map(repr, item)) or 'nothing in it'}"
            expected = f"{text_key!r} (a string) and {spans_key!r} (a list)"
            problems.report(path, line, found, expected, "correct or remove it, or read the file as another corpus")


def _lines(text: str, path: Path, problems: Problems) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except ValueError as error:
            problems.report(path, number, f"broken JSON ({error})", "one whole JSON object per line", _ADVICE)
            continue
        yield number, item


def _array(text: str, path: Path, problems: Problems) -> Iterator[tuple[int, Any]]:
    decoder = json.JSONDecoder()
    position, line, counted_to, items = text.index("[") + 1, 1, 0, 0
    while True:
        position = _skip(text, position)
        line, counted_to = line + text.count("\n", counted_to, position), position
        if text[position : position + 1] == "]":
            return
        try:
            item, position = decoder.raw_decode(text, position)
        except ValueError as error:
            found = f"broken JSON after {items} whole objects ({error})"
            problems.report(path, line, found, "a JSON array of objects, closed by ]", _ADVICE)
            return
        items += 1
        yield line, item
        position = _skip(text, position)
        if text[position : position + 1] == ",":
            position += 1
        elif text[position : position + 1] != "]":
            line += text.count("\n", counted_to, position)
            found = f"no comma or ] after {items} whole objects"
            problems.report(path, line, found, "a JSON array of objects, closed by ]", _ADVICE)
            return


_ADVICE = "the file may have been cut off: fetch it again"


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _kind(item: Any) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null", int: "number", float: "number"}
    return names.get(type(item), type(item).__name__)
