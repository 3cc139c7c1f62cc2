"""Facts in the JSON files beside a vocabulary: special tokens, padding side, case, sizes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .encoder_vocabulary import ROLES
from .numbers import integer
from .placeholders import check_is_content

_LONGEST = 1_000_000  # transformers writes "no limit" as a number far above this


@dataclass(frozen=True, kw_only=True)
class Told:
    """From `config.json`, `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`.

    `typed`: whether the tokenizer gives token types; `type_count`: how many the model knows.
    """

    model_type: str | None
    specials: Mapping[str, str]
    added: Mapping[str, int]
    padding_side: str | None
    lower_case: bool | None
    longest: int | None
    pad_id: int | None
    type_count: int | None
    typed: bool | None


def tell(folder: Path) -> Told:
    """Read these files; missing ones are ignored.

    Raises:
        ValueError: a file that is not a JSON object.
    """
    config = _read(folder / "config.json")
    options = _read(folder / "tokenizer_config.json")
    specials = _specials(_read(folder / "special_tokens_map.json")) | _specials(options)
    added = _numbers(_read(folder / "added_tokens.json"))
    decoder = options.get("added_tokens_decoder")
    if isinstance(decoder, Mapping):
        for number, token in decoder.items():
            content = _content(token)
            if content is not None and str(number).isdecimal() and len(str(number)) < 10:
                added.setdefault(content, int(number))
    names = options.get("model_input_names")
    model_type, side, fold = config.get("model_type"), options.get("padding_side"), options.get("do_lower_case")
    longest = integer(options.get("model_max_length"))
    return Told(
        model_type=model_type if isinstance(model_type, str) else None,
        specials=specials,
        added=added,
        padding_side=side if side in ("left", "right") else None,
        lower_case=fold if isinstance(fold, bool) else None,
        longest=longest if longest is not None and 0 < longest < _LONGEST else None,
        pad_id=integer(config.get("pad_token_id")),
        type_count=integer(config.get("type_vocab_size")),
        typed="token_type_ids" in names if isinstance(names, list) else None,
    )


def _read(path: Path) -> Mapping[str, object]:
    if not path.is_file():
        return {}
    check_is_content(path)
    try:
        found: object = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # a UnicodeDecodeError is a ValueError
        raise ValueError(f"{path} cannot be read as JSON ({error}); fetch the encoder's file again.") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds {type(found).__name__} where a JSON object was expected; fetch the file again.")
    return found


def _content(token: object) -> str | None:
    """A token in old and new files: a string, or an object with `content`."""
    if isinstance(token, Mapping):
        token = token.get("content")
    return token if isinstance(token, str) else None


def _specials(options: Mapping[str, object]) -> dict[str, str]:
    found = {role: _content(options.get(role)) for role in ROLES}
    return {role: token for role, token in found.items() if token is not None}


def _numbers(options: Mapping[str, object]) -> dict[str, int]:
    found = {token: integer(value) for token, value in options.items()}
    return {token: number for token, number in found.items() if number is not None and number >= 0}
