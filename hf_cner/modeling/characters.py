"""Text to ids, one id per character, without the tokenizers library on the hot path. Imports no torch.

A character tokenizer is a pure function of the single code point, so a dictionary replaces it: about ten times faster
than the tokenizers library, and equal to it by construction, because each entry is what the tokenizer gave.
"""

import re
from typing import Any, NamedTuple

MOST_CHARACTERS = 65_536  # in the table, about 10 MB; a text of any script has far fewer, and Unicode 1.1 million
_LEARNT_TOGETHER = 16_384
SURROGATE = re.compile("[\ud800-\udfff]")
# Blanks, line ends, full width, digits, a combining mark, an emoji, capitals of several scripts: what tokenizers that
# are not character tokenizers join, drop or split.
_PROBE = "患者 头痛3天,\tT 37.5℃。\r\n\u3000ＣＴ示e\u0301😀 ÀΣİ血压120/80mmHg。"
_ADVICE = (
    "Entity recognition here needs exactly one token for each character: build a character tokenizer from the "
    "encoder's vocabulary with hf_cner.data.tokenizer and save it with the checkpoint."
)


class TokenTypes(NamedTuple):
    """Token type ids of a framed text."""

    prefix: list[int]
    text: int
    suffix: list[int]


class CharacterTable:
    """The ids of a character tokenizer as a table, and how the tokenizer frames and pads a text.

    Args:
        tokenizer: any fast tokenizer that makes one token of each character, and that reads special tokens inside a
            text as ordinary characters (`split_special_tokens=True`).

    Attributes:
        prefix: ids before the characters, e.g. `[CLS]`; may be empty.
        suffix: ids after the characters, e.g. `[SEP]`; may be empty.
        pad_token_id: id that fills up a batch.
        padding_side: "left" or "right".
        token_types: token type ids of prefix, characters and suffix, where the tokenizer gives any but 0 (XLNet: 2
            for `<cls>`); otherwise None, since 0 is what a model assumes by itself.
        non_unit_ids: ids that never stand for a character: pad, cls, sep, bos, eos, in ascending order. Unknown and
            mask do stand for characters.

    Raises:
        ValueError: the tokenizer has no padding token, or does not make one token of each character.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: dict[str, int] = {}
        if tokenizer.pad_token_id is None:
            raise ValueError("The tokenizer has no padding token; set tokenizer.pad_token and save it again.")
        self.pad_token_id: int = int(tokenizer.pad_token_id)
        self.padding_side: str = str(tokenizer.padding_side)
        self._check()
        self.prefix, self.suffix, self.token_types = self._frame()
        self.non_unit_ids: list[int] = self._non_units()

    def ids(self, text: str) -> list[int]:
        """One id for each code point of `text`, no special tokens.

        Raises:
            ValueError: a character of which the tokenizer makes no token or several.
        """
        try:
            return list(map(self._ids.__getitem__, text))
        except KeyError:
            found: list[int] = []
            for begin in range(0, len(text), _LEARNT_TOGETHER):
                piece = text[begin : begin + _LEARNT_TOGETHER]
                found += map(self._learn(piece).__getitem__, piece)
            return found

    def encode(self, text: str) -> list[int]:
        """The ids of `text` as the tokenizer builds them: prefix, one id for each character, suffix."""
        return [*self.prefix, *self.ids(text), *self.suffix]

    def _learn(self, text: str) -> dict[str, int]:
        """Ask the tokenizer for every character of `text` that is not in the table; gives a table that holds them.

        A full table is replaced by an empty one; another thread may still be reading it.
        """
        table = self._ids if len(self._ids) < MOST_CHARACTERS else {}
        new = sorted(set(text).difference(table))
        for character, ids in zip(new, self._tokenize(new), strict=True):
            if len(ids) != 1:
                raise ValueError(
                    f"The tokenizer makes {len(ids)} tokens of the character {character!r} (U+{ord(character):04X}). "
                    + _ADVICE
                )
            table[character] = ids[0]
        self._ids = table
        return table

    def _tokenize(self, texts: list[str]) -> list[list[int]]:
        # Half of a surrogate pair (a broken JSON escape) cannot be handed to the tokenizers library: a character that
        # no vocabulary holds stands in for it, so that it becomes the unknown token.
        texts = [SURROGATE.sub("\U0010fffe", text) for text in texts]
        return self._tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []

    def _check(self) -> None:
        """Compare table and tokenizer on a text with everything that other kinds of tokenizer join, drop or split."""
        text = _PROBE + "".join(self._tokenizer.all_special_tokens)
        tokens = self._tokenize([text])[0]
        if len(tokens) != len(text):
            raise ValueError(f"The tokenizer makes {len(tokens)} tokens of a text of {len(text)} characters. {_ADVICE}")
        if tokens != self.ids(text):
            raise ValueError(f"The tokenizer's ids of a character depend on its neighbours. {_ADVICE}")

    def _frame(self) -> tuple[list[int], list[int], TokenTypes | None]:
        """What the tokenizer puts before and after the characters, read off a text of one character."""
        built = self._tokenizer("痛", return_special_tokens_mask=True, return_token_type_ids=True)
        ids, special, types = (list(built[name]) for name in ("input_ids", "special_tokens_mask", "token_type_ids"))
        if special.count(0) != 1:
            raise ValueError(f"The tokenizer builds {special.count(0)} tokens of a text of one character. {_ADVICE}")
        middle = special.index(0)
        wanted = "token_type_ids" in self._tokenizer.model_input_names and any(types)
        token_types = TokenTypes(types[:middle], types[middle], types[middle + 1 :]) if wanted else None
        return ids[:middle], ids[middle + 1 :], token_types

    def _non_units(self) -> list[int]:
        names = ("pad", "cls", "sep", "bos", "eos")
        found = {getattr(self._tokenizer, f"{name}_token_id") for name in names} | {*self.prefix, *self.suffix}
        return sorted(int(i) for i in found - {None, self._tokenizer.unk_token_id, self._tokenizer.mask_token_id})
