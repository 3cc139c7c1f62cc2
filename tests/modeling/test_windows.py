"""Windows: what every cutting must keep, on random texts; and what it costs on a long one."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.modeling.windows import POLICIES, Window, cut_spans, make_windows

options = st.integers(1, 12).flatmap(
    lambda longest: st.fixed_dictionaries(
        {
            "policy": st.sampled_from(POLICIES),
            "max_length": st.just(longest),
            "overlap": st.integers(0, longest - 1),
            "sentence_ends": st.sampled_from(["。", "。！", ""]),
            "merge": st.booleans(),
        }
    )
)
texts = st.text(alphabet="甲乙。！ \n", max_size=60)


@given(texts, options)
def test_windows_cover_the_text_and_their_own_parts_tile_it(text: str, how: dict) -> None:
    windows = make_windows(text, **how)
    place = 0
    for window in windows:
        assert window.own_start == place < window.own_end
        assert 0 <= window.start <= window.own_start and window.own_end <= window.end <= len(text)
        assert 1 <= window.end - window.start <= how["max_length"]
        place = window.own_end
    assert place == len(text)
    for left, right in pairwise(windows):
        assert left.start < right.start and left.end < right.end
        assert left.end - right.start in (0, how["overlap"])


@given(texts, options)
def test_cuts_without_overlap_stand_at_sentence_ends(text: str, how: dict) -> None:
    how = {**how, "policy": "sentence", "overlap": how["max_length"] // 2, "max_length": how["max_length"] + 1}
    windows = make_windows(text, **how)
    for left, right in pairwise(windows):
        if left.end == right.start and how["overlap"]:
            assert text[left.end - 1] in how["sentence_ends"]
    if not how["merge"]:  # nothing but a long sentence spans a sentence end
        assert all(not set(text[w.start : w.end - 1]) & set(how["sentence_ends"]) for w in windows)


@given(texts, options)
def test_sentences_are_joined_one_by_one_while_they_fit(text: str, how: dict) -> None:
    ends = how["sentence_ends"]
    sentences = re.findall(f"[^{ends}]*[{ends}]|[^{ends}]+$", text) if ends else [text] if text else []
    parts: list[str] = []
    for sentence in sentences:
        if how["merge"] and parts and len(parts[-1] + sentence) <= how["max_length"]:
            parts[-1] += sentence
        else:
            parts.append(sentence)
    # Whatever is too long is cut by stride, as a text of its own would be.
    expected, place = [], 0
    for part in parts:
        pieces = make_windows(part, policy="stride", max_length=how["max_length"], overlap=how["overlap"])
        expected += [Window(*(place + number for number in piece)) for piece in pieces]
        place += len(part)
    assert make_windows(text, **{**how, "policy": "sentence"}) == expected


def test_sentences_are_joined_while_they_fit() -> None:
    text = "甲乙。丙。丁戊己。庚"
    assert make_windows(text, max_length=5, overlap=1) == [Window(0, 5, 0, 5), Window(5, 10, 5, 10)]
    assert [w[:2] for w in make_windows(text, max_length=5, overlap=1, merge=False)] == [
        (0, 3),
        (3, 5),
        (5, 9),
        (9, 10),
    ]
    assert make_windows(text, max_length=100, overlap=10) == [Window(0, 10, 0, 10)]


def test_a_sentence_longer_than_a_window_is_cut_with_overlap_owned_to_its_middle() -> None:
    assert make_windows("甲" * 10, max_length=6, overlap=2) == [Window(0, 6, 0, 5), Window(4, 10, 5, 10)]
    assert make_windows("甲。" + "乙" * 9 + "。丙。", max_length=6, overlap=4) == [
        Window(0, 2, 0, 2),
        Window(2, 8, 2, 6),
        Window(4, 10, 6, 8),
        Window(6, 12, 8, 12),
        Window(12, 14, 12, 14),
    ]


def test_the_defaults_are_those_of_the_configuration() -> None:
    assert make_windows("甲" * 400) == [Window(0, 256, 0, 224), Window(192, 400, 224, 400)]
    assert [w[:2] for w in make_windows("甲乙。" * 100)] == [(0, 255), (255, 300)]


@pytest.mark.parametrize("policy", POLICIES)
def test_an_empty_text_has_no_windows(policy: str) -> None:
    assert make_windows("", policy=policy) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"policy": "page"}, r"Unknown window policy 'page'; choose one of \['sentence', 'stride'\]"),
        ({"max_length": 0}, r"max_length is 0; a window holds at least one character"),
        ({"max_length": 8, "overlap": 8}, r"overlap is 8; it must be at least 0 and less than max_length \(8\)"),
        ({"overlap": -1}, r"overlap is -1"),
    ],
)
def test_impossible_options_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_windows("甲", **wrong)


@given(texts, options, st.lists(st.tuples(st.integers(0, 50), st.integers(1, 10), st.just("x"))))
def test_cut_spans_agrees_with_asking_every_window(text: str, how: dict, raw: list[tuple[int, int, str]]) -> None:
    windows = make_windows(text, **how)
    spans = [(start, start + length, name) for start, length, name in raw if start + length <= len(text)]
    expected = [s for s in sorted(spans) if not any(w.start <= s[0] and s[1] <= w.end for w in windows)]
    assert cut_spans(windows, spans) == expected


def test_an_overlap_as_long_as_the_longest_entity_cuts_none() -> None:
    text = "甲" * 100
    spans = [(start, start + 4, "x") for start in range(97)]
    assert cut_spans(make_windows(text, policy="stride", max_length=16, overlap=4), spans) == []
    assert len(cut_spans(make_windows(text, policy="stride", max_length=16, overlap=0), spans)) == 6 * 3


@pytest.mark.parametrize(
    "text", ["甲乙丙。" * 250_000, "甲" * 1_000_000, "。" * 1_000_000], ids=["short", "one", "ends"]
)
def test_time_is_linear_in_the_text(text: str) -> None:
    def seconds(characters: int) -> float:
        best = float("inf")
        for _ in range(3):
            begin = time.process_time()
            make_windows(text[:characters], max_length=64, overlap=32)
            best = min(best, time.process_time() - begin)
        return best

    small, large = seconds(100_000), seconds(1_000_000)
    assert large < 40 * small + 0.05  # linear: about 10; quadratic: 100
    assert large < 5
