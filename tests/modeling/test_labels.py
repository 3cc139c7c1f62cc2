"""Which scheme a set of labels is, whole or incomplete."""

from __future__ import annotations

import pytest

from hf_cner.modeling.labels import are_tags, labels_in_order, scheme_of_tags, types_of_tags
from hf_cner.modeling.schemes import SCHEMES, decode, encode, tag_names


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_whole_set_is_its_scheme(scheme: str) -> None:
    tags = tag_names(scheme, ["药物", "a-b"])
    assert scheme_of_tags(sorted(tags)) == scheme
    assert types_of_tags(tags) == ["药物", "a-b"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O B-a I-a E-a S-b", "BIOES"),
        ("O B-a I-a E-a B-b I-b E-b S-a", "BIOES"),
        ("O S-a", "BIOES"),
        ("B-a E-a", "BIOE"),
        ("O B-a I-a E-a B-b", "BIOE"),
        ("O B-a I-a B-b", "BIO"),  # all entities of b have one character
        ("O", None),
        ("O I-a", None),  # nothing begins
        ("O M-a B-a", None),
        ("NN VV O", None),
        ("O B-", None),
        ("O LABEL_1", None),
    ],
)
def test_an_incomplete_set(tags: str, expected: str | None) -> None:
    assert scheme_of_tags(tags.split()) == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_tags_of_any_data_are_a_scheme_that_holds_the_data(scheme: str) -> None:
    texts = [[(0, 1, "a")], [(0, 2, "a"), (2, 3, "b")], [(1, 4, "b"), (4, 5, "b")], []]
    for chosen in range(1, 2 ** len(texts)):
        spans = [text for number, text in enumerate(texts) if chosen >> number & 1]
        rows = [encode(text, 5, scheme) for text in spans]
        found = scheme_of_tags(sorted({tag for row in rows for tag in row}))
        if any(spans):
            assert found and [decode(row, found) for row in rows] == spans


def test_tags_of_a_scheme() -> None:
    assert are_tags(["O", "B-a"], "BIO") and not are_tags(["O", "S-a"], "BIO")


@pytest.mark.parametrize(
    ("id2label", "message"),
    [({0: "O", 2: "B-a"}, r"has the numbers \[0, 2\]; they must be 0 to 1"), ({0: "O", 1: "O"}, r"names \['O'\] more")],
)
def test_numbers_and_names_stand_there_once(id2label: dict[int, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        labels_in_order(id2label)
    assert labels_in_order({"1": "b", "0": "a"}) == ["a", "b"]
