"""Writing CoNLL files: what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hf_cner.data.documents import Document, Span
from hf_cner.data.formats.conll import write
from hf_cner.data.problems import DataError


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a\tb", "a\n"])
def test_a_type_that_cannot_stand_in_a_tag_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    good, bad = Document("甲", (Span(0, 1, "x"),)), Document("甲", (Span(0, 1, name),), "a")
    with pytest.raises(
        DataError, match=r"Document 'a': found the type '.*'; expected one that is not empty .*; rename it"
    ):
        write([good, bad], tmp_path / "a.conll")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"scheme": "IOB"}, "Unknown tag scheme 'IOB'"),
        ({"dialect": "X"}, "Unknown tag dialect 'X'"),
        ({"separator": ";"}, "The separator is ';'; choose space, tab or comma"),
        ({"separator": ""}, "The separator of CoNLL files is empty"),
        ({"separator": " \t"}, "The separator is"),
    ],
)
def test_unknown_options_are_refused(tmp_path: Path, option: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write([], tmp_path / "a.conll", **option)
    assert list(tmp_path.iterdir()) == []


def test_half_a_surrogate_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Document 'a': found half a surrogate pair"):
        write([Document("甲\ud800", id="a")], tmp_path / "a.conll")
    assert list(tmp_path.iterdir()) == []
