"""JSON from outside is parsed only here, and bounded before values are built.

Stricter than `json.loads`: deep nesting, long numbers and repeated keys are faults, and so are NaN and Infinity,
numbers beyond 64-bit floats, and halves of surrogate pairs, which JSON's escapes can write but no text can hold. A byte
order mark before the text is ignored. Messages name the place and show a few escaped characters.
"""

from __future__ import annotations

import json
import math
import re
from os import PathLike
from typing import NoReturn

from ..modeling.characters import SURROGATE as SURROGATE
from .bounded import LARGEST_FILE
from .files import read_text
from .problems import DataError
from .shown import brief, half_surrogate

DEEPEST = 100  # nested arrays and objects
LONGEST_NUMBER = 400  # characters; the largest 64-bit float has 309 digits before its point
_SHORT = 1 << 16  # characters, up to which counting brackets is faster than following them
BLANKS = " \t\r\n"
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)  # a string or a bracket
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class JsonError(ValueError):
    """A JSON text that is refused; the message is a phrase that follows "found"."""


class BrokenJson(JsonError):
    """A text that is no JSON after some place, so that the rest cannot be read."""


def parse_json(text: str) -> object:
    """The value of one JSON text.

    Raises:
        BrokenJson: it is no JSON, or has text after the value; the message has the column (and the line, if there are
            several). JsonError: it is JSON that is refused, see the module.
    """
    text = text.removeprefix("\ufeff")
    begin = len(text) - len(text.lstrip(BLANKS))
    value, end = parse_item(text, begin)
    rest = text[end:].lstrip(BLANKS)
    if rest:
        raise broken("Extra data", text, len(text) - len(rest))
    return value


def parse_item(text: str, begin: int) -> tuple[object, int]:
    """The value that begins at `begin`, and where it ends.

    Raises:
        BrokenJson, JsonError: as `parse_json`; after a JsonError that is no BrokenJson, reading can continue at
            `end_of_item`.
    """
    _check_depth(text, begin)
    try:
        value, end = _DECODER.raw_decode(text, begin)
    except json.JSONDecodeError as error:
        raise broken(error.msg.removesuffix(" at"), text, error.pos) from error
    except RecursionError as error:  # the stack was nearly full before
        raise JsonError("JSON nested too deeply for what is left of the stack") from error
    if _ESCAPED_HALF.search(text, begin, end) or SURROGATE.search(text, begin, end):
        _refuse_halves(value)
    return value, end


def end_of_item(text: str, begin: int) -> int:
    """The end of the array or object that begins at `begin`, at any depth; the end of the text if it is not closed.

    Brackets are counted outside strings, in one pass.
    """
    depth = 0
    for token in _TOKEN.finditer(text, begin):
        sign = token.group()[0]
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        if depth <= 0:
            return token.end()
    return len(text)


def read_json(path: str | PathLike[str]) -> object:
    """The value of a whole file, in UTF-8.

    Raises:
        DataError: an error of `read_text`, or a refused JSON text, with the file's name.
    """
    try:
        return parse_json(read_text(path, most=LARGEST_FILE))
    except JsonError as error:
        raise DataError(f"{path}: found {error}; expected a JSON text; correct the file, or fetch it again.") from error


def read_json_object(path: str | PathLike[str]) -> dict[str, object]:
    """The same of a file that holds one object.

    Raises:
        DataError: likewise, and another kind of value.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise DataError(f"{path}: found a JSON {kind_of(value)}; expected an object; is this the right file?")
    return value


def kind_of(value: object) -> str:
    """JSON's name for the type of a value: object, array, string, number, boolean or null."""
    kinds = ((bool, "boolean"), (int | float, "number"), (str, "string"), (list | tuple, "array"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def how_to_rewrite(line: str) -> str:
    """What to do if the first line of a file begins an array, or an object of several lines; else nothing."""
    line = line.strip()
    items = "'.[]'" if line.startswith("[") else "." if line == "{" else ""
    return items and f"write one object per line: jq -c {items} FILE > LINES.jsonl"


def broken(what: str, text: str, position: int) -> BrokenJson:
    """The error for a place in a text."""
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    where = f"column {column} of {len(text)}" if "\n" not in text.rstrip(BLANKS) else f"line {line}, column {column}"
    return BrokenJson(f"broken JSON ({what} at {where})")


def _check_depth(text: str, begin: int) -> None:
    """Refuse deep nesting, which may overflow a parser's stack; without recursion, and for this value alone."""
    if text[begin : begin + 1] not in ("[", "{"):
        return
    if len(text) - begin <= _SHORT and text.count("[", begin) + text.count("{", begin) <= DEEPEST:
        return
    depth = 0
    for token in _TOKEN.finditer(text, begin):
        sign = token.group()[0]
        if sign in "[{":
            depth += 1
            if depth > DEEPEST:
                raise JsonError(f"JSON nested more than {DEEPEST} deep")
        elif sign in "]}":
            depth -= 1
        if depth <= 0:
            return


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonError(f"the key {brief(key)} twice in one JSON object")
            seen.add(key)
    return found


def _whole(digits: str) -> int:
    return int(_short(digits))


def _fraction(digits: str) -> float:
    number = float(_short(digits))
    if not math.isfinite(number):
        raise JsonError(f"the number {brief(digits)[1:-1]}, which is too large")
    return number


def _short(digits: str) -> str:
    if len(digits) > LONGEST_NUMBER:
        raise JsonError(f"a number of {len(digits):,} characters")
    return digits


def _no_number(name: str) -> NoReturn:
    raise JsonError(f"{name}, which is no JSON")


def _refuse_halves(value: object) -> None:
    """Raise JsonError for half a surrogate pair in any string or key, with the name of the outermost key."""
    todo: list[tuple[object, str]] = [(value, "")]
    while todo:
        item, where = todo.pop()
        if isinstance(item, str):
            if half := half_surrogate(item):
                raise JsonError(f"{half} of {where or 'a string'}")
        elif isinstance(item, dict):
            todo += [(key, "a key") for key in item]
            todo += [(inner, where or brief(key)) for key, inner in item.items()]
        elif isinstance(item, list):
            todo += [(inner, where) for inner in item]


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_no_number
)
