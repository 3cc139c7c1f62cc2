"""YAML for settings: plain values within bounds, each key once, and nothing computed.

PyYAML's loaders build a tree by recursion, follow the standard of 2001 (`1:30` is 90, `1e-5` a word) and keep the last
of two equal keys. Here its stream of events is read, which is not nested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import yaml

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"

LARGEST = 200_000  # characters of a text
DEEPEST = 32  # nested sections and lists
DIGITS = 100  # of a number

_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d*)")
_LEADING_ZERO = re.compile(r"[-+]?0\d+")  # octal for some readers and decimal for others: a word
_WORDS: dict[str, float | bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{form: word in ("true", "yes", "on") for word in ("true", "false", "yes", "no", "on", "off")
       for form in (word, word.capitalize(), word.upper())},
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}  # fmt: skip


class YamlFault(ValueError):
    """A fault of a YAML text, without the text's name; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def bounded_events(text: str) -> Iterator[yaml.Event]:
    """PyYAML's events of a text; after all of them were read, the text may also be composed.

    Raises:
        YamlFault: broken YAML, a tag, an anchor, an alias, a second document, half a surrogate pair, or a text that is
            too large or too deep.
    """
    if len(text) > LARGEST:
        raise YamlFault(f"found {len(text):,} characters; expected at most {LARGEST:,}", 1)
    depth, documents, line = 0, 0, 1
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = _line(event)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            if depth > DEEPEST:
                raise YamlFault(f"found sections nested more than {DEEPEST} deep", line)
            if documents > 1:
                raise YamlFault("found a second document; expected one", line)
            if anchor := getattr(event, "anchor", None):
                raise YamlFault(f"found the anchor or alias {anchor!r}; write the value out in each place", line)
            if tag := getattr(event, "tag", None):
                raise YamlFault(f"found the tag {tag!r}; expected plain values", line)
            if isinstance(event, yaml.ScalarEvent):
                event.value.encode()
            yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlFault(f"found broken YAML ({error.problem or error.context})", mark.line + 1 if mark else 1) from None
    except YamlFault:
        raise
    except ValueError as error:  # an escape of half a surrogate pair, or beyond Unicode
        raise YamlFault(f"found an escape that stands for no character ({error})", line) from None
    except yaml.YAMLError as error:  # a character that no YAML may hold
        place = int(getattr(error, "position", 0) or 0)
        character = ord(text[place : place + 1] or "\0")
        line = text.count("\n", 0, place) + 1
        raise YamlFault(f"found the character U+{character:04X}, which YAML forbids", line) from None


def parse_yaml(text: str, *, comments: bool = True, literal: bool = False) -> Value:
    """The value that a YAML text holds.

    Args:
        text: at most `LARGEST` characters, nested at most `DEEPEST` deep.
        comments: whether the text may hold `# comments`; a single value on a command line may not.
        literal: whether a text may hold `${`.

    Raises:
        YamlFault: as for `bounded_events`; a repeated key, `${…}`, or too long a number.
    """
    found = _Tree(literal=literal)
    for event in bounded_events(text):
        found.add(event)
    if not comments and (rest := text[found.end :].strip()):
        raise YamlFault(f"{rest!r} is a comment in YAML; put the value in quotes", 1)
    return found.root[0] if found.root else None


def dump_yaml(values: Mapping[str, object]) -> str:
    """YAML that `parse_yaml` reads as the same values."""
    return yaml.dump(dict(values), Dumper=_Dumper, allow_unicode=True, sort_keys=False)


class _Dumper(yaml.SafeDumper):
    """Quotes words that are numbers here (`1e-5`), and writes equal lists twice."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        """A text, quoted where it would be read as something else."""
        quoted = data in _WORDS or _NUMBER.fullmatch(data)
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="'" if quoted else None)


_Dumper.add_representer(str, _Dumper.represent_text)


class _Tree:
    """The values of a document, from the events of its text."""

    def __init__(self, *, literal: bool) -> None:
        self.root: list[Value] = []
        self.end = 0  # the end of the document's value
        self._literal = literal
        self._open: list[list[Value] | dict[str, Value]] = [self.root]
        self._keys: list[str | None] = [None]  # of the innermost section, of the section around it, …

    def add(self, event: yaml.Event) -> None:
        """Take the next event of the text."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            made: list[Value] | dict[str, Value] = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._put(made, event)
            self._open.append(made)
            self._keys.append(None)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()
        if len(self._open) == 1 and isinstance(event, (yaml.ScalarEvent, yaml.CollectionEndEvent)) and event.end_mark:
            self.end = event.end_mark.index

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text = str(event.value)
        if "${" in text and not self._literal:
            raise YamlFault(
                f"found {_short(text)}, and settings are not interpolated, neither from the environment nor from a "
                "file or another setting; write the value itself",
                _line(event),
            )
        inside = self._open[-1]
        if isinstance(inside, dict) and self._keys[-1] is None:
            if text in inside:
                raise YamlFault(f"found the key {_short(text)} a second time; remove one of them", _line(event))
            self._keys[-1] = text
        else:
            self._put(plain_value(text, _line(event)) if event.implicit[0] else text, event)

    def _put(self, value: Value, event: yaml.Event) -> None:
        inside, key = self._open[-1], self._keys[-1]
        if isinstance(inside, list):
            inside.append(value)
        elif key is None:
            raise YamlFault("found a section or a list in place of a key; expected `key: value`", _line(event))
        else:
            inside[key] = value
            self._keys[-1] = None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def plain_value(text: str, line: int = 1) -> Value:
    """The value of a scalar without quotes: a number, true or false, null, or else a text."""
    if text in _WORDS:
        return _WORDS[text]
    if not _NUMBER.fullmatch(text) or _LEADING_ZERO.fullmatch(text):
        return text
    if len(text) > DIGITS:
        raise YamlFault(f"found a number of {len(text):,} characters; put it in quotes if it is a text", line)
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
