from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "dataset_scripts" / "sample"))
from notation import BRACKETS, draw_number, expand, parse

sys.path.pop(0)


def test_brackets_become_spans() -> None:
    text, spans = parse("伴【头痛】，〖双肺〗〔呼吸音〕清，《肺炎》用『氨溴索』")
    assert text == "伴头痛，双肺呼吸音清，肺炎用氨溴索"
    assert [(text[start:end], kind) for start, end, kind in spans] == [
        ("头痛", "症状和体征"),
        ("双肺", "身体部位"),
        ("呼吸音", "检查和检验"),
        ("肺炎", "疾病和诊断"),
        ("氨溴索", "治疗"),
    ]
    assert {kind for _, _, kind in spans} == set(BRACKETS.values())


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("【头〖痛〗】", "begins inside another"),
        ("头痛】", "closes nothing"),
        ("【】", "closes nothing"),
        ("【头", "not closed"),
    ],
)
def test_unpaired_brackets(marked: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(marked)


def test_choices_nest_and_words_stay() -> None:
    rng = random.Random(0)
    drawn = {expand("<侧>侧(a|b(c|d)|)", {"侧": "左"}, rng) for _ in range(200)}
    assert drawn == {"左侧a", "左侧bc", "左侧bd", "左侧"}
    assert expand("<主诉>", {"主诉": "〖<侧>膝〗【疼痛】", "侧": "右"}, rng) == "〖右膝〗【疼痛】"


def test_an_unknown_word_is_named() -> None:
    with pytest.raises(ValueError, match="uses the word '体重', which this patient does not have"):
        expand("<体重>kg", {}, random.Random(0))


def test_numbers_keep_the_form_of_the_first_bound() -> None:
    rng = random.Random(1)
    assert {draw_number("3", "5", rng) for _ in range(100)} == {"3", "4", "5"}
    assert {draw_number("0.8", "1.0", rng) for _ in range(100)} == {"0.8", "0.9", "1.0"}
    assert {draw_number("09", "11", rng) for _ in range(100)} == {"09", "10", "11"}
