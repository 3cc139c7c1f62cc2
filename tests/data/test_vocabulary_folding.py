"""Forms of one character replace one another, one to one, in the tokenizers library exactly as in Python."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import normalizers
from transformers import PreTrainedTokenizerBase

from hf_cner.data.tokenizer import BLANKS, build_character_tokenizer
from hf_cner.data.vocabulary_charsmap import charsmap, steps
from hf_cner.data.vocabulary_folding import base_of, forms, lower, replacements
from hf_cner.modeling.characters import CharacterTable

SLICE = 0x1000
HALF = "3,%a痛行\u4e3d\u8c48"
FULL = "３，％ａ痛\u2f8f。"
KINDS = {"<wide>", "<narrow>", "<compat>", "<vertical>", "<small>"}


def tokenizer(characters: str, *, lower_case: bool = False) -> PreTrainedTokenizerBase:
    return build_character_tokenizer(characters, lower_case=lower_case)


TOKENIZERS = {
    "half": tokenizer(HALF, lower_case=True),
    "full": tokenizer(FULL),
    "all bases": tokenizer("".join(base for base in forms() if not base.isspace())),
    "all forms": tokenizer("".join(form for found in forms().values() for form in found[1:])),
}
TABLES = {name: CharacterTable(one) for name, one in TOKENIZERS.items()}


def ids_of(name: str, text: str) -> list[int]:
    encoded = TOKENIZERS[name](text, add_special_tokens=False, return_offsets_mapping=True)
    assert encoded["offset_mapping"] == [(i, i + 1) for i in range(len(text))]
    return list(encoded["input_ids"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("３", "3"), ("，", ","), ("％", "%"), ("。", "\uff61"), ("￥", "¥"), ("μ", "\xb5"), ('"', "“"),
        ("\ufe13", "："), ("行", "\u2f8f"), ("母", "\u2e9f"), ("\u8c48", "\uf900"), ("\u4e3d", "\U0002f800"),
    ],
)  # fmt: skip
def test_each_stands_in_for_the_other(one: str, other: str) -> None:
    for known, missing in ((one, other), (other, one)):
        made = tokenizer(known)
        assert made(missing + known)["input_ids"] == made(known + known)["input_ids"] == [2, 2]
    both = tokenizer(one + other)
    assert both(one + other)["input_ids"] == [2, 3]


@pytest.mark.parametrize("name", ["half", "full"])
def test_the_table_agrees_with_the_tokenizer_on_every_character_there_is(name: str) -> None:
    vocabulary = TOKENIZERS[name].get_vocab()
    lower_case = name == "half"
    mapping = replacements(vocabulary, lower_case=lower_case)
    for start in range(0, 0x110000, SLICE):
        text = "".join(chr(code) for code in range(start, start + SLICE) if not 0xD800 <= code < 0xE000)
        folded = [lower(c) if lower_case else c for c in text]
        expected = [vocabulary.get(mapping.get(c, " " if c in BLANKS else c), 1) for c in folded]
        assert ids_of(name, text) == expected
    sample = "".join(forms()) + HALF + FULL + BLANKS
    assert TABLES[name].ids(sample) == ids_of(name, sample)


anything = st.characters(exclude_categories=["Cs"])
# What shares a cluster with a form before or after it, or is used to keep it apart.
awkward = st.sampled_from("\u0301\u0345\u05b0\u0600\u06dd\u07eb\u200d\ufe0f\u3099\U000ffffe\r\n\xadµΩ가ᄀ\u1160İA ")
every_form = st.sampled_from([form for found in forms().values() for form in found])


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=300)
@given(text=st.text(st.one_of(every_form, awkward, anything), max_size=20))
@example("\u0301３\u0301\U000ffffe\u0301")
@example("\r\n\r３\r\n")
@example("0\u0ae2,\u3099a\u200d")
@example("\u0600３\u06dd\u2f8f\u0301")
def test_neighbours_change_nothing(name: str, text: str) -> None:
    assert ids_of(name, text) == TABLES[name].ids(text)


def test_every_mapping_of_unicode_from_one_to_one_is_among_the_forms() -> None:
    for code in range(0x110000):
        character = chr(code)
        parts = unicodedata.decomposition(character).split()
        kind = parts.pop(0) if parts and parts[0].startswith("<") else None
        if len(parts) == 1 and kind in {None, *KINDS}:
            base = base_of(character)
            assert base.isspace() or character.isspace() or character in forms()[base]
    assert len(forms()) > 1400 and all(len(form) == 1 for found in forms().values() for form in found)


def test_nothing_is_replaced_twice_and_nothing_that_the_vocabulary_holds() -> None:
    for held in (HALF, FULL, "".join(forms()), "Kk Ωω"):
        for lower_case in (False, True):
            found = replacements(held, lower_case=lower_case)
            assert not set(found) & set(found.values()) and not set(found) & set(held)
            assert set(found.values()) <= set(held)


def test_the_written_table_maps_what_it_holds_and_nothing_else() -> None:
    mapping = {form: base for base, found in forms().items() for form in found[1:]}
    table = normalizers.Precompiled(charsmap(mapping))
    assert all(table.normalize_str(source) == target for source, target in mapping.items())
    others = [chr(code) for code in range(1, 0x30000) if not 0xD800 <= code < 0xE000 and chr(code) not in mapping]
    assert all(table.normalize_str(other) == other for other in others)


def test_few_steps_do_it() -> None:
    """A thousand single replacements cost a third of a millisecond for every text, however short."""
    mapping = {form: base for base, found in forms().items() for form in found[1:]}
    assert 3 < len(steps(mapping)) < 120
    assert steps({}) == []
