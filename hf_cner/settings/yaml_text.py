"""YAML as settings use it: plain values within bounds, each key once, and nothing that is computed.

PyYAML's loaders build a tree by recursion, resolve what the standard of 2001 did (`1:30` is 90, `1e-5` a word) and let
the last of two equal keys win. Here its stream of events is read instead, in which nothing is nested.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import yaml

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"

LARGEST = 200_000  # characters of a text
DEEPEST = 32  # sections and lists within each other
DIGITS = 100  # of a number

_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d*)")
_LEADING_ZERO = re.compile(r"[-+]?0\d+")  # an octal number to some, a decimal number to others: a word
_WORDS: dict[str, float | bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{form: word in ("true", "yes", "on") for word in ("true", "false", "yes", "no", "on", "off")
       for form in (word, word.capitalize(), word.upper())},
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}  # fmt: skip


class YamlFault(ValueError):
    """What is wrong with a YAML text, without the text's name; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse_yaml(text: str, *, comments: bool = True) -> Value:
    """The value that a YAML text holds.

    Args:
        text: at most `LARGEST` characters, nested at most `DEEPEST` deep.
        comments: whether the text may hold `# comments`; a single value on a command line may not.

    Raises:
        YamlFault: broken YAML, a key that stands twice, a tag, an anchor, an alias, a second document, `${…}`, or a
            text that is too large, too deep or holds too long a number.
    """
    if len(text) > LARGEST:
        raise YamlFault(f"found {len(text):,} characters; expected at most {LARGEST:,}", 1)
    found = _Tree()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            found.add(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlFault(f"found broken YAML ({error.problem or error.context})", mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:  # a character that no YAML may hold
        position = int(getattr(error, "position", 0) or 0)
        character = ord(text[position : position + 1] or "\0")
        raise YamlFault(
            f"found the character U+{character:04X}, which YAML forbids", text.count("\n", 0, position) + 1
        ) from None
    if not comments and text[found.end :].strip():
        raise YamlFault(f"{text[found.end :].strip()!r} is a comment in YAML; put the value in quotes", 1)
    return found.root[0] if found.root else None


class _Tree:
    """The values of a document, from the events of its text."""

    def __init__(self) -> None:
        self.root: list[Value] = []
        self.end = 0  # where the document's value ends
        self._open: list[list[Value] | dict[str, Value]] = [self.root]
        self._keys: list[str | None] = [None]  # of the innermost section, of the one around it, …
        self._documents = 0

    def add(self, event: yaml.Event) -> None:
        """Take the next event of the text."""
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise YamlFault("found a second document; expected one", line)
        elif anchor := getattr(event, "anchor", None):
            raise YamlFault(f"found the anchor or alias {anchor!r}; write the value out in each place", line)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            if event.tag is not None:
                raise YamlFault(f"found the tag {event.tag!r}; expected plain values", line)
            if len(self._open) > DEEPEST:
                raise YamlFault(f"found sections nested more than {DEEPEST} deep", line)
            made: list[Value] | dict[str, Value] = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._put(made, line)
            self._open.append(made)
            self._keys.append(None)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()
        if len(self._open) == 1 and isinstance(event, (yaml.ScalarEvent, yaml.CollectionEndEvent)) and event.end_mark:
            self.end = event.end_mark.index

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        if event.tag is not None:
            raise YamlFault(f"found the tag {event.tag!r}; expected plain values", line)
        text = str(event.value)
        if "${" in text:
            raise YamlFault(
                f"found {_short(text)}, and settings are not interpolated: nothing of the environment, of a file or of "
                "another setting is put in its place; write the value itself",
                line,
            )
        inside = self._open[-1]
        if isinstance(inside, dict) and self._keys[-1] is None:
            if text in inside:
                raise YamlFault(f"found the key {_short(text)} a second time; remove one of them", line)
            self._keys[-1] = text
        else:
            self._put(plain_value(text, line) if event.implicit[0] else text, line)

    def _put(self, value: Value, line: int) -> None:
        inside, key = self._open[-1], self._keys[-1]
        if isinstance(inside, list):
            inside.append(value)
        elif key is None:
            raise YamlFault("found a section or a list in the place of a key; expected `key: value`", line)
        else:
            inside[key] = value
            self._keys[-1] = None


def plain_value(text: str, line: int = 1) -> Value:
    """What a scalar without quotes stands for: a number, true or false, null, or else a text."""
    if text in _WORDS:
        return _WORDS[text]
    if not _NUMBER.fullmatch(text) or _LEADING_ZERO.fullmatch(text):
        return text
    if len(text) > DIGITS:
        raise YamlFault(f"found a number of {len(text):,} characters; put it in quotes if it is a text", line)
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
