"""The table must equal the tokenizer on every text, and refuse tokenizers that are not character tokenizers."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_tokenizers import CHARACTERS, character_tokenizer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from hf_cner.modeling import characters
from hf_cner.modeling.characters import CharacterTable

TOKENIZER = character_tokenizer()
TABLE = CharacterTable(TOKENIZER)
TEXTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(CHARACTERS + "A\r\n\t😀\u0301İ")))


@settings(max_examples=200, deadline=None)
@given(TEXTS)
@example("[SEP]患者[PAD]")
@example("头\r\n痛\u3000e\u0301😀\u2028\x00\ufeff")
def test_the_table_equals_the_tokenizer(text: str) -> None:
    assert TABLE.encode(text) == TOKENIZER(text)["input_ids"]
    assert TABLE.ids(text) == TOKENIZER(text, add_special_tokens=False)["input_ids"]
    assert len(TABLE.ids(text)) == len(text)


def test_the_frame_is_read_off_the_tokenizer() -> None:
    assert (TABLE.prefix, TABLE.suffix, TABLE.padding_side, TABLE.pad_token_id) == ([2], [3], "right", 0)
    left = CharacterTable(character_tokenizer(side="left"))
    assert (left.prefix, left.suffix, left.padding_side) == ([], [3, 2], "left")
    bare = CharacterTable(character_tokenizer(framed=False))
    assert (bare.prefix, bare.suffix) == ([], [])
    assert bare.encode("患者") == bare.ids("患者")


def test_token_types_are_kept_where_they_are_not_all_zero() -> None:
    assert TABLE.token_types is None
    names = ["input_ids", "token_type_ids", "attention_mask"]
    tokenizer = character_tokenizer(side="left", model_input_names=names)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A:0 [SEP]:0 [CLS]:2", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    table = CharacterTable(tokenizer)
    assert table.token_types == ([], 0, [0, 2])
    assert tokenizer("患者")["token_type_ids"] == [0, 0, 0, 2]


def test_unknown_and_mask_are_units() -> None:
    assert TABLE.non_unit_ids == [0, 2, 3]
    assert CharacterTable(character_tokenizer(framed=False)).non_unit_ids == [0]


def test_the_tokenizer_is_asked_once_for_each_character() -> None:
    tokenizer = character_tokenizer()
    table = CharacterTable(tokenizer)
    asked: list[str] = []

    class Spy:
        def __call__(self, texts: list[str], **options: object) -> object:
            asked.extend(texts)
            return tokenizer(texts, **options)

    table._tokenizer = Spy()
    first = table.ids("右右侧侧血")
    assert table.ids("血侧右")[::-1] == [first[0], first[2], first[4]]
    assert asked == sorted(set(asked)) and set(asked) <= set("右侧血")


def test_half_a_surrogate_pair_is_unknown() -> None:
    assert TABLE.ids("患\ud800者") == [TABLE.ids("患")[0], TOKENIZER.unk_token_id, TABLE.ids("者")[0]]


def test_the_table_survives_saving_and_loading_the_tokenizer(tmp_path) -> None:  # type: ignore[no-untyped-def]
    TOKENIZER.save_pretrained(tmp_path)
    again = CharacterTable(PreTrainedTokenizerFast.from_pretrained(tmp_path))
    text = "患者 A[SEP]\u3000😀"
    assert again.encode(text) == TABLE.encode(text)
    assert again.non_unit_ids == TABLE.non_unit_ids


def test_a_tokenizer_that_joins_characters_is_refused() -> None:
    core = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1}, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    words = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="[PAD]", unk_token="[UNK]")
    with pytest.raises(ValueError, match=r"makes \d+ tokens of a text of \d+ characters.*one token for each character"):
        CharacterTable(words)


def test_a_tokenizer_that_reads_special_tokens_in_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="exactly one token for each character"):
        CharacterTable(character_tokenizer(split_special_tokens=False))


def test_a_tokenizer_that_lengthens_a_character_is_refused() -> None:
    tokenizer = character_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()  # U+0130 becomes two code points
    with pytest.raises(ValueError, match="exactly one token for each character"):
        CharacterTable(tokenizer)


def test_a_character_of_several_tokens_is_named() -> None:
    tokenizer = character_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace("㎎", "mg")
    table = CharacterTable(tokenizer)
    with pytest.raises(ValueError, match=r"makes 2 tokens of the character '㎎' \(U\+338E\)"):
        table.ids("血压㎎")


def test_a_tokenizer_without_padding_is_refused() -> None:
    with pytest.raises(ValueError, match="no padding token"):
        CharacterTable(character_tokenizer(pad_token=None))


def test_the_module_imports_no_torch() -> None:
    code = "import sys, hf_cner.modeling.characters; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_of_unicode_does_not_make_the_table_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "MOST_CHARACTERS", 2000)
    monkeypatch.setattr(characters, "_LEARNT_TOGETHER", 500)
    tokenizer = character_tokenizer()
    table, fresh = CharacterTable(tokenizer), CharacterTable(tokenizer)
    everything = [chr(code) for code in range(0, 0x110000, 37)]
    largest = 0
    for begin in range(0, len(everything), 3000):
        text = "头痛" + "".join(everything[begin : begin + 3000]) + "患"
        ids = table.ids(text)
        largest = max(largest, len(table._ids))
        assert len(ids) == len(text) and ids[:2] == fresh.ids("头痛") and ids[-1] == fresh.ids("患")[0]
    assert 500 < largest <= 2500
    whole = "".join(everything)
    assert table.ids(whole + "头")[-1] == fresh.ids("头")[0] and len(table._ids) <= 2500
