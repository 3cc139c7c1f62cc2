"""`--split` in the words of the settings."""

from __future__ import annotations

import pytest

from hf_cner.cli.splits import parse_split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("8:2", {"ratios": [8, 2], "folds": None}),
        ("7:2:1", {"ratios": [7, 2, 1], "folds": None}),
        ("0.7 : 0.3", {"ratios": [0.7, 0.3], "folds": None}),
        ("5fold", {"ratios": None, "folds": 5}),
        ("all", {"ratios": [1], "folds": None}),
        ("10-folds", {"ratios": None, "folds": 10}),
    ],
)
def test_forms(text: str | None, expected: dict[str, object] | None) -> None:
    assert parse_split(text) == expected


@pytest.mark.parametrize("text", ["8", "8:0", "a:b", "1:2:3:4", "fold", ""])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not understood; give shares of the records, as 8:2"):
        parse_split(text)


def test_one_fold_is_none() -> None:
    with pytest.raises(ValueError, match="at least 2 folds"):
        parse_split("1fold")
