"""YAML within bounds: what is read as what, what is refused, and that what is written is read as the same."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hf_cner.settings.yaml_text import DEEPEST, LARGEST, YamlFault, dump_yaml, parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("''", ""), ("true", True), ("Off", False), ("no", False),
        ("1e-5", 1e-5), ("1.0e-3", 1e-3), ("5.", 5.0), (".5", 0.5), ("-3", -3), ("+3", 3), ("0", 0), (".inf", math.inf),
        ("010", "010"), ("1_000", "1_000"), ("1:30", "1:30"), ("8:2", "8:2"), ("0x10", "0x10"),
        ("2024-01-01", "2024-01-01"),
        ("'12'", "12"), ('"yes"', "yes"), ("。；", "。；"), ("/x/y=z", "/x/y=z"), ("[7, 2, 1]", [7, 2, 1]),
        ("{a: 1, b: [x]}", {"a": 1, "b": ["x"]}), ("a: 1\nb:\n  - c\n  - d: e\n", {"a": 1, "b": ["c", {"d": "e"}]}),
        ("2024: x\nno: y\n", {"2024": "x", "no": "y"}), ("# nothing\n", None),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("a: 1 # one\n", {"a": 1}), ("---\na: 1\n", {"a": 1}), ("a: '#1'\n", {"a": "#1"}),
    ],
)  # fmt: skip
def test_what_is_read_as_what(text: str, value: object) -> None:
    found = parse_yaml(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "found the key 'a' a second time; remove one of them"),
        ("a: {b: 1, b: 2}", 1, "found the key 'b' a second time"),
        ("a: &x 1\nb: *x\n", 1, "found the anchor or alias 'x'; write the value out"),
        ("b: *x\n", 1, "found the anchor or alias 'x'"),
        ("a: !!python/object/apply:os.system [ls]", 1, "found the tag 'tag:yaml.org,2002:python/object/apply:"),
        ("a: !!binary aGk=", 1, "found the tag 'tag:yaml.org,2002:binary'; expected plain values"),
        ("a: !own 3", 1, "found the tag '!own'"),
        ("a: ! 3", 1, "found the tag '!'"),
        ("a: 1\n---\na: 2\n", 2, "found a second document; expected one"),
        ("a: 1\nb: [", 2, r"found broken YAML \(expected the node content"),
        ("a: b: c", 1, r"found broken YAML \(mapping values are not allowed here\)"),
        ("a: 1\nb: \x1b[31m", 2, r"found the character U\+001B, which YAML forbids"),
        ("? [a]\n: 1\n", 1, "a section or a list in place of a key"),
        ("x:\n  a: ${oc.env:HF_TOKEN}\n", 2, r"found '\$\{oc\.env:HF_TOKEN\}', and settings are not interpolated"),
        ("'${x}': 1", 1, "settings are not interpolated"),
        ('a: b\nc: "\\ud83d"', 2, r"found an escape that stands for no character \('utf-8' codec"),
        ('a: "\\U00110000"', 1, r"found an escape that stands for no character \(chr"),
        (f"a: {'9' * 5000}", 1, "found a number of 5,000 characters; put it in quotes if it is a text"),
        ("[" * 1000, 1, f"found sections nested more than {DEEPEST} deep"),
        ("[" * 100_000, 1, f"nested more than {DEEPEST} deep"),
        ("{a: " * 40_000, 1, f"nested more than {DEEPEST} deep"),
        ("- " * 50_000, 1, f"nested more than {DEEPEST} deep"),
        ("".join(f"{' ' * depth}a:\n" for depth in range(600)), 33, f"nested more than {DEEPEST} deep"),
        ("x" * (LARGEST + 1), 1, r"found 200,001 characters; expected at most 200,000"),
    ],
)  # fmt: skip
def test_what_is_refused_is_one_sentence_with_its_line(text: str, line: int, sentence: str) -> None:
    begin = time.perf_counter()
    with pytest.raises(YamlFault, match=sentence) as caught:
        parse_yaml(text)
    assert caught.value.line == line and "\n" not in str(caught.value) and len(str(caught.value)) < 300
    assert time.perf_counter() - begin < 5


def test_aliases_that_grow_are_never_expanded() -> None:
    laughs = "a: &a [x, x]\n" + "".join(
        f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(YamlFault, match="anchor or alias"):
        parse_yaml(laughs)


def test_a_file_of_a_run_is_taken_as_it_stands() -> None:
    assert parse_yaml("a: ${x}", literal=True) == {"a": "${x}"}


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
@example(
    {"a": "1e-5", "b": "08", "c": "1e3", "d": "no", "e": "", "f": "9" * 200, "g": "~", "h": "2024-01-01", "1e3": 1}
)
@example({"a": [["x"]] * 2, "b": "#", "c": "a #b", "d": "\u2028x", "e": " x ", "f": "[", "g": 1e-5, "h": 1e300})
def test_what_is_written_is_read_as_the_same(values: dict[str, object]) -> None:
    assert parse_yaml(dump_yaml(values), literal=True) == values


@given(st.text(max_size=200))
@example("!")
@example("%YAML 1.1\n---\n")
@example("\ufeffa: 1")
@example("? ?")
def test_any_text_is_read_or_refused_in_one_sentence(text: str) -> None:
    try:
        parse_yaml(text)
    except YamlFault as fault:
        assert str(fault) and "\n" not in str(fault)
