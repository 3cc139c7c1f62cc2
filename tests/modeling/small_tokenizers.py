"""Tiny character tokenizers with and without special tokens around the text, padded on either side."""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

CHARACTERS = "患者头痛天血压右侧。，a0 x\u3000"
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def character_tokenizer(*, framed: bool = True, side: str = "right", **options: object) -> PreTrainedTokenizerFast:
    vocabulary = {token: i for i, token in enumerate([*SPECIALS, *dict.fromkeys(CHARACTERS)])}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    core.normalizer = normalizers.Sequence([normalizers.Replace("A", "a"), normalizers.Replace("\t", " ")])
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    if framed:
        pieces = "[CLS] $A [SEP]" if side == "right" else "$A [SEP] [CLS]"
        core.post_processor = processors.TemplateProcessing(
            single=pieces, special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
        )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"}
    if framed:
        names |= {"cls_token": "[CLS]", "sep_token": "[SEP]"}
    settings_ = {"split_special_tokens": True, "padding_side": side, **names, **options}
    return PreTrainedTokenizerFast(tokenizer_object=core, **settings_)
