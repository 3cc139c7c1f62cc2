"""JSON from outside: what is taken, and one sentence for everything else, in bounded time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from hf_cner.data.json_text import (
    DEEPEST,
    LONGEST_NUMBER,
    BrokenJson,
    JsonError,
    end_of_item,
    kind_of,
    parse_item,
    parse_json,
    read_json,
    read_json_object,
)
from hf_cner.data.problems import DataError

GOOD = [
    '{"text": "头痛\\n", "n": [1, -2.5, 1e300, true, null], "in": {"a": {"a": 1}}}',
    '"\\ud83d\\ude00 \\u0000"',
    '[{"[": "]]]{"}, "\\"[", "\\\\"]',
    " \t\r\n 3 \n",
    "[" * DEEPEST + "]" * DEEPEST,
    "9" * LONGEST_NUMBER,
]


@pytest.mark.parametrize("text", GOOD, ids=lambda text: text[:12])
def test_good_json_is_what_the_standard_library_makes_of_it(text: str) -> None:
    assert parse_json(text) == json.loads(text)
    assert parse_json("\ufeff" + text) == json.loads(text), "a byte order mark is passed over"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' twice in one JSON object"),
        ('[{"x": {"a": 1, "a": 1}}]', "the key 'a' twice in one JSON object"),
        ('{"\\u001b": 1, "\\u001b": 1}', r"the key '\x1b' twice in one JSON object"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "JSON nested more than 100 deep"),
        ('{"a":' * 100_000, "JSON nested more than 100 deep"),
        ("9" * (LONGEST_NUMBER + 1), "a number of 401 characters"),
        ("-0." + "1" * 10_000, "a number of 10,003 characters"),
        ("[1e999]", "the number 1e999, which is too large"),
        ("[NaN]", "NaN, which is no JSON"),
        ("-Infinity", "-Infinity, which is no JSON"),
        ('{"text": "头\\ud83d"}', r"half a surrogate pair, '\ud83d', at position 1 of 'text'"),
        ('{"entities": [{"type": "\\uDC00"}]}', r"half a surrogate pair, '\udc00', at position 0 of 'entities'"),
        ('{"\\udfff": 1}', r"half a surrogate pair, '\udfff', at position 0 of a key"),
        ('["\\ud800"]', r"half a surrogate pair, '\ud800', at position 0 of a string"),
        ('"头\ud800"', r"half a surrogate pair, '\ud800', at position 1 of a string"),
    ],
    ids=lambda text: text[:24],
)
def test_json_that_is_not_taken(text: str, found: str) -> None:
    with pytest.raises(JsonError) as caught:
        parse_json(text)
    assert str(caught.value) == found and not isinstance(caught.value, BrokenJson)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "broken JSON (Expecting value at column 1 of 0)"),
        ('{"a": 1} {"b": 2}', "broken JSON (Extra data at column 10 of 17)"),
        ('"abc', "broken JSON (Unterminated string starting at column 1 of 4)"),
        ('{"a":\n x,\n}', "broken JSON (Expecting value at line 2, column 2)"),
        ("\x1b[2J", "broken JSON (Expecting value at column 1 of 4)"),
        ("[" * 50, "broken JSON (Expecting value at column 51 of 50)"),
    ],
)
def test_broken_json(text: str, found: str) -> None:
    with pytest.raises(BrokenJson) as caught:
        parse_json(text)
    assert str(caught.value) == found


def test_items_one_behind_the_other() -> None:
    text = '[{"a": [1, "]"]}, 7, {"a": 1, "a": 2}, {"b": 3}]'
    assert parse_item(text, 1) == ({"a": [1, "]"]}, 16)
    assert parse_item(text, 18) == (7, 19)
    with pytest.raises(JsonError, match="the key 'a' twice"):
        parse_item(text, 21)
    end = end_of_item(text, 21)
    assert text[21:end] == '{"a": 1, "a": 2}'
    assert parse_item(text, end + 2) == ({"b": 3}, len(text) - 1)
    assert end_of_item("[[", 0) == 2


@pytest.mark.parametrize(
    "text", ['"' + "\\" * 199_999, "[" * 200_000, '["' + '","' * 60_000, '{"a":' * 40_000, "1" * 200_000, " " * 200_000]
)
def test_no_text_takes_long(text: str) -> None:
    begin = time.process_time()
    with pytest.raises(JsonError) as caught:
        parse_json(text)
    assert time.process_time() - begin < 1 and len(str(caught.value)) < 200


def test_items_of_a_long_array_are_read_in_linear_time() -> None:
    text = "[" + ",".join(['{"a":1}', "2"] * 40_000) + "]"
    begin, position, items = time.process_time(), 1, 0
    while text[position - 1] != "]":
        position, items = parse_item(text, position)[1] + 1, items + 1
    assert items == 80_000 and time.process_time() - begin < 2


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('\ufeff{"a": 1}', encoding="utf-8")
    assert read_json(path) == read_json_object(path) == {"a": 1}
    path.write_text("[1]")
    with pytest.raises(DataError, match=r"x\.json: found a JSON array; expected an object"):
        read_json_object(path)
    path.write_text("[" * 5000)
    with pytest.raises(DataError, match=r"x\.json: found JSON nested more than 100 deep; expected a JSON text"):
        read_json(path)
    path.write_bytes(b'"\xff"')
    with pytest.raises(DataError, match="the byte 0xff, which is not UTF-8"):
        read_json(path)


def test_kinds() -> None:
    kinds = {"object": {}, "array": [], "string": "", "number": 1.5, "boolean": True, "null": None}
    assert [kind_of(value) for value in kinds.values()] == list(kinds)
