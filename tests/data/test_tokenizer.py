from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    AlbertTokenizer,
    AutoTokenizer,
    BertTokenizer,
    DebertaV2Tokenizer,
    ElectraTokenizer,
    PreTrainedTokenizerBase,
    RobertaTokenizer,
    XLMRobertaTokenizer,
    XLNetTokenizer,
)

from hf_cner.data.tokenizer import (
    BLANKS,
    build_character_tokenizer,
    character_tokenizer_from,
    count_characters,
)

WORDPIECE = [
    "[PAD]",
    "[unused1]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "体",
    "温",
    "a",
    "##b",
    "##a",
    "体温",
    "%",
    "1",
    "i",
]
NOTE = "体温 3１\t%\r\n　İAb[SEP]🩺e\u0301"
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def bert(cls: type = BertTokenizer, **options: object) -> PreTrainedTokenizerBase:
    return cls(vocab={piece: index for index, piece in enumerate(WORDPIECE)}, **options)


def unigram(cls: type, *specials: str) -> PreTrainedTokenizerBase:
    pieces = [*specials, "▁", "▁体", "温", "▁温", "a", "▁体温", ",", "1"]
    return cls(vocab=[(piece, -float(index)) for index, piece in enumerate(pieces)])


def xlnet() -> PreTrainedTokenizerBase:
    return unigram(XLNetTokenizer, "<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eop>", "<eod>")


ENCODERS = {
    "bert": lambda: bert(do_lower_case=True),  # the default differs between versions of transformers
    "electra": lambda: bert(ElectraTokenizer),
    "bert-cased": lambda: bert(do_lower_case=False),
    "albert": lambda: unigram(AlbertTokenizer, "<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"),
    "deberta": lambda: unigram(DebertaV2Tokenizer, "[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"),
    "xlm-roberta": lambda: unigram(XLMRobertaTokenizer, "<s>", "<pad>", "</s>", "<unk>", "<mask>"),
    "xlnet": xlnet,
}


@pytest.fixture(scope="module")
def tokenizers() -> dict[str, PreTrainedTokenizerBase]:
    made = {name: character_tokenizer_from(make()) for name, make in ENCODERS.items()}
    return made | {"static": build_character_tokenizer("体温a ℃", lower_case=True)}


@pytest.mark.parametrize("name", [*ENCODERS, "static"])
@settings(max_examples=60, deadline=None)
@given(text=any_text)
def test_every_code_point_is_one_token(name: str, tokenizers: dict, text: str) -> None:
    encoded = tokenizers[name](text, return_offsets_mapping=True, add_special_tokens=False)
    assert encoded["offset_mapping"] == [(i, i + 1) for i in range(len(text))]
    assert len(encoded["input_ids"]) == len(text)


@pytest.mark.parametrize("name", ENCODERS)
def test_ids_and_specials_are_those_of_the_encoder(name: str, tokenizers: dict) -> None:
    own, characters = ENCODERS[name](), tokenizers[name]
    assert len(characters) == len(own)
    assert characters.padding_side == own.padding_side
    assert characters.all_special_ids and set(characters.all_special_ids) <= set(own.all_special_ids)
    plain, ours = own("温"), characters("温")
    special = own.get_special_tokens_mask(plain["input_ids"], already_has_special_tokens=True)
    around = [token for token, mark in zip(plain["input_ids"], special, strict=True) if mark]
    assert [token for token in ours["input_ids"] if token in own.all_special_ids] == around
    assert characters.convert_tokens_to_ids("温") == own.convert_tokens_to_ids("温")


def test_wordpiece_takes_the_piece_of_the_character(tokenizers: dict) -> None:
    ids = {piece: index for index, piece in enumerate(WORDPIECE)}
    got = tokenizers["bert"]("体b体温A", add_special_tokens=False)["input_ids"]
    assert got == [ids["体"], ids["##b"], ids["体"], ids["温"], ids["a"]]
    # Its options say that case is kept, but there is no capital letter that it could be kept in.
    assert tokenizers["bert-cased"]("A", add_special_tokens=False)["input_ids"] == [ids["a"]]
    assert character_tokenizer_from(bert(), lower_case=False)("A")["input_ids"][1] == ids["[UNK]"]


def test_sentencepiece_takes_c_and_else_the_piece_at_a_word_start(tokenizers: dict) -> None:
    own = xlnet()
    got = tokenizers["xlnet"]("体温，1", add_special_tokens=False)["input_ids"]
    assert got == own.convert_tokens_to_ids(["▁体", "温", ",", "1"])
    assert tokenizers["xlnet"](" ", add_special_tokens=False)["input_ids"] == own.convert_tokens_to_ids(["▁"])


def test_xlnet_pads_on_the_left_and_ends_with_sep_cls(tokenizers: dict, tmp_path: Path) -> None:
    tokenizers["xlnet"].save_pretrained(tmp_path)
    characters, own = AutoTokenizer.from_pretrained(tmp_path), xlnet()
    batch = characters(["温", "温温温"], padding=True)
    pad, sep, cls, unit = own.convert_tokens_to_ids(["<pad>", "<sep>", "<cls>", "温"])
    assert batch["input_ids"] == [[pad, pad, unit, sep, cls], [unit, unit, unit, sep, cls]]
    assert batch["token_type_ids"] == [[0, 0, 0, 0, 2], [0, 0, 0, 0, 2]]
    assert own("温", return_token_type_ids=True)["token_type_ids"][-2:] == [0, 2]


def test_two_texts_are_joined_as_the_encoder_does(tokenizers: dict) -> None:
    for name, make in ENCODERS.items():
        own, pair = make()("温", "a"), tokenizers[name]("温", "a")
        if len(own["input_ids"]) == len(pair["input_ids"]):  # XLNet's own pieces begin with a word mark
            assert pair["input_ids"] == own["input_ids"], name


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_take_the_vocabularys_blank(blank: str, tokenizers: dict) -> None:
    assert blank.isspace()
    assert tokenizers["bert"](blank)["input_ids"] == [3, 1, 4]  # [CLS] [unused1] [SEP]
    assert tokenizers["static"](blank)["input_ids"] == tokenizers["static"](" ")["input_ids"]
    assert build_character_tokenizer(["体", blank])(blank)["input_ids"] == [3]


def test_blanks_without_a_place_are_unknown() -> None:
    vocabulary = {piece: i for i, piece in enumerate(p for p in WORDPIECE if p != "[unused1]")}
    characters = character_tokenizer_from(BertTokenizer(vocab=vocabulary))
    assert characters(" \t", add_special_tokens=False)["input_ids"] == [characters.unk_token_id] * 2


def test_a_blank_with_a_name_comes_before_an_unused_entry() -> None:
    vocabulary = {piece: i for i, piece in enumerate([*WORDPIECE, "[SP]"])}
    characters = character_tokenizer_from(BertTokenizer(vocab=vocabulary))
    assert characters(" \t", add_special_tokens=False)["input_ids"] == [vocabulary["[SP]"]] * 2
    assert characters.convert_tokens_to_ids("[unused1]") == vocabulary["[unused1]"]


def test_blanks_are_all_of_unicodes_white_space() -> None:
    assert sorted(BLANKS) == [chr(code) for code in range(0x110000) if chr(code).isspace()]


def test_full_width_forms_fall_back_to_half_width(tokenizers: dict) -> None:
    assert tokenizers["bert"]("％１Ａ")["input_ids"] == tokenizers["bert"]("%1a")["input_ids"]
    own_piece = build_character_tokenizer("%％")
    assert own_piece("％%")["input_ids"] == [3, 2]


def test_a_text_that_spells_a_special_token_loses_nothing(tokenizers: dict) -> None:
    for name, characters in tokenizers.items():
        for token in characters.all_special_tokens:
            text = f"体{token}温"
            assert len(characters(text, add_special_tokens=False)["input_ids"]) == len(text), name


def test_plain_auto_tokenizer_reloads_it_without_this_package(tokenizers: dict, tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['hf_cner'] = None\n"
        "from transformers import AutoTokenizer\n"
        "for folder in sys.argv[2:]:\n"
        "    e = AutoTokenizer.from_pretrained(folder)(sys.argv[1], return_offsets_mapping=True)\n"
        "    print(e['input_ids'], e['offset_mapping'])\n"
    )
    expected = []
    for name in ("bert", "xlnet", "static"):
        tokenizers[name].save_pretrained(tmp_path / name)
        encoded = tokenizers[name](NOTE, return_offsets_mapping=True)
        expected.append(f"{encoded['input_ids']} {encoded['offset_mapping']}")
    folders = [str(tmp_path / name) for name in ("bert", "xlnet", "static")]
    done = subprocess.run(
        [sys.executable, "-c", script, NOTE, *folders],
        capture_output=True, text=True, check=True, cwd=tmp_path, env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert done.stdout.splitlines() == expected


def test_a_character_tokenizer_is_its_own_fixed_point(tokenizers: dict, tmp_path: Path) -> None:
    tokenizers["bert"].save_pretrained(tmp_path)
    assert character_tokenizer_from(tmp_path)(NOTE)["input_ids"] == tokenizers["bert"](NOTE)["input_ids"]


def test_characters_are_counted_most_frequent_first() -> None:
    assert count_characters(["aab", "Bc"]) == ["a", "B", "b", "c"]
    assert count_characters(["aab", "Bc"], lower_case=True, min_count=2) == ["a", "b"]
    assert count_characters(["İi"], lower_case=True) == ["i"]


def test_static_ids_follow_the_vocabulary() -> None:
    tokenizer = build_character_tokenizer("温体")
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id, len(tokenizer)) == (0, 1, 5)
    assert tokenizer("体温 ?")["input_ids"] == [3, 2, 4, 1]
    assert tokenizer.decode([3, 2]) == "体温"


@pytest.mark.parametrize(
    ("characters", "message"), [(["体温"], "single characters; found '体温'"), (["体", "体"], "'体' stands twice")]
)
def test_a_wrong_vocabulary_is_refused(characters: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_character_tokenizer(characters)


def test_a_byte_level_vocabulary_is_refused() -> None:
    own = RobertaTokenizer(vocab={"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "a": 5}, merges=[])
    with pytest.raises(ValueError, match="byte-level: its pieces are bytes"):
        character_tokenizer_from(own)


def test_a_missing_tokenizer_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"No tokenizer could be loaded from .*give a folder"):
        character_tokenizer_from(tmp_path / "nowhere")


@pytest.mark.data
def test_the_real_chinese_vocabulary(data_dir: Path) -> None:
    folder = data_dir / "tokenizers" / "bert-base-chinese"
    own, characters = AutoTokenizer.from_pretrained(folder), character_tokenizer_from(folder)
    assert len(characters) == len(own) == 21128
    text = "患者于3天前出现发热，体温最高39.2℃。"
    assert characters.convert_ids_to_tokens(characters(text)["input_ids"]) == ["[CLS]", *text, "[SEP]"]
    single = [piece for piece in own.get_vocab() if len(piece) == 1 and piece == piece.lower() and not piece.isspace()]
    got = [characters(piece, add_special_tokens=False)["input_ids"] for piece in single]
    assert got == [[own.convert_tokens_to_ids(piece)] for piece in single]
