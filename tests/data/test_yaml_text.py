"""YAML from outside, as nodes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from hf_cner.data.problems import DataError
from hf_cner.data.yaml_text import read_yaml_nodes


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 40_000, "- " * 50_000, "? " * 50_000, "[" * 33 + "]" * 33])
def test_deep_nesting_is_refused_before_anything_recurses(tmp_path: Path, text: str) -> None:
    path = tmp_path / "q.yaml"
    path.write_text(text)
    begin = time.process_time()
    with pytest.raises(DataError, match=r"q\.yaml:1: found sections nested more than 32 deep; expected lines"):
        read_yaml_nodes(path)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: [", r"1: found broken YAML \(expected the node content"),
        ("a: b\nc: \x1b[2J", r"2: found the character U\+001B, which YAML forbids"),
        ('a: "\\ud83d"', r"1: found an escape that stands for no character \('utf-8' codec .* surrogates not allowed"),
        ('a: "\\U00110000"', r"1: found an escape that stands for no character \(chr\(\) arg not in range"),
        ("a: b\n---\nc: d\n", "2: found a second document"),
        ("%" * 100_000, r"1: found broken YAML \(expected alphabetic"),
        ("a: !!python/object/apply:os.system [ls]", "1: found the tag"),
    ],
)
def test_broken_yaml_is_one_short_sentence(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "q.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match=f"q\\.yaml:{found}") as caught:
        read_yaml_nodes(path)
    assert len(str(caught.value)) < 500 + len(str(path)) and str(caught.value).isprintable()


def test_no_number_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "q.yaml"
    path.write_text("a: b\nb: " + "1" * 10_000)
    node = read_yaml_nodes(path)
    assert isinstance(node, yaml.MappingNode) and node.value[1][1].value == "1" * 10_000
    path.write_text("")
    assert read_yaml_nodes(path) is None
