"""An encoder's vocabulary, from whatever file. Imports neither torch nor transformers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["wordpiece", "sentencepiece", "characters"]
ROLES = ("pad_token", "unk_token", "cls_token", "sep_token", "bos_token", "eos_token", "mask_token")


@dataclass(frozen=True, kw_only=True)
class EncoderVocabulary:
    """The vocabulary of an encoder, and the special tokens around a text.

    Attributes:
        pieces: every entry with its id, as published.
        kind: "wordpiece" (`##` inside a word), "sentencepiece" (`▁` at the start of a word) or "characters" (one entry
            per character, as this package writes it).
        specials: the special tokens by role, e.g. `{"pad_token": "[PAD]"}`; without missing roles.
        padding_side: "left" or "right".
        lower_case: whether letters are folded to lower case.
        single: the tokens around one text, each with its token type: `("[CLS]:0", "$A:0", "[SEP]:0")`.
        pair: the same for two texts, `$A` and `$B`.
        token_types: whether the encoder was trained with token types.
        model_max_length: the longest input in tokens that the files name, or None.
        source: the file that the entries were read from.
        findings: unusual facts for people, one sentence each.
    """

    pieces: Mapping[str, int] = field(repr=False)
    kind: Kind
    specials: Mapping[str, str]
    padding_side: str
    lower_case: bool
    single: tuple[str, ...]
    pair: tuple[str, ...]
    token_types: bool
    model_max_length: int | None
    source: Path
    findings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows an embedding needs for these ids: the highest id plus 1."""
        return max(self.pieces.values(), default=-1) + 1
