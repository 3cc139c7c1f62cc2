"""The language of the command line: Chinese where the locale asks for it, English everywhere else.

Only the command line translates, when it shows something. Exceptions, logs, files and tables stay English, so that a
program reads the same sentences everywhere. A message of the catalogue may hold placeholders, as `{file}: found …`. An
error sentence is matched with them, so the code that raises it marks nothing.

Only gettext's variables choose the locale (LANGUAGE, LC_ALL, LC_MESSAGES, LANG): `LANGUAGE=en hf-cner …` shows English
once.
"""

from __future__ import annotations

import functools
import os
import re
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

CATALOGUE = Path(__file__).parents[1] / "locale" / "zh_CN" / "LC_MESSAGES" / "hf_cner.mo"
PLACE = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"[^\s,]+(?: or [^\s,]+)+")
_DEPTH = 3  # nested sentences


def wants_chinese(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the first known language of the environment is Chinese.

    As in gettext: LC_ALL wins over LC_MESSAGES, and this over LANG; the list LANGUAGE wins over all of them, unless
    they say C or POSIX. A language without a catalogue is ignored; without any, English is shown.
    """
    given = os.environ if environment is None else environment
    locale = given.get("LC_ALL") or given.get("LC_MESSAGES") or given.get("LANG") or ""
    if locale in ("C", "POSIX"):
        return False
    for name in (given.get("LANGUAGE") or locale).split(":"):
        language = re.split(r"[_.@-]", name.strip().lower())[0]
        if language in ("zh", "en", "c", "posix"):
            return language == "zh"
    return False


def choose() -> None:
    """Switch to Chinese, if the locale asks for it and the streams can show it."""
    global _chinese
    _chinese = wants_chinese() and all(_shows_chinese(stream) for stream in (sys.stdout, sys.stderr))


def chinese() -> bool:
    """Whether this process shows Chinese."""
    return _chinese


def translated(message: str) -> str:
    """A message or sentence in the language of the locale; unchanged if the catalogue does not have it."""
    return in_chinese(message) if _chinese else message


def in_chinese(message: str, depth: int = _DEPTH) -> str:
    """A message in Chinese, from the catalogue: whole, or by its placeholders, whose values are translated too."""
    whole = catalogue().get(" ".join(message.split()))
    if whole is not None:
        return whole
    if _CHOICE.fullmatch(message):
        return message.replace(" or ", " 或 ")
    for pattern, names, translation in _patterns():
        found = pattern.fullmatch(message) if depth else None
        if found is not None:
            values = {name: in_chinese(value, depth - 1) for name, value in zip(names, found.groups(), strict=True)}
            return PLACE.sub(lambda place, values=values: values[place[1]], translation)  # type: ignore[misc]
    return message


@functools.cache
def catalogue(path: Path = CATALOGUE) -> dict[str, str]:
    """The messages of a compiled catalogue (gettext's .mo, in either byte order): English to Chinese."""
    content = path.read_bytes()
    order = "<" if content[:4] == b"\xde\x12\x04\x95" else ">"
    count, sources, targets = struct.unpack(f"{order}3I", content[8:20])

    def text(table: int, number: int) -> str:
        length, start = struct.unpack_from(f"{order}2I", content, table + 8 * number)
        return content[start : start + length].decode("utf-8")

    messages = {text(sources, number): text(targets, number) for number in range(count)}
    messages.pop("", None)  # the head of the file
    return messages


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], list[str], str]]:
    """Messages with placeholders, those with the most fixed words first."""
    found = [(source, target) for source, target in catalogue().items() if PLACE.search(source)]
    found.sort(key=lambda pair: -len(PLACE.sub("", pair[0])))
    return [(_pattern(source), PLACE.findall(source), target) for source, target in found]


def _pattern(source: str) -> re.Pattern[str]:
    fixed = [re.escape(part) for part in PLACE.split(source)[::2]]
    return re.compile("(.+?)".join(fixed), re.DOTALL)


def _shows_chinese(stream: object) -> bool:
    try:
        "中文，。".encode(getattr(stream, "encoding", None) or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


_chinese = False
