"""Texts held out for the test are found among those to be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hf_cner import Document, read_corpus
from hf_cner.data.documents import write_jsonl
from hf_cner.data.leakage import leaking, without_held_out
from hf_cner.data.texts import read_texts

LINE = "患者三天前无明显诱因出现头痛伴恶心呕吐，无发热。"
SHORT = "无特殊不适。"


@pytest.mark.parametrize(
    ("text", "held_out", "found"),
    [
        (LINE, LINE, True),
        (SHORT, SHORT, True),  # a whole text, however short
        (LINE.replace("，", " ，\r\n"), LINE, True),
        ("血压ＢＰ120mmHg，复查。", "血压bp 120mmHg，复查。", True),
        (f"一般项目\n{LINE}\n", LINE, True),  # the text as a line of a longer one
        (LINE, f"一般项目\n{LINE}\n", True),
        (f"出院情况\n{LINE}", f"入院情况\n{LINE}", True),
        (f"出院情况\n{SHORT}\n好转。", f"入院情况\n{SHORT}\n治疗。", False),  # a line that any text may hold
        (LINE[:-1], LINE, True),  # without the full stop
        (f"{LINE}今日复查。", LINE, True),  # with something beside it on its line
        (f"1001\t{LINE}", LINE, True),
        (LINE[:12], LINE, False),  # a part, but a short one
        (LINE, f"现病史：{LINE}今日复查。", True),  # a part of a text
        (f"{LINE[:12]}\n{LINE[12:]}", f"现病史：{LINE}", True),  # cut in two
        (f"{LINE[:21]}今日", LINE, False),  # begins alike
        ("HBsAg（+）。", "HBsAg(-)。", False),  # of a short text the signs count
        (f"主诉：头痛。\n{LINE}\n出院。", f"现病史：{LINE}今日复查。", True),  # a line of it lies within
        ("\n", "  ", False),
    ],
)
def test_equal_texts_and_lines_are_found(text: str, held_out: str, found: bool) -> None:
    assert leaking([Document("别的文字。"), Document(text)], [Document(held_out)]) == ([1] if found else [])


def test_pieces_that_begin_alike_are_told_apart() -> None:
    held_out = [Document(LINE + str(number) * (number + 1)) for number in range(9)]
    read = [Document(f"入院。{LINE}{str(number) * (number + 1)}复查。") for number in range(9)]
    assert leaking([*read, Document(LINE + "复99")], held_out[2:5]) == [2, 3, 4]


def test_a_held_out_file_of_short_lines_is_found_in_whichever_way_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "7.txt"
    path.parent.mkdir()
    path.write_text("主诉：头痛7天。\n查体：腹软。\n诊断：感冒7。", encoding="utf-8")
    (path.parent / "8.txt").write_text("主诉：发热。\n查体：咽红。", encoding="utf-8")
    for unit, count in (("auto", 2), ("line", 5)):
        documents = read_texts([path.parent], unit=unit)
        kept = without_held_out(documents, [str(path)], overlap="drop")
        assert len(documents) == count and [document.text for document in kept] == [
            document.text for document in documents if "8.txt" in str(document.id)
        ]


def test_refused_dropped_or_allowed(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    write_jsonl([Document(LINE)], path)
    documents = [Document("别的文字。", id="a"), Document(LINE + "\n", id="b")]
    with pytest.raises(ValueError, match=r"1 of 2 documents hold a text.* \(the first is b\).*--allow-overlap"):
        without_held_out(documents, [str(path)])
    assert without_held_out(documents, [str(path)], overlap="drop") == documents[:1]
    assert without_held_out(documents, [str(path)], overlap="allow") == documents
    assert without_held_out(documents[:1], [str(path)]) == documents[:1]
    with pytest.raises(ValueError, match="so that nothing is left to read; give other texts"):
        without_held_out(documents[1:], [str(path)], overlap="drop")
    with pytest.raises(ValueError, match="overlap is 'keep'; choose one of refuse, drop, allow"):
        without_held_out(documents, [str(path)], overlap="keep")


def test_a_corpus_may_be_held_out(tmp_path: Path) -> None:
    sample = read_corpus("sample")
    path = tmp_path / "test.jsonl"
    write_jsonl(sample[:2], path)
    for source in ("sample", "sample=", f"jsonl={path}"):
        with pytest.raises(ValueError, match="2 of 3 documents hold a text"):
            without_held_out([*sample[:2], Document("别的文字。")], [source])
    with pytest.raises(ValueError, match="no such file"):
        without_held_out(sample, ["nowhere.txt"])


def test_a_held_out_corpus_with_a_faulty_annotation_is_compared_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps({"text": LINE, "entities": [{"start": 5, "end": 3, "type": "x"}]}) + "\n", "utf-8")
    write_jsonl([Document(LINE[::-1])], tmp_path / "more.jsonl")
    with pytest.raises(ValueError, match="1 of 2 documents hold a text"):
        without_held_out([Document(LINE[::-1]), Document("别的文字。")], [f"jsonl={tmp_path}"])
