"""Vocabularies are resolved from an encoder's files: kinds of files × types of models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoTokenizer
from vocabulary_folders import (
    CHARACTERS,
    FAIRSEQ,
    KINDS,
    MODEL_TYPES,
    SENTENCE,
    WORDPIECE,
    degenerate_json,
    sentencepiece_model,
    sentencepiece_specials,
    spiece,
    vocab_txt,
    wordpiece_json,
    write_config,
)

from hf_cner.data.tokenizer import build_character_tokenizer, character_tokenizer_from
from hf_cner.data.vocabulary import EncoderVocabulary, check_size, resolve_vocabulary
from hf_cner.modeling.characters import CharacterTable


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_character_of_a_chinese_sentence_is_unknown(kind: str, model_type: str | None, tmp_path: Path) -> None:
    KINDS[kind](tmp_path, model_type)
    write_config(tmp_path, model_type)
    vocabulary = resolve_vocabulary(tmp_path)
    tokenizer = character_tokenizer_from(vocabulary)
    tokenizer.save_pretrained(tmp_path / "saved")
    again = AutoTokenizer.from_pretrained(tmp_path / "saved")
    for one in (tokenizer, again):
        table = CharacterTable(one)
        ids = table.ids(SENTENCE)
        assert len(ids) == len(SENTENCE) and one.unk_token_id not in ids
        assert one(SENTENCE)["input_ids"] == table.encode(SENTENCE)
        assert {table.pad_token_id, *table.prefix, *table.suffix}.isdisjoint(ids)
        assert table.prefix or table.suffix
    piece = {"wordpiece": "患", "sentencepiece": "▁患"}[vocabulary.kind]
    assert tokenizer.convert_tokens_to_ids("患") == vocabulary.pieces[piece]


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_wordpiece_takes_the_special_tokens_of_the_vocabulary_whatever_the_type(
    model_type: str | None, tmp_path: Path
) -> None:
    vocab_txt(tmp_path)
    write_config(tmp_path, model_type)
    found = resolve_vocabulary(tmp_path)
    assert found.source == tmp_path / "vocab.txt" and found.kind == "wordpiece" and found.rows == len(WORDPIECE)
    if model_type != "xlnet":
        assert found.single == ("[CLS]:0", "$A:0", "[SEP]:0")
    second = 1 if found.token_types else 0
    assert found.pair[-2:] == (f"$B:{second}", f"[SEP]:{second}") or model_type == "xlnet"
    assert found.specials["pad_token"] == "[PAD]" and found.specials["mask_token"] == "[MASK]"


def test_token_types_follow_the_configuration(tmp_path: Path) -> None:
    vocab_txt(tmp_path)
    for count, expected in ((0, False), (1, False), (2, True)):
        write_config(tmp_path, "roberta", type_vocab_size=count)
        found = resolve_vocabulary(tmp_path)
        assert found.token_types is expected
        assert ("token_type_ids" in character_tokenizer_from(found).model_input_names) is expected


def test_a_character_tokenizer_of_this_package_stays_as_it_is(tmp_path: Path) -> None:
    made = build_character_tokenizer("患者")
    made.save_pretrained(tmp_path)
    write_config(tmp_path, "cner-elmo")
    found = resolve_vocabulary(tmp_path)
    assert (found.kind, found.single, found.pair, found.token_types) == (
        "characters", ("$A:0",), ("$A:0", "$B:0"), False,
    )  # fmt: skip
    again = character_tokenizer_from(found)
    assert again.model_input_names == made.model_input_names and again("患x 者") == made("患x 者")


def test_xlnet_is_padded_on_the_left_and_ends_with_sep_and_cls(tmp_path: Path) -> None:
    spiece(tmp_path, "xlnet")
    write_config(tmp_path, "xlnet")
    found = resolve_vocabulary(tmp_path)
    assert (found.padding_side, found.single) == ("left", ("$A:0", "<sep>:0", "<cls>:2"))
    assert found.pair == ("$A:0", "<sep>:0", "$B:1", "<sep>:1", "<cls>:2")
    tokenizer = character_tokenizer_from(tmp_path)
    batch = tokenizer(["患", "患者于"], padding=True)
    assert batch["input_ids"][0][:2] == [tokenizer.pad_token_id] * 2 and batch["token_type_ids"][0][-2:] == [0, 2]
    assert found.pieces["<cls>"] == 3 and tokenizer.convert_tokens_to_ids("者") == found.pieces["者"]


@pytest.mark.parametrize(("model_type", "first"), [("xlm-roberta", 4), ("camembert", 7)])
def test_fairseq_moves_the_ids_of_the_pieces(model_type: str, first: int, tmp_path: Path) -> None:
    """XLM-R: <s> <pad> </s> <unk>, the pieces after their own three tokens, <mask>. CamemBERT keeps two of these."""
    spiece(tmp_path, model_type, name="sentencepiece.bpe.model")
    write_config(tmp_path, model_type)
    found = resolve_vocabulary(tmp_path)
    assert found.pieces["▁"] == first and found.pieces["<mask>"] == found.rows - 1 and found.pieces["<pad>"] == 1
    assert found.pieces["<s>"] == {"xlm-roberta": 0, "camembert": 5}[model_type]
    assert found.pair == ("<s>:0", "$A:0", "</s>:0", "</s>:0", "$B:0", "</s>:0")
    assert model_type in FAIRSEQ and not found.token_types


def test_deberta_has_its_mask_behind_the_pieces_of_sentencepiece(tmp_path: Path) -> None:
    spiece(tmp_path, "deberta-v2")
    write_config(tmp_path, "deberta-v2", type_vocab_size=0)
    vocabulary = resolve_vocabulary(tmp_path)
    assert vocabulary.pieces[vocabulary.specials["mask_token"]] == vocabulary.rows - 1
    assert vocabulary.specials["mask_token"] == "[MASK]"


def test_a_sign_for_several_characters_is_their_entry_or_the_first_of_them(tmp_path: Path) -> None:
    """SentencePiece reads a text in NFKC, where `℃` is `°C`: the model has no entry for the sign itself."""
    pieces = [*sentencepiece_specials("xlnet"), "▁患", "°C", "mg", "°", ".", "1", "▁发热"]
    (tmp_path / "spiece.model").write_bytes(sentencepiece_model(pieces))
    write_config(tmp_path, "xlnet")
    tokenizer = character_tokenizer_from(tmp_path)
    wanted = [pieces.index(piece) for piece in ("▁患", "°C", "°", "mg", ".", "1", "1")]
    assert tokenizer("患℃℉㎎…⑩½", add_special_tokens=False)["input_ids"] == wanted
    assert CharacterTable(tokenizer).ids("患℃℉㎎…⑩½") == wanted
    tokenizer.save_pretrained(tmp_path / "saved")
    assert character_tokenizer_from(tmp_path / "saved")("℃…", add_special_tokens=False)["input_ids"] == [
        pieces.index("°C"),
        pieces.index("."),
    ]


def test_tokenizer_json_comes_before_vocab_txt(tmp_path: Path) -> None:
    wordpiece_json(tmp_path)
    vocab_txt(tmp_path, [*WORDPIECE, "更"])
    found = resolve_vocabulary(tmp_path)
    assert found.source.name == "tokenizer.json" and found.findings == () and "更" not in found.pieces
    assert found.single == ("[CLS]:0", "$A:0", "[SEP]:0") and found.lower_case  # although it was saved truncating to 4


def test_a_wrong_guess_that_was_saved_is_seen_and_said(tmp_path: Path) -> None:
    vocab_txt(tmp_path)
    degenerate_json(tmp_path)
    found = resolve_vocabulary(tmp_path, model_type="albert")
    assert found.source.name == "vocab.txt" and found.specials["unk_token"] == "[UNK]"
    assert found.pieces == {piece: number for number, piece in enumerate(WORDPIECE)}
    assert found.findings[0] == f"tokenizer.json holds 5 entries and vocab.txt {len(WORDPIECE)}: the latter is used"
    assert "name '<pad>' as pad_token, which the vocabulary lacks; '[PAD]' is used" in found.findings[1]


def test_a_tokenizer_json_of_another_kind_is_no_wrong_guess_only_for_being_small(tmp_path: Path) -> None:
    wordpiece_json(tmp_path)
    vocab_txt(tmp_path, WORDPIECE)
    assert resolve_vocabulary(tmp_path).source.name == "tokenizer.json"


def test_vocab_txt_is_read_line_by_line(tmp_path: Path) -> None:
    pieces = [*WORDPIECE[:6], "患", "\u3000", "者", "\u2028", "患", "", "\x85", "热"]
    vocab_txt(tmp_path, [*pieces, "", ""], head=b"\xef\xbb\xbf", end="\r\n")
    found = resolve_vocabulary(tmp_path)
    ids = {piece: number for number, piece in enumerate(pieces) if piece}
    assert found.pieces == ids and found.rows == len(pieces) and ids["患"] == 10
    assert found.findings == (
        "vocab.txt begins with a byte-order mark, which is left out",
        "entries stand several times in vocab.txt, and the last line counts: '患' in lines 7, 11",
        "1 lines of vocab.txt are empty; their ids belong to no entry",
    )
    tokenizer = character_tokenizer_from(tmp_path)
    got = tokenizer("患\u2028\x85 \t\u3000热", add_special_tokens=False)["input_ids"]
    assert got == [10, 9, 12, 7, 7, 7, 13]  # blanks without a place of their own stand at U+3000
    assert tokenizer.convert_ids_to_tokens(10) == "患"


def test_special_tokens_come_from_the_files_first(tmp_path: Path) -> None:
    vocab_txt(tmp_path, [*WORDPIECE, "<leer>"])
    options = {"pad_token": {"content": "<leer>"}, "padding_side": "left", "model_max_length": 128}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(options), encoding="utf-8")
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<extra>": len(WORDPIECE) + 1}), encoding="utf-8")
    found = resolve_vocabulary(tmp_path)
    assert (found.specials["pad_token"], found.padding_side, found.model_max_length) == ("<leer>", "left", 128)
    assert found.pieces["<extra>"] == found.rows - 1 and found.findings == ()
    tokenizer = character_tokenizer_from(found)
    assert (tokenizer.pad_token, tokenizer.padding_side, tokenizer.model_max_length) == ("<leer>", "left", 128)


def test_a_padding_token_without_a_usual_name_is_the_configurations(tmp_path: Path) -> None:
    vocab_txt(tmp_path, ["[unused0]", *WORDPIECE[1:]])
    write_config(tmp_path, "bert", pad_token_id=0)
    found = resolve_vocabulary(tmp_path)
    assert found.specials["pad_token"] == "[unused0]" and "pad_token_id 0" in found.findings[0]


def test_a_vocabulary_with_capitals_keeps_case_and_one_without_folds_it(tmp_path: Path) -> None:
    vocab_txt(tmp_path, [*WORDPIECE, "C"])
    found = resolve_vocabulary(tmp_path)
    tokenizer = character_tokenizer_from(found)
    assert not found.lower_case
    assert tokenizer("Cc", add_special_tokens=False)["input_ids"] == [found.pieces["C"], found.pieces["c"]]
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": true}', encoding="utf-8")
    assert resolve_vocabulary(tmp_path).lower_case
    vocab_txt(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}', encoding="utf-8")
    found = resolve_vocabulary(tmp_path)
    assert found.lower_case and "no capital letter; letters are folded" in found.findings[0]


def test_pieces_of_sentencepiece_written_as_text_are_pieces(tmp_path: Path) -> None:
    """ERNIE-M holds a vocab.txt with the pieces of its SentencePiece model."""
    vocab_txt(tmp_path, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁", "▁患", "者", "▁患者"])
    found = resolve_vocabulary(tmp_path, model_type="ernie_m")
    assert found.kind == "sentencepiece"
    assert character_tokenizer_from(found)("患 者", add_special_tokens=False)["input_ids"] == [5, 4, 6]


def test_the_size_is_held_against_the_embedding(tmp_path: Path) -> None:
    vocab_txt(tmp_path)
    found, rows = resolve_vocabulary(tmp_path), len(WORDPIECE)
    assert check_size(found, rows) is None
    said = f"the embedding has {rows + 7} rows for {rows} entries; 7 rows are spare"
    assert check_size(found, rows + 7) == said
    with pytest.raises(ValueError, match=rf"holds ids up to {rows - 1}, but .* has {rows - 1} rows; .*another encoder"):
        check_size(found, rows - 1)
    with pytest.raises(ValueError, match=r"holds .* entries, but .* has 21,128 rows; .*or a part of it"):
        check_size(found, 21_128)


def test_resolving_loads_neither_torch_nor_transformers(tmp_path: Path) -> None:
    vocab_txt(tmp_path)
    code = (
        "import sys; from pathlib import Path; from hf_cner.data.vocabulary import resolve_vocabulary\n"
        "resolve_vocabulary(Path(sys.argv[1])); assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


@pytest.mark.data
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_the_real_vocabulary_beside_any_configuration(model_type: str | None, data_dir: Path, tmp_path: Path) -> None:
    real = data_dir / "tokenizers" / "bert-base-chinese"
    (tmp_path / "vocab.txt").write_bytes((real / "vocab.txt").read_bytes())
    write_config(tmp_path, model_type)
    by_text, by_json = resolve_vocabulary(tmp_path), resolve_vocabulary(real)
    assert by_text.pieces == by_json.pieces and by_text.rows == 21_128 and check_size(by_text, 21_128) is None
    assert isinstance(by_text, EncoderVocabulary) and by_text.lower_case and by_json.lower_case
    tokenizer = character_tokenizer_from(by_text)
    ids = CharacterTable(tokenizer).ids(SENTENCE + "ＣＴ⾏豈３，3,")
    assert tokenizer.unk_token_id not in ids and len(CHARACTERS) < len(ids)
