"""Settings from files and from `key=value` texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.settings.reading import parse_assignments, read_settings_file
from hf_cner.settings.resolve import resolve_settings


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("a..b=1", r"--set takes key=value, as in .*; found 'a\.\.b=1'"),
        (".=1", "--set takes key=value"),
        (
            "vectors.path=${oc.env:HF_TOKEN}",
            r"found '\$\{oc\.env:HF_TOKEN\}', and settings are not inter",
        ),
        ("a.${b}=1", "write the key out: settings are not interpolated"),
        ("vectors.path=a #1.txt", "cannot be read: '#1.txt' is a comment in YAML; put the value in quotes"),
        ("vectors.path=#1", "'#1' is a comment in YAML"),
        ("x=*a", "anchor or alias"),
        ("x=@a", r"found broken YAML \(found character '@' that cannot start any token\)"),
        (f"{'a.' * 40}a=1", "found a key of 41 parts; expected at most 32"),
        (f"x={'[' * 100_000}", "nested more than 32 deep"),
    ],
)
def test_assignments_that_cannot_be_are_one_sentence(assignment: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_assignments([assignment])


def test_the_option_is_named_and_a_value_may_hold_what_yaml_does() -> None:
    with pytest.raises(ValueError, match="--vary takes key=value"):
        parse_assignments(["x"], option="--vary")
    found = parse_assignments(["a.b={low: 1e-4, high: 1e-2, log: true}", "a.c='a #1.txt'", "a.d=", "b=x=y"])
    assert found == {"a": {"b": {"low": 1e-4, "high": 1e-2, "log": True}, "c": "a #1.txt", "d": None}, "b": "x=y"}


KEYS = st.lists(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8), min_size=1, max_size=4
)


@given(KEYS, st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
def test_a_plain_value_is_found_under_its_keys(keys: list[str], value: float) -> None:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    found: object = parse_assignments([f"{'.'.join(keys)}={text}"])
    for key in keys:
        assert isinstance(found, dict)
        found = found[key]
    assert found == value and type(found) is type(value)


@given(st.lists(st.text(max_size=30), max_size=3))
def test_any_assignments_are_read_or_refused_in_one_sentence(assignments: list[str]) -> None:
    try:
        assert isinstance(parse_assignments(assignments), dict)
        resolve_settings(assignments=assignments)
    except ValueError as error:
        assert str(error) and "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: [", r"own\.yaml:1 is not a YAML file of settings: found broken YAML"),
        (b"seed: 1\nseed: 2\n", r"own\.yaml:2 is not a YAML file of settings: found the key 'seed' a second time"),
        (b"[" * 1000, r"own\.yaml:1 .* nested more than 32 deep"),
        (b"[" * 100_000, r"own\.yaml:1 .* nested more than 32 deep"),
        (b"seed: ${oc.env:HF_TOKEN}\n", r"own\.yaml:1 .* settings are not interpolated"),
        (b"x" * 300_000, r"own\.yaml:1 .* found 300,000 characters; expected at most 200,000"),
        (b"x" * 2_000_000, r"found 800,001 characters"),
        (b"", r"own\.yaml holds nothing; a file of settings holds `key: value` lines"),
        (b"- 1\n", r"own\.yaml holds a list"),
        (b"\xff\xfea\x00", r"own\.yaml is not a text file in UTF-8: invalid start byte at byte 0"),
        (
            b"vectors: {path: 2024}\n",
            r'own\.yaml: vectors\.path takes a word; found 2024 \(.*put it in quotes, as "2024"\)',
        ),
        (b"vectores: {path: a}\n", r"own\.yaml: There is no setting vectores\. Did you mean vectors"),
        (b'"\\e[31m": 1\n', r"own\.yaml: There is no setting '\\x1b\[31m'\."),
        (b"x" * 1000 + b": 1\n", r"own\.yaml: There is no setting '" + "x" * 60 + "'…"),
        (b"training: {push_to_hub: true}\n", r"own\.yaml: training\.push_to_hub cannot be set: .* `hf-cner push`"),
    ],
)
def test_files_that_cannot_be_are_one_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence) as caught:
        resolve_settings(config=path)
    assert len(str(caught.value)) < 500


def test_a_folder_is_no_file_of_settings_and_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a YAML file of settings: Is a directory"):
        read_settings_file(tmp_path)
    path = tmp_path / "own.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 3\n")
    assert read_settings_file(path) == {"seed": 3}


def test_the_environment_stays_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_0123456789abcdefghij")
    path = tmp_path / "own.yaml"
    for text in ("preset: ${oc.env:HF_TOKEN}\n", "vectors: {path: '${env:HF_TOKEN}'}\n", "output_dir: a${seed}\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match="settings are not interpolated") as caught:
            resolve_settings(config=path)
        assert "0123456789" not in str(caught.value)
