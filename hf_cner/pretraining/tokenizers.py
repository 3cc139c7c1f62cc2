"""The character tokenizer of a pretraining: that of the encoder or of another one, or made from the texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer, models, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from ..data.tokenizer import build_character_tokenizer, character_tokenizer_from, count_characters
from ..encoders.fetch import local_folder
from ..settings.pretraining import EncoderSource

SETTING = "encoder.name_or_path"  # the setting that names the encoder from which a run starts
SPECIALS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def tokenizer_for(encoder: EncoderSource, texts: Iterable[str], *, framed: bool = True) -> PreTrainedTokenizerFast:
    """The tokenizer that the settings ask for.

    Args:
        encoder: `name_or_path` or `tokenizer`, a folder that holds one; otherwise the characters of the texts that
            occur `min_count` times make the vocabulary, in lower case with `lower_case`.
        framed: with `[CLS]`, `[SEP]` and `[MASK]`, as masked language modelling needs it.

    Raises:
        ValueError: a missing checkpoint or tokenizer, a tokenizer that cannot read single characters, or no character
        that is frequent enough.
    """
    if encoder.name_or_path:
        return character_tokenizer_from(local_folder(encoder.name_or_path, setting=SETTING))
    if encoder.tokenizer:
        return character_tokenizer_from(encoder.tokenizer)
    fold = encoder.lower_case
    counted = count_characters(texts, min_count=encoder.min_count or 1, lower_case=fold)
    characters = [" ", *(character for character in counted if not character.isspace())]
    if len(characters) == 1:
        raise ValueError(
            f"No character stands {encoder.min_count or 1} times in the texts, so that all would be unknown; "
            "give more text, or a lower encoder.min_count."
        )
    if not framed:
        return build_character_tokenizer(characters, lower_case=fold)
    return character_tokenizer_from(_framed(characters), lower_case=fold)


def id_count(tokenizer: Any) -> int:
    """Number of ids, unused ones included: a vocabulary file that names a token twice leaves an unused id."""
    return max(tokenizer.get_vocab().values(), default=-1) + 1


def _framed(characters: list[str]) -> PreTrainedTokenizerBase:
    """`[CLS]` text `[SEP]`, and `[CLS]` text `[SEP]` text `[SEP]` with token types 0 and 1, as BERT has it."""
    vocabulary = {token: number for number, token in enumerate([*SPECIALS.values(), *characters])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=SPECIALS["unk_token"]))
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    names = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_input_names=names, **SPECIALS)
