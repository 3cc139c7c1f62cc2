"""Offsets that were counted in another way: named where all mentions agree, and only there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import from_row, read_jsonl
from hf_cner.data.formats import mrc
from hf_cner.data.problems import DataError, Problems
from hf_cner.data.reading.offsets import COUNTINGS, Counting, Mention, Survey, best_of

TEXT = "e\u0301🧠头痛\r\n发热\n咳嗽𠀀。"


def other(text: str, start: int, end: int, way: Counting) -> tuple[int, int, str]:
    """Offsets and mention of a span, counted in another way: by re-encoding what stands before."""
    changed = {
        "": lambda t: t,
        "utf-16": lambda t: t,
        "utf-8": lambda t: t,
        "graphemes": lambda t: t,
        "crlf": lambda t: t.replace("\r\n", "\n"),
        "lf": lambda t: t.replace("\r\n", "\n").replace("\n", "\r\n"),
    }[way.unit]
    length = {
        "utf-16": lambda t: len(t.encode("utf-16-le")) // 2,
        "utf-8": lambda t: len(t.encode()),
        "graphemes": lambda t: len(regex.findall(r"\X", t)),
    }.get(way.unit, len)
    first, last = length(changed(text[:start])), length(changed(text[:end]))
    return first + way.base, last + way.base - way.inclusive, changed(text[start:end])


SPANS = ((0, 5), (7, 9), (10, 12), (10, 13))


@pytest.mark.parametrize("way", COUNTINGS, ids=str)
def test_each_way_is_recognised_by_its_mentions(way: Counting) -> None:
    survey = Survey()
    for span in SPANS:
        start, end, mention = other(TEXT, *span, way)
        survey.add(Mention(TEXT, start, end, mention))
    assert survey.fit[way] == survey.given == len(SPANS)
    if way != Counting():
        assert survey.best(Counting()) == f"counted {way} all 4 mentions would fit"


def test_sentences() -> None:
    ways = {str(way) for way in COUNTINGS if bool(way.unit) + way.base + way.inclusive < 2}
    assert ways == {
        "with exclusive ends", "with inclusive ends", "from 1", "in UTF-16 units", "in UTF-8 bytes",
        "in grapheme clusters", "with CRLF as one character", "with each line end as two characters (CRLF)",
    }  # fmt: skip
    assert str(Counting("utf-16", 1, True)) == "in UTF-16 units, from 1, with inclusive ends"


def test_nothing_is_said_where_not_all_fit_or_where_ours_does() -> None:
    right, wrong = Mention("🧠头痛", 2, 4, "头痛"), Mention("头痛", 0, 2, "头疼")
    assert best_of([right]) == "counted in UTF-16 units the only mention would fit"
    assert best_of([right, wrong]) == "" == best_of([wrong])
    assert best_of([Mention("头痛", 0, 2, "头痛")]) == "" == best_of([])
    assert best_of([right._replace(end=None)]) == "counted in UTF-16 units the only mention would fit"


@given(st.text("头🧠\r\né", max_size=8), st.integers(-9, 40), st.integers(-9, 40) | st.none(), st.text(max_size=3))
def test_any_offsets_can_be_tried(text: str, start: int, end: int | None, mention: str) -> None:
    assert "would fit" in (best_of([Mention(text, start, end, mention)]) or "would fit")


def rows(way: Counting, number: int) -> str:
    found = []
    for row in range(number):
        entities = []
        for span in SPANS:
            start, end, mention = other(TEXT, *span, way)
            entities.append({"start": start, "end": end, "type": "症状", "text": mention})
        found.append(json.dumps({"id": str(row), "text": TEXT, "entities": entities}))
    return "\n".join(found) + "\n"


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (Counting("utf-16"), "in UTF-16 units"),
        (Counting("utf-8"), "in UTF-8 bytes"),
        (Counting("graphemes"), "in grapheme clusters"),
        (Counting("crlf"), "with CRLF as one character"),
        (Counting("lf"), r"with each line end as two characters \(CRLF\)"),
        (Counting("", 1), "from 1"),
        (Counting("", 0, True), "with inclusive ends"),
    ],
)
def test_json_lines_say_how_the_whole_file_was_counted(tmp_path: Path, way: Counting, said: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(rows(way, 10), encoding="utf-8")
    with pytest.raises(
        DataError, match=rf"a\.jsonl:1: found the entity .*counted {said} all 40 mentions would fit: off"
    ):
        list(read_jsonl(path))
    problems = Problems("skip")
    assert list(read_jsonl(path, problems=problems)) == [] and len(problems.items) == 10
    assert [d.text for d in read_jsonl(path, gold="ignored")] == [TEXT] * 10


def test_a_row_alone_says_it_too() -> None:
    row = {"text": "🧠头痛", "entities": [{"start": 2, "end": 4, "type": "x", "text": "头痛"}]}
    with pytest.raises(
        ValueError, match=r"outside the text of 3 characters \(counted in UTF-16 units the only mention"
    ):
        from_row(row)


def test_questions_and_answers_say_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    row = {"id": "1", "context": "🧠头痛发热", "type": "症状", "query": "？"}
    row["answers"] = {"text": ["头痛", "发热"], "start": [2, 4]}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:1: .*counted in UTF-16 units all 2 mentions would fit"):
        list(mrc.read(path))


def test_published_layouts_say_it(tmp_path: Path) -> None:
    (tmp_path / "一般项目-1.txtoriginal.txt").write_text("🧠双肩痛", encoding="utf-8")
    (tmp_path / "一般项目-1.txt").write_text("双肩\t2\t3\t身体部位\n双肩痛\t2\t4\t症状和体征\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"if ends are inclusive; counted in UTF-16 units, with inclusive ends all 2 mentions"
    ):
        read_corpus("ccks2017", tmp_path)
