"""Lexicons: what is read, and what is found, against every slice of a text."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from hf_cner import Document, Span
from hf_cner.data.lexicon import _FOLDS, Lexicon, mentions_of, read_lexicon


def every_slice(words: set[str], text: str) -> list[tuple[int, int]]:
    places = range(len(text) + 1)
    return [(start, end) for start in places for end in places if start < end and text[start:end] in words]


def longest_first(words: set[str], text: str) -> list[tuple[int, int]]:
    found, place = [], 0
    while place < len(text):
        ends = [end for start, end in every_slice(words, text) if start == place]
        found += [(place, max(ends))] if ends else []
        place = max(ends, default=place + 1)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_matches_are_those_of_the_slow_version(seed: int) -> None:
    chance = random.Random(seed)
    words = {"".join(chance.choices("甲乙丙", k=chance.randint(1 + seed % 2, 5))) for _ in range(12)}
    lexicon = Lexicon(sorted(words))
    for _ in range(30):
        text = "".join(chance.choices("甲乙丙丁", k=chance.randint(0, 14)))
        assert lexicon.all_matches(text) == every_slice(words, text)
        assert lexicon.find(text) == longest_first(words, text)


def test_longest_match_wins_and_nothing_overlaps() -> None:
    lexicon = Lexicon(["胃癌", "胃", "胃癌根治术", "术后"])
    text = "胃癌根治术后胃痛"
    assert [text[start:end] for start, end in lexicon.find(text)] == ["胃癌根治术", "胃"]
    assert {text[start:end] for start, end in lexicon.all_matches(text)} == {"胃", "胃癌", "胃癌根治术", "术后"}
    assert lexicon.unused(["患者胃痛", "术后复查"]) == ["胃癌", "胃癌根治术"]
    assert len(lexicon) == 4 and "胃" in lexicon and "胃癌根" not in lexicon


def test_many_words_are_no_slower_to_look_for() -> None:
    chance = random.Random(1)
    characters = [chr(0x4E00 + number) for number in range(2000)]
    words = ["".join(chance.choices(characters, k=chance.randint(2, 9))) for _ in range(100_000)]
    text = "".join(chance.choices(characters, k=100_000))
    lexicon = Lexicon(words)
    begin = time.process_time()
    lexicon.find(text)
    assert time.process_time() - begin < 2  # one try per word would take minutes


def test_reads_a_list(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff胃癌 \r\n\r\n# 2\n 血 糖\n胃癌\n".encode())
    assert read_lexicon(path) == ["胃癌", "# 2", "血 糖"]


@pytest.mark.parametrize("header", ["2 3\n", ""])
def test_reads_the_words_of_vectors(header: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text(f"{header}胃癌 0.1 -2e-05 3\n19 .5 1 2\n  1 2 3\n", encoding="utf-8")
    assert read_lexicon(path) == ["胃癌", "19"]


def test_words_of_vectors_may_hold_blanks_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("胃癌 0.1 2\n\u3000 2.5 3.5\na\xa0b 6.5 7.5\n发热 1 2\nx y\n", encoding="utf-8")
    assert read_lexicon(path) == ["胃癌", "a\xa0b", "发热"]


def test_words_that_look_like_numbers_are_words(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("CA 19 9\nCA125\n胃癌\n", encoding="utf-8")
    assert read_lexicon(path) == ["CA 19 9", "CA125", "胃癌"]


def test_mentions_of_documents() -> None:
    one = Document(" 头痛、发热", (Span(0, 3, "症状"), Span(4, 6, "症状")))
    two = Document("发热，无 ", (Span(0, 2, "体征"), Span(4, 5, "症状")))
    assert mentions_of([one, two]) == ["发热", "头痛"]


def test_empty_lexicons_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text(" \n\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"words.txt: found no word; expected a lexicon, one word per line"):
        read_lexicon(path)
    with pytest.raises(ValueError, match="The lexicon is empty; expected at least one word: give a list"):
        Lexicon([""])
    with pytest.raises(ValueError, match="expected at least one word of at least 2 characters"):
        Lexicon(["胃"], min_length=2)


def test_folded_words_are_found_in_capitals_and_full_width_and_keep_their_places() -> None:
    lexicon = Lexicon(["CT检查", "头痛"], fold=True)
    text = "㎏行ＣＴ检查，ct检查，İ头痛"  # the first and the İ have no form of one character
    assert [text[start:end] for start, end in lexicon.find(text)] == ["ＣＴ检查", "ct检查", "头痛"]
    assert lexicon.unused([text]) == [] and "ct检查" in lexicon and lexicon.words == ("CT检查", "头痛")
    assert Lexicon(["CT检查"]).find(text) == []


def test_all_of_unicode_does_not_make_the_folds_grow_without_bound() -> None:
    lexicon = Lexicon(["ct"], fold=True)
    assert lexicon.find("".join(map(chr, range(0x110000))) + "ＣＴ")[-1] == (0x110000, 0x110002)
    assert len(_FOLDS) <= 65_536
