"""JSON arrays and JSON lines, whole and broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner.data.problems import DataError, Problems
from hf_cner.data.reading.json_items import annotated_items, json_items

LAYOUTS = {
    "lines": '{"a": 1}\n\n{"a": 2}\n{"a": 3}\n\n',
    "array": '[\n{"a": 1},\n\n{"a":\n 2}, {"a": 3}\n]\n',
    "tight": '[{"a": 1},{"a": 2},{"a": 3}]',
}


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(("layout", "lines"), [("lines", [1, 3, 4]), ("array", [2, 4, 5]), ("tight", [1, 1, 1])])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_both_layouts_with_line_numbers(tmp_path: Path, layout: str, lines: list[int], bom: str, newline: str) -> None:
    path = write(tmp_path, bom + LAYOUTS[layout].replace("\n", newline))
    items = list(json_items(path, Problems("stop")))
    assert items == list(zip(lines, [{"a": 1}, {"a": 2}, {"a": 3}], strict=True))


def test_an_empty_array_and_an_empty_file(tmp_path: Path) -> None:
    assert list(json_items(write(tmp_path, "[ ]"), Problems("stop"))) == []
    assert list(json_items(write(tmp_path, ""), Problems("stop"))) == []


def test_a_truncated_line(tmp_path: Path) -> None:
    path = write(tmp_path, '{"a": 1}\n{"a": 2')
    with pytest.raises(DataError, match=r"x\.json:2: found broken JSON .*expected one whole JSON object per line"):
        list(json_items(path, Problems("stop")))
    problems = Problems("skip")
    assert list(json_items(path, problems)) == [(1, {"a": 1})]
    assert len(problems.items) == 1


@pytest.mark.parametrize("rest", ['{"a": 2', "", '{"a": 2}', '{"a": 2} {"a": 3}]'])
def test_a_truncated_array_keeps_what_is_whole(tmp_path: Path, rest: str) -> None:
    path = write(tmp_path, '[{"a": 1},\n' + rest)
    with pytest.raises(DataError, match=r"x\.json:2: found .* whole objects.*expected a JSON array"):
        list(json_items(path, Problems("stop")))
    problems = Problems("skip")
    assert next(iter(json_items(path, problems))) == (1, {"a": 1})


def test_what_is_no_object_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, '[{"a": 1}, [2], "x", null, 3]')
    problems = Problems("skip")
    assert list(json_items(path, problems)) == [(1, {"a": 1})]
    assert [item.found for item in problems.items] == ["a JSON array", "a JSON string", "a JSON null", "a JSON number"]


def test_annotated_items(tmp_path: Path) -> None:
    path = write(tmp_path, '{"t": "x", "e": [1]}\n{"t": "y"}\n{"t": "z", "e": null}\n{"t": 3}\n{"t": "w", "e": {}}\n{}')
    problems = Problems("skip")
    items = annotated_items(path, problems, text_key="t", spans_key="e")
    assert [(line, text, spans) for line, _, text, spans in items] == [(1, "x", [1]), (2, "y", []), (3, "z", [])]
    assert [item.line for item in problems.items] == [4, 5, 6]
    assert problems.items[0].expected == "'t' (a string) and 'e' (a list)"


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, '[{"t": "\\ud83d\\ude00"}, {"t": "\\ud83d"}]')
    with pytest.raises(DataError, match=r"x\.json:1: found half a surrogate pair"):
        list(annotated_items(path, Problems("stop"), text_key="t", spans_key="e"))
