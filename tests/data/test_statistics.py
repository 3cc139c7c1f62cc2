"""What inspect says about small corpora made by hand."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.characters import kind_of, notable_characters
from hf_cner.data.corpora import entity_types, read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.statistics import (
    equal_texts,
    histogram,
    inspect,
    quantiles,
    window_losses,
)

SPANS = (Span(0, 2, "部位"), Span(2, 4, "症状"), Span(5, 9, "症状"), Span(5, 7, "部位"))
CORPUS = [
    Document("双肩酸胀。双膝酸胀。", SPANS, "a", "1"),
    Document("双肩酸胀。双膝酸胀。", (Span(0, 2, "部位"),), "b", "2"),
    Document("无\t　特殊\ue000", (), "c", "2"),
    Document("酸胀 好转", (Span(0, 3, "部位"),), "d"),
]


def test_counts() -> None:
    result = inspect(CORPUS, entity_types=("检查", "症状"))
    assert (result["documents"], result["records"], result["documents_without_entities"]) == (4, 3, 1)
    assert result["characters"] == 10 + 10 + 6 + 5
    assert (result["mentions"], result["distinct_mentions"]) == (6, 5)
    assert list(result["types"]) == ["检查", "症状", "部位"]
    assert result["types"]["检查"] == {"mentions": 0, "distinct": 0, "length": {}}
    assert (result["types"]["部位"]["mentions"], result["types"]["部位"]["distinct"]) == (4, 3)
    assert result["overlaps"] == {"nested": 1, "crossing": 0, "same_span": 0, "duplicates": 0}
    assert result["spans_with_outer_blanks"] == 1
    for scheme in ("BIO", "BIOE", "BIOES"):
        loss = result["schemes"][scheme]
        assert loss["lost"] == 1 and loss["reasons"] == {"nested": 1} and loss["lost_per_type"] == {"部位": 1}
        assert loss["examples"] == [
            {"document": "a", "start": 5, "end": 7, "type": "部位", "text": "双膝", "reason": "nested"}
        ]
    assert json.loads(json.dumps(result)) == result


def test_an_empty_corpus() -> None:
    result = inspect([])
    assert (result["documents"], result["mentions"], result["length"]["histogram"][0]["count"]) == (0, 0, 0)
    assert result["windows"][0]["characters_read_per_character"] == 0.0


def test_equal_texts() -> None:
    assert equal_texts(CORPUS) == {
        "groups": 1,
        "surplus_copies": 1,
        "groups_annotated_unlike": 1,
        "groups_across_records": 1,
        "examples_annotated_unlike": [["a", "b"]],
    }


def test_window_losses() -> None:
    document = Document("甲乙。丙丁。", (Span(0, 2, "x"), Span(1, 4, "x"), Span(3, 6, "y")), "d")
    result = window_losses([document], {"policy": "sentence", "max_length": 3, "overlap": 1, "merge": False})
    assert (result["windows"], result["cut"], result["cut_per_type"]) == (2, 1, {"x": 1})
    assert result["examples"] == [{"document": "d", "start": 1, "end": 4, "type": "x", "text": "乙。丙"}]
    assert result["characters_read_per_character"] == 1.0
    wide = window_losses([document], {"policy": "stride", "max_length": 6, "overlap": 2})
    assert (wide["windows"], wide["cut"]) == (1, 0)


@given(st.lists(st.integers(0, 30), min_size=1))
def test_quantiles_are_nearest_ranks(values: list[int]) -> None:
    result = quantiles(values)
    assert (result["min"], result["max"]) == (min(values), max(values))
    for name, percent in (("q25", 25), ("median", 50), ("q75", 75), ("q95", 95)):
        enough = [value for value in values if 100 * sum(v <= value for v in values) >= percent * len(values)]
        assert result[name] == min(enough)


def test_histogram() -> None:
    bins = histogram([0, 31, 32, 5000, 4096], edges=(0, 32, 4096))
    assert [b["count"] for b in bins] == [2, 1, 2]
    assert bins[2] == {"from": 4096, "to": None, "count": 2}


def test_characters_of_note() -> None:
    kinds = {
        "\t": "TAB", "\r": "CR", "\n": "LF", " ": "space", "\u3000": "U+3000", "\xa0": "other blank",
        "％": "full width", "Ａ": "full width", "\ue000": "private use", "\U000f0000": "private use", "\x00": "control",
        "\u200b": "format",
        "\u0301": "combining", "😀": "beyond the BMP", "𠮷": "beyond the BMP", "\ufeff": "U+FEFF", "\ufffd": "U+FFFD",
        "，": None, "甲": None, "a": None,
    }  # fmt: skip
    assert {character: kind_of(character) for character in kinds} == kinds
    found = notable_characters([Document("甲\t\t乙"), Document("\t 丙")])
    assert found == {"TAB": {"characters": 3, "documents": 2}, "space": {"characters": 1, "documents": 1}}


def test_a_million_characters_in_seconds() -> None:
    spans = tuple(Span(start, start + 3, "x") for start in range(0, 999_000, 10))
    started = time.process_time()
    result = inspect([Document("甲乙丙丁戊己庚辛壬。" * 100_000, spans)])
    assert result["mentions"] == len(spans) and result["windows"][0]["cut"] == 0
    assert time.process_time() - started < 10


@pytest.mark.data
def test_published_ccks2017(data_dir: Path) -> None:
    documents = read_corpus("ccks2017", data_dir / "ccks2017" / "train")
    started = time.process_time()
    result = inspect(documents, entity_types=entity_types("ccks2017"))
    assert time.process_time() - started < 10
    assert (result["records"], result["documents"], result["mentions"]) == (300, 1198, 29866)
    assert [row["mentions"] for row in result["types"].values()] == [7831, 9546, 722, 1048, 10719]
    equal = result["equal_texts"]
    assert (equal["surplus_copies"], equal["groups"], equal["groups_annotated_unlike"]) == (21, 11, 6)
    assert result["characters_of_note"]["TAB"]["documents"] == 2
    assert result["schemes"]["BIOES"]["lost"] == 0


@pytest.mark.data
def test_published_nested_corpora(data_dir: Path) -> None:
    early = inspect(read_corpus("ccks2017-early", data_dir / "ccks2017_early"))
    assert early["mentions"] == 7916
    assert early["overlaps"] == {"nested": 207, "crossing": 0, "same_span": 1, "duplicates": 1}
    ccks2019 = inspect(read_corpus("ccks2019", data_dir / "ccks2019"))
    assert (ccks2019["mentions"], ccks2019["distinct_mentions"]) == (17653, 5363)
    assert sum(Counter(bin_["count"] for bin_ in ccks2019["length"]["histogram"]).values()) == 9
    assert ccks2019["length"]["max"] == 1664 and ccks2019["spans_with_outer_blanks"] == 87
