"""What comes from outside, as it may be shown."""

from __future__ import annotations

import pytest

from hf_cner.data.shown import LONGEST_EXTRACT, brief, clipped, markdown_cell, printable

ACTING = "\x00\x07\x1b\r\x7f\x85\x9b\u061c\u200e\u200f\u2028\u202a\u202e\u2066\u2069\ufff9\U000e0041\ud800"


@pytest.mark.parametrize("character", ACTING, ids=ascii)
def test_acting_characters_are_escaped(character: str) -> None:
    shown = printable(f"头{character}痛")
    assert shown.isprintable() and shown[0] == "头" and shown[-1] == "痛" and "\\" in shown
    assert printable(shown) == shown


def test_escapes() -> None:
    assert printable("a\x1b[2J\u202eb\ud800\U000e0041\n\t") == r"a\x1b[2J\u202eb\ud800\U000e0041\n\t"
    assert printable("a\n\tb\r\n", lines=True) == "a\n\tb\\r\n"


@pytest.mark.parametrize("text", ["头痛 3\u3000天", "👩\u200d⚕️", "\ue000", "\u0378", "a\u200cb", "e\u0301"], ids=ascii)
def test_everything_else_stays(text: str) -> None:
    assert printable(text) == text


def test_values_are_cut() -> None:
    assert brief("头痛\x1b") == r"'头痛\x1b'"
    assert brief("x" * 100) == "'" + "x" * LONGEST_EXTRACT + "'… (100 characters)"
    assert len(brief("x" * 10_000_000)) < 120
    assert brief({"a": [1, "b"]}) == "{'a': [1, 'b']}"
    assert len(brief({str(number): ["x" * 1000] * 1000 for number in range(1000)})) <= LONGEST_EXTRACT + 1
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert brief(nested) == "[[[[...]]]]"
    assert clipped("abc", 3) == "abc" and clipped("abcd", 3) == "abc… (4 characters)"
    assert (
        clipped("\u202e" * 100, 12) == r"\u202e\u202e… (100 characters)"
        and clipped("\n\x1b", 5, lines=True) == "\n\\x1b"
    )


def test_cells_of_markdown_tables() -> None:
    assert markdown_cell("症状_体征") == "症状_体征"
    assert markdown_cell("a|b") == "a&#124;b" and markdown_cell("<b>") == "&#60;b&#62;"
    assert not set(markdown_cell("|<>&`*[]~$\n\x1b").replace("&#", "")) & set("|<>&`*[]~$\n\x1b")
