"""The share of unknown characters: counted, said above 2 %, refused above what the settings allow."""

from __future__ import annotations

import pytest

from hf_cner.data.documents import Document
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.data.unknown_characters import UnknownCounter, UnknownShare, check_unknown, shown, unknown_share
from hf_cner.modeling.characters import CharacterTable

TOKENIZER = build_character_tokenizer("患者头痛")


def texts(unknown: int, *, of: int = 1000) -> list[str]:
    return ["患" * (of - unknown), "龘" * unknown]


def test_the_share_is_counted() -> None:
    found = unknown_share(["患者x", "x\x1b痛"], TOKENIZER)
    assert (found.characters, found.unknown, found.share) == (6, 3, 0.5)
    assert found.most_frequent == (("x", 2), ("\x1b", 1))
    assert found.to_dict() == {"characters": 6, "unknown": 3, "share": 0.5}
    assert str(found) == (
        "3 of 6 characters are unknown to the vocabulary (50.0%); the most frequent: 'x' (2), U+001B (1)"
    )


def test_white_space_is_no_unknown_character() -> None:
    published = build_character_tokenizer("患者")
    assert unknown_share(["患者\n", "\u3000\t 患\r\n", "者\x85\u2028"], published) == UnknownShare(
        characters=4, unknown=0
    )
    assert unknown_share([" \n"], published).share == 0


def test_of_nothing_nothing_is_unknown() -> None:
    assert unknown_share([], TOKENIZER).share == 0
    assert not unknown_share(["患者"], TOKENIZER).is_notable()


def test_half_a_surrogate_pair_is_unknown_and_can_be_printed() -> None:
    found = unknown_share(["患\ud800"], TOKENIZER)
    assert found.unknown == 1 and "U+D800" in str(found) and str(found).encode()


@pytest.mark.parametrize(
    ("character", "said"), [("龘", "'龘'"), ("\u202e", "U+202E"), ("\u3000", "U+3000"), ("\n", "U+000A")]
)
def test_what_cannot_be_seen_is_said_by_its_code(character: str, said: str) -> None:
    assert shown(character) == said


def test_below_two_percent_nothing_is_warned_of() -> None:
    found = check_unknown(texts(10), TOKENIZER, most=0.2)
    assert not found.is_notable() and str(found) == "10 of 1,000 characters are unknown to the vocabulary (1.0%)"


def test_ten_percent_is_a_warning_that_names_the_most_frequent() -> None:
    found = check_unknown(texts(100), TOKENIZER, most=0.2)
    assert found.is_notable() and str(found).endswith("(10.0%); the most frequent: '龘' (100)")


def test_half_is_refused_unless_the_settings_allow_it() -> None:
    with pytest.raises(
        ValueError, match=r"1,000 characters .* 500 \(50\.0%\) are unknown .* \(20%\).*set data\.max_unknown=1"
    ):
        check_unknown(texts(500), TOKENIZER, most=0.2)
    assert check_unknown(texts(500), TOKENIZER, most=1).share == 0.5


@pytest.mark.parametrize("most", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(most: float) -> None:
    with pytest.raises(ValueError, match=r"data\.max_unknown is .*; it is a share from 0 to 1"):
        check_unknown([], TOKENIZER, most=most)


def test_documents_are_counted_as_they_are_read() -> None:
    counter = UnknownCounter(TOKENIZER)
    read = counter.watch(Document(text) for text in ("患x", "者y"))
    assert counter.share().characters == 0
    next(read)
    assert counter.share().characters == 2
    assert [document.text for document in read] == ["者y"] and counter.share().unknown == 2


def test_a_table_that_there_is_already_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    table = CharacterTable(TOKENIZER)
    monkeypatch.setattr("hf_cner.data.unknown_characters.CharacterTable", None)
    assert (
        unknown_share(["患者龘"], TOKENIZER, table=table).unknown
        == unknown_share(["龘"], TOKENIZER, table=table).unknown
    )
