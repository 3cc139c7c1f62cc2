"""The vocabulary of a tokenizer that transformers loads, for encoders without a known file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .encoder_vocabulary import ROLES, EncoderVocabulary
from .vocabulary_frame import BARE, folds_case
from .vocabulary_json import entries_of_backend

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LONGEST = 1_000_000  # transformers writes "no limit" as a number far above this


def load_vocabulary(folder: Path) -> EncoderVocabulary:
    """The vocabulary that `AutoTokenizer` finds by the model's type.

    Raises:
        ValueError: it finds none, or a vocabulary that cannot be used.
    """
    from transformers import AutoTokenizer

    try:
        own = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, ImportError, TypeError, KeyError, AttributeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(
            f"No tokenizer could be loaded from {str(folder)!r}; give a folder that holds the encoder's "
            f"tokenizer.json, vocab.txt or spiece.model beside its config.json ({reason})"
        ) from error
    return vocabulary_of(own)


def vocabulary_of(own: PreTrainedTokenizerBase) -> EncoderVocabulary:
    """The vocabulary of a fast tokenizer of transformers.

    Raises:
        ValueError: it is written in Python only, byte-level, empty, or has no padding or unknown token.
    """
    name = str(own.name_or_path or type(own).__name__)
    if not own.is_fast:
        raise ValueError(f"The tokenizer of {name} is written in Python only; an encoder needs a tokenizer.json here.")
    if not set(own.get_vocab()) - set(own.all_special_tokens) - set(own.added_tokens_encoder):
        raise ValueError(
            f"No tokenizer could be loaded from {name!r}: it holds no entry beside special tokens; give a folder that "
            "holds the encoder's tokenizer.json, vocab.txt or spiece.model beside its config.json."
        )
    entries = entries_of_backend(own.backend_tokenizer, Path(name))
    told = {role: str(getattr(own, role)) for role in ROLES if getattr(own, role, None) is not None}
    for needed in ("pad_token", "unk_token"):
        if needed not in told:
            raise ValueError(f"The tokenizer of {name} has no {needed}; a character tokenizer needs one.")
    specials = {role: token for role, token in told.items() if token in entries.pieces}
    typed = "token_type_ids" in own.model_input_names
    single, pair = entries.frame or BARE
    longest = own.model_max_length
    return EncoderVocabulary(
        pieces=entries.pieces,
        kind=entries.kind,
        specials=specials,
        padding_side=own.padding_side,
        lower_case=folds_case(entries.pieces, entries.lower_case),
        single=single,
        pair=pair,
        token_types=typed or any(not token.endswith(":0") for token in single),
        model_max_length=longest if longest < _LONGEST else None,
        source=Path(name),
    )
