"""Tag schemes: every short tag sequence, and random spans."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.modeling.schemes import (
    SCHEMES,
    allowed_transitions,
    convert,
    decode,
    encode,
    illegal_position,
    illegal_positions,
    inexpressible,
    pattern,
    tag_names,
)

Triple = tuple[int, int, str]


@st.composite
def disjoint_spans(draw: st.DrawFn) -> tuple[list[Triple], int]:
    """Spans that do not overlap, and the length of their text."""
    spans, place = [], 0
    for gap, length, name in draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5), st.sampled_from("xy")))):
        spans.append((place + gap, place + gap + length, name))
        place += gap + length
    return spans, place + draw(st.integers(0, 3))


def is_legal_by_transitions(tags: tuple[str, ...], scheme: str) -> bool:
    names = tag_names(scheme, ["x", "y"])
    start, matrix, end = allowed_transitions(scheme, names)
    places = [names.index(tag) for tag in tags]
    return start[places[0]] and all(matrix[a][b] for a, b in pairwise(places)) and end[places[-1]]


def test_tag_names_stand_in_a_fixed_order() -> None:
    assert tag_names("BIO", ["x", "y"]) == ["O", "B-x", "I-x", "B-y", "I-y"]
    assert tag_names("BIOE", ["x"]) == ["O", "B-x", "I-x", "E-x"]
    assert tag_names("BIOES", ["x"]) == ["O", "B-x", "I-x", "E-x", "S-x"]
    assert tag_names("BIO", []) == ["O"]


def test_one_name_is_one_type_and_not_its_characters() -> None:
    assert tag_names("BIO", "xy") == ["O", "B-xy", "I-xy"]


@pytest.mark.parametrize("types", [["x", "x"], ["x", ""]])
def test_tag_names_refuses_types_that_are_not_distinct_names(types: list[str]) -> None:
    with pytest.raises(ValueError, match=r"The entity types are .* give each one once, and none that is empty"):
        tag_names("BIO", types)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_short_sequence_is_legal_exactly_when_it_is_the_encoding_of_its_entities(scheme: str) -> None:
    legal = 0
    for length in range(1, 5):
        for tags in product(tag_names(scheme, ["x", "y"]), repeat=length):
            expected = encode(decode(tags, scheme), length, scheme) == list(tags)
            place = illegal_position(tags, scheme)
            assert (place is None) == expected, tags
            assert is_legal_by_transitions(tags, scheme) == expected, tags
            legal += expected
    assert legal > 100


@pytest.mark.parametrize("scheme", SCHEMES)
def test_before_the_first_illegal_place_a_sequence_can_be_completed(scheme: str) -> None:
    names = tag_names(scheme, ["x"])
    for tags in product(names, repeat=4):
        place = illegal_position(tags, scheme)
        if place is not None:
            head = list(tags[:place])
            assert any(
                illegal_position([*head, *rest], scheme) is None for n in (0, 1) for rest in product(names, repeat=n)
            )


@given(disjoint_spans())
def test_encode_and_decode_are_inverse(case: tuple[list[Triple], int]) -> None:
    spans, length = case
    for scheme in SCHEMES:
        tags = encode(spans, length, scheme)
        assert len(tags) == length
        assert illegal_position(tags, scheme) is None
        assert decode(tags, scheme) == spans


@given(disjoint_spans())
def test_conversion_goes_between_all_schemes_and_back(case: tuple[list[Triple], int]) -> None:
    spans, length = case
    for source, target in permutations(SCHEMES, 2):
        tags = encode(spans, length, source)
        there = convert(tags, source, target)
        assert there == encode(spans, length, target)
        assert convert(there, target, source) == tags


@given(
    st.lists(st.sampled_from([*tag_names("BIOES", ["x", "y"]), "", "B-", "X", "-", "BIO"])), st.sampled_from(SCHEMES)
)
def test_decode_of_anything_gives_disjoint_entities_that_stand_in_the_tags(tags: list[str], scheme: str) -> None:
    spans = decode(tags, scheme)
    written = encode(spans, len(tags), scheme)
    for start, end, _ in spans:
        assert tags[start:end] == written[start:end]
    places = illegal_positions(tags, scheme)
    assert places == sorted(set(places))
    assert illegal_position(tags, scheme) == (places[0] if places else None)
    assert bool(places) == (written != tags)


@pytest.mark.parametrize(
    ("scheme", "tags", "spans"),
    [
        ("BIO", ["B-x", "I-y", "O"], [(0, 1, "x")]),
        ("BIO", ["O", "I-x", "I-x"], []),
        ("BIOE", ["B-x", "B-x", "E-x"], [(0, 1, "x"), (1, 3, "x")]),
        ("BIOE", ["B-x", "I-x", "O"], []),
        ("BIOE", ["B-x", "I-y", "E-y"], [(0, 1, "x")]),
        ("BIOES", ["B-x", "O", "S-y"], [(2, 3, "y")]),
        ("BIOES", ["B-x", "I-x"], []),
        ("BIOES", ["E-x", "S-x", "I-x"], [(1, 2, "x")]),
    ],
)
def test_a_forbidden_fragment_yields_nothing(scheme: str, tags: list[str], spans: list[Triple]) -> None:
    assert decode(tags, scheme) == spans


def test_one_illegal_place_for_each_fragment() -> None:
    assert illegal_positions(["O", "I-x", "I-x", "O", "I-y"], "BIO") == [1, 4]
    assert illegal_positions(["I-x", "O", "B-x"], "BIOES") == [0, 3]
    assert illegal_positions(["B-x", "O", "B-x", "I-x"], "BIOES") == [1, 4]
    assert illegal_positions(["S-x", "I-x"], "BIO") == [0, 1]
    assert illegal_positions([], "BIO") == []


def test_in_bioe_a_one_character_entity_may_be_followed_by_anything_that_begins() -> None:
    names = tag_names("BIOE", ["x", "y"])
    _, matrix, end = allowed_transitions("BIOE", names)
    after_b = {name for name, allowed in zip(names, matrix[names.index("B-x")], strict=True) if allowed}
    assert after_b == {"O", "B-x", "I-x", "E-x", "B-y"}
    assert end[names.index("B-x")] and not end[names.index("I-x")]


def test_errors_name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"Unknown tag scheme 'IOB'; choose one of \['BIO', 'BIOE', 'BIOES'\]"):
        encode([], 1, "IOB")
    with pytest.raises(ValueError, match=r"\(1, 3, 'y'\) overlaps another; the scheme BIO"):
        encode([(0, 2, "x"), (1, 3, "y")], 4, "BIO")
    with pytest.raises(ValueError, match=r"\(2, 2, 'x'\) does not lie in a text of 4 characters"):
        encode([(2, 2, "x")], 4, "BIO")
    with pytest.raises(ValueError, match=r"\(1, 5, 'x'\) does not lie in a text of 4 characters"):
        encode([(1, 5, "x")], 4, "BIO")
    with pytest.raises(ValueError, match=r"\(1, 2, ''\) has no type"):
        encode([(1, 2, "")], 4, "BIO")
    with pytest.raises(ValueError, match=r"Tag 1: 'I-x' cannot stand there in the scheme BIO"):
        convert(["O", "I-x"], "BIO", "BIOES")
    with pytest.raises(ValueError, match=r"Tag 1: the end cannot stand there in the scheme BIOES"):
        convert(["B-x"], "BIOES", "BIO")
    with pytest.raises(ValueError, match=r"'S-x' is no tag of the scheme BIO; it has O and B-TYPE, I-TYPE"):
        allowed_transitions("BIO", ["O", "S-x"])


def test_inexpressible_names_the_reasons_and_keeps_the_outermost() -> None:
    outer, inner, crossing = (2, 8, "x"), (3, 5, "y"), (7, 10, "x")
    spans = [inner, crossing, outer, outer, (2, 8, "y"), (10, 11, "x")]
    assert inexpressible(spans) == [
        (outer, "duplicate"),
        ((2, 8, "y"), "same span, other type"),
        (crossing, "crossing"),
        (inner, "nested"),
    ]
    assert inexpressible([(0, 2, "x"), (2, 4, "x")]) == []


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from("xy"))))
def test_inexpressible_agrees_with_comparing_every_pair(raw: list[tuple[int, int, str]]) -> None:
    spans = [(start, start + length, name) for start, length, name in raw]
    kept: list[Triple] = []
    lost = []
    for span in sorted(spans, key=lambda s: (s[0] - s[1], s[0], s[2])):
        overlapping = [k for k in kept if k[0] < span[1] and span[0] < k[1]]
        if not overlapping:
            kept.append(span)
        elif span in overlapping:
            lost.append((span, "duplicate"))
        elif any(k[:2] == span[:2] for k in overlapping):
            lost.append((span, "same span, other type"))
        else:
            nested = any(k[0] <= span[0] and span[1] <= k[1] for k in overlapping)
            lost.append((span, "nested" if nested else "crossing"))
    assert inexpressible(spans) == lost
    assert decode(encode(kept, 20, "BIO"), "BIO") == sorted(kept)


def test_the_pattern_of_an_entity_and_what_must_not_follow() -> None:
    assert pattern(1, "x", "BIOES") == (["S-x"], frozenset())
    assert pattern(2, "x", "BIOES") == (["B-x", "E-x"], frozenset())
    assert pattern(2, "x", "BIO") == (["B-x", "I-x"], frozenset({"I-x"}))
    assert pattern(1, "x", "BIOE") == (["B-x"], frozenset({"I-x", "E-x"}))
