"""The special tokens of an encoder, and their places around a text. Imports neither torch nor transformers.

The rule follows the tokens, not the name of the model: a RoBERTa configuration beside BERT's `vocab.txt` gets
`[CLS] … [SEP]`, because these are the tokens that the vocabulary holds.
"""

from __future__ import annotations

from collections.abc import Mapping

from .encoder_vocabulary import ROLES

_CANDIDATES = {
    "pad_token": ("[PAD]", "<pad>", "<PAD>"),
    "unk_token": ("[UNK]", "<unk>", "<UNK>"),
    "cls_token": ("[CLS]", "<cls>", "<s>"),
    "sep_token": ("[SEP]", "<sep>", "</s>"),
    "bos_token": ("<s>",),
    "eos_token": ("</s>",),
    "mask_token": ("[MASK]", "<mask>"),
}
BARE = ("$A:0",), ("$A:0", "$B:0")
LEFT_PADDED = frozenset({"xlnet", "cpm"})
# Types whose models read no token types, or only one.
_UNTYPED = frozenset(
    {"distilbert", "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "longformer", "mpnet", "t5", "mt5"}
    | {"deberta", "deberta-v2", "modernbert", "eurobert"}
)


def special_tokens(
    pieces: Mapping[str, int], told: Mapping[str, str], *, pad_id: int | None = None
) -> tuple[dict[str, str], list[str]]:
    """The special tokens by role, and findings about them.

    Args:
        pieces: the vocabulary.
        told: the roles in the encoder's files; tokens that the vocabulary lacks are not used.
        pad_id: `pad_token_id` of the configuration, for a vocabulary without a padding token of a usual name.
    """
    found: dict[str, str] = {}
    said: list[str] = []
    for role in ROLES:
        named = told.get(role)
        if named is not None and named in pieces:
            found[role] = named
            continue
        known = next((token for token in _CANDIDATES[role] if token in pieces), None)
        if known is not None:
            found[role] = known
        if named is not None and known is not None:
            said.append(f"its files name {named!r} as {role}, which the vocabulary lacks; {known!r} is used")
    if "pad_token" not in found and pad_id is not None:
        token = next((token for token, number in pieces.items() if number == pad_id), None)
        if token is not None and token not in found.values():
            found["pad_token"] = token
            said.append(
                f"no padding token has a usual name; {token!r} is used, the configuration's pad_token_id {pad_id}"
            )
    return found, said


def has_token_types(model_type: str | None, type_count: int | None) -> bool:
    """Whether token types are passed to the encoder: by `type_vocab_size`, else as usual for its type."""
    if type_count is not None:
        return type_count > 1
    return model_type not in _UNTYPED


def frame(
    specials: Mapping[str, str], *, model_type: str | None, token_types: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tokens around one text and around two, as in BERT, RoBERTa, XLNet or T5.

    Sources: Devlin et al. 2019; Liu et al. 2019; Yang et al. 2019 (token type 2 belongs to `<cls>`); Raffel et al.
    2020.
    """
    start, end = specials.get("cls_token"), specials.get("sep_token")
    if end is None:
        return BARE
    second = 1 if token_types else 0
    if start is None:
        return ("$A:0", f"{end}:0"), ("$A:0", f"{end}:0", "$B:0", f"{end}:0")
    if model_type in LEFT_PADDED or (model_type is None and (start, end) == ("<cls>", "<sep>")):
        tail = f"{start}:2"
        return ("$A:0", f"{end}:0", tail), ("$A:0", f"{end}:0", "$B:1", f"{end}:1", tail)
    single = (f"{start}:0", "$A:0", f"{end}:0")
    if start == "<s>":
        return single, (*single, f"{end}:0", "$B:0", f"{end}:0")
    return single, (*single, f"$B:{second}", f"{end}:{second}")


def folds_case(pieces: Mapping[str, int], told: bool | None) -> bool:
    """Whether letters are folded to lower case: always if the vocabulary has small letters and no capitals."""
    letters = {mark + chr(code) for mark in ("", "▁", "##") for code in range(ord("a"), ord("z") + 1)}
    small = any(letter in pieces for letter in letters)
    capital = any(letter.upper() in pieces for letter in letters)
    return bool(told) if capital or not small else True
