"""Spellings of tags."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.formats.tags import DIALECTS, Layout, check_dialect, detect, parse_tag, spell_tag


@given(st.sampled_from("BIES"), st.text(min_size=1), st.sampled_from(DIALECTS))
def test_a_spelled_tag_is_read_back(letter: str, name: str, dialect: str) -> None:
    assert parse_tag(spell_tag(f"{letter}-{name}", dialect), dialect) == f"{letter}-{name}"
    assert parse_tag(spell_tag("O", dialect), dialect) == "O"


def test_the_four_dialects() -> None:
    assert [spell_tag("B-症状", dialect) for dialect in DIALECTS] == ["B-症状", "B_症状", "症状-B", "症状_B"]


@pytest.mark.parametrize(("letter", "ours"), [("M", "I"), ("L", "E"), ("U", "S")])
def test_other_letters_are_understood(letter: str, ours: str) -> None:
    assert parse_tag(f"{letter}-x", "B-X") == f"{ours}-x" == parse_tag(f"x_{letter}", "X_B")


@pytest.mark.parametrize("tag", ["", "B", "B-", "-x", "b-x", "X-x", "B_x", "x-B", "0", "o"])
def test_what_is_no_tag_is_none(tag: str) -> None:
    assert parse_tag(tag, "B-X") is None


@pytest.mark.parametrize(
    ("tags", "layout"),
    [
        ({"O"}, Layout("B-X", "BIO")),
        (set(), Layout("B-X", "BIO")),
        ({"O", "B-x", "I-x"}, Layout("B-X", "BIO")),
        ({"O", "B_x", "I_x", "E_x"}, Layout("B_X", "BIOE")),
        ({"O", "x-B", "x-M", "x-E", "x-S"}, Layout("X-B", "BIOES")),
        ({"lab_test_B", "lab_test_I"}, Layout("X_B", "BIO")),
        ({"B-lab_test", "I-lab_test"}, Layout("B-X", "BIO")),
        ({"S-scan-B", "S-scan-I", "drug-B"}, Layout("X-B", "BIO")),  # one of them could be either, not all
    ],
)
def test_dialect_and_scheme_are_detected(tags: set[str], layout: Layout) -> None:
    assert detect(Counter(tags)) == layout


def test_what_is_given_is_not_guessed() -> None:
    assert detect({"B-S": 1, "I-S": 1}) == Layout("B-X", "BIO")
    assert detect({"B-S": 1, "I-S": 1}, dialect="X-B") == Layout("X-B", "BIOES")
    assert detect({"B-x": 1}, scheme="BIOES") == Layout("B-X", "BIOES")


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unknown tag dialect 'X/B'; choose one of \['B-X', 'B_X', 'X-B', 'X_B'\]"):
        check_dialect("X/B")
