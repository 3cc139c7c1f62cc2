"""The notation of phrases.yaml and cases/*.yaml, and how a phrase becomes text with spans.

Entities stand in brackets, one pair of brackets for each type (`BRACKETS`):
    【发热】 symptom or sign, 〖双肺〗 body part, 〔血常规〕 examination or test, 《肺炎》 disease, 『氨溴索』 treatment
Everything else varies from patient to patient:
    (a|b|)   one of these, drawn anew each time; may be nested and may stand inside an entity
    <3~7>    a number between the two, with as many decimals as the first
    <侧>     a word that stays the same within a record, such as the side, the age or the date of admission
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

BRACKETS = {"【】": "症状和体征", "〔〕": "检查和检验", "《》": "疾病和诊断", "『』": "治疗", "〖〗": "身体部位"}

_CHOICE = re.compile(r"\(([^()]*)\)")
_NUMBER = re.compile(r"<(\d+(?:\.\d+)?)~(\d+(?:\.\d+)?)>")
_WORD = re.compile(r"<([^<>~0-9]+)>")
_OPENING = {pair[0]: pair[1] for pair in BRACKETS}
_TYPE_OF = {pair[0]: name for pair, name in BRACKETS.items()}


def expand(phrase: str, words: Mapping[str, str], rng: random.Random) -> str:
    """Draw all choices and numbers of a phrase and put in the words of the patient; entities keep their brackets."""
    while match := _CHOICE.search(phrase):
        phrase = phrase[: match.start()] + rng.choice(match[1].split("|")) + phrase[match.end() :]
    while match := _WORD.search(phrase):
        if match[1] not in words:
            raise ValueError(f"The phrase {phrase!r} uses the word {match[1]!r}, which this patient does not have.")
        word = expand(words[match[1]], words, rng)
        phrase = phrase[: match.start()] + word + phrase[match.end() :]
    return _NUMBER.sub(lambda found: draw_number(found[1], found[2], rng), phrase)


def draw_number(low: str, high: str, rng: random.Random) -> str:
    """A number from low to high, both included, written like `low`: its decimals, its leading zeros."""
    decimals = len(low.partition(".")[2])
    scale = 10**decimals
    drawn = rng.randint(round(float(low) * scale), round(float(high) * scale))
    if decimals:
        return f"{drawn / scale:.{decimals}f}"
    return str(drawn).zfill(len(low) if low.startswith("0") else 1)


def parse(marked: str) -> tuple[str, list[tuple[int, int, str]]]:
    """Take the brackets away: the bare text, and (start, end, type) of each entity, end exclusive.

    Raises:
        ValueError: a bracket without partner, a bracket inside an entity, or an entity without characters.
    """
    text: list[str] = []
    spans: list[tuple[int, int, str]] = []
    opened: tuple[int, str] | None = None
    for char in marked:
        if char in _OPENING:
            if opened is not None:
                raise ValueError(f"An entity begins inside another in {marked!r}.")
            opened = len(text), char
        elif char in _OPENING.values():
            if opened is None or _OPENING[opened[1]] != char or opened[0] == len(text):
                raise ValueError(f"The bracket {char} closes nothing in {marked!r}.")
            spans.append((opened[0], len(text), _TYPE_OF[opened[1]]))
            opened = None
        else:
            text.append(char)
    if opened is not None:
        raise ValueError(f"The bracket {opened[1]} is not closed in {marked!r}.")
    return "".join(text), spans


def bare(marked: str) -> str:
    """The text without brackets."""
    return parse(marked)[0]
