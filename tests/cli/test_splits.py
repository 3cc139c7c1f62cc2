"""`--split` in the words of the settings."""

from __future__ import annotations

import pytest

from hf_cner.cli.splits import parse_split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("8:2", {"ratios": [8, 2], "folds": None, "join_dev": False}),
        ("7:2:1", {"ratios": [7, 2, 1], "folds": None, "join_dev": False}),
        ("0.7 : 0.3", {"ratios": [0.7, 0.3], "folds": None, "join_dev": False}),
        ("5fold", {"ratios": None, "folds": 5, "join_dev": False}),
        ("all", {"ratios": [1], "folds": None, "join_dev": False}),
        ("7 + 1 : 2", {"ratios": [7, 2, 1], "folds": None, "join_dev": True}),
        ("10-folds", {"ratios": None, "folds": 10, "join_dev": False}),
    ],
)
def test_forms(text: str | None, expected: dict[str, object] | None) -> None:
    assert parse_split(text) == expected


@pytest.mark.parametrize("text", ["8", "8:0", "a:b", "1:2:3:4", "fold", "", "7+1", "7+1:2:1"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not understood; give shares of the records, as 8:2"):
        parse_split(text)


def test_one_fold_is_none() -> None:
    with pytest.raises(ValueError, match="at least 2 folds"):
        parse_split("1fold")
