"""A vocabulary of the tokenizers library: a `tokenizer.json`, or a loaded tokenizer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer

from .encoder_vocabulary import Kind
from .placeholders import check_is_content
from .problems import is_panic
from .vocabulary_entries import WORD_INSIDE, WORD_START, Entries, byte_level, check_ids
from .vocabulary_frame import BARE

_SAMPLES = ("温", "a", "1")  # a vocabulary without an unknown token drops unknown characters


def load_backend(path: Path) -> Tokenizer:
    """Read a `tokenizer.json`.

    Raises:
        ValueError: it cannot be read.
    """
    check_is_content(path)
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except BaseException as error:  # the library raises Exception for a file that it cannot read, or panics
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        raise ValueError(
            f"{path} cannot be read as a tokenizer ({_first_line(error)}); fetch the encoder's file again, "
            "or delete it where a vocab.txt or spiece.model lies beside it."
        ) from error


def entries_of_backend(backend: Tokenizer, source: Path) -> Entries:
    """The entries of a tokenizer, its tokens around texts, and whether it folds case.

    Raises:
        ValueError: it is byte-level, or its ids have wide gaps.
    """
    pieces = backend.get_vocab(with_added_tokens=True)
    check_ids(pieces, source)
    description: object = json.loads(backend.to_str())
    types = {part.get("type") for part in _parts(description)}
    if "ByteLevel" in types:
        raise ValueError(byte_level(source))
    kind = _kind(backend, pieces)
    normalizer = backend.normalizer
    return Entries(
        pieces=pieces,
        kind=kind,
        source=source,
        frame=_frame(backend) or (BARE if kind == "characters" else None),
        lower_case=None if normalizer is None else normalizer.normalize_str("A").strip(WORD_START + " ") == "a",
    )


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _kind(backend: Tokenizer, pieces: dict[str, int]) -> Kind:
    if any(len(piece) > 1 and piece.startswith(WORD_START) for piece in pieces):
        return "sentencepiece"
    words = type(backend.model).__name__ == "WordLevel" or not any(piece.startswith(WORD_INSIDE) for piece in pieces)
    return "characters" if words else "wordpiece"


def _frame(backend: Tokenizer) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The tokens around one text and two; None without any, or if the tokenizer cannot be asked."""
    quiet = Tokenizer.from_str(backend.to_str())  # the caller's tokenizer keeps its padding and truncation
    quiet.no_padding()
    quiet.no_truncation()
    for sample in _SAMPLES:
        single, pair = _around(quiet, sample), _around(quiet, sample, sample)
        if "$A" in {part.rpartition(":")[0] for part in single} and len(single) > 1:
            return single, pair
    return None


def _around(backend: Tokenizer, text: str, second: str | None = None) -> tuple[str, ...]:
    """`("[CLS]:0", "$A:0", "[SEP]:0")`: each token with its type; a text of several pieces occurs once."""
    encoded = backend.encode(text, second)
    template: list[str] = []
    for token, kind, sequence in zip(encoded.tokens, encoded.type_ids, encoded.sequence_ids, strict=True):
        part = f"{token if sequence is None else '$' + 'AB'[sequence]}:{kind}"
        if sequence is None or part not in template:
            template.append(part)
    return tuple(template)


def _parts(part: object) -> Iterator[dict[str, object]]:
    """A tokenizer's description, flattened: normaliser, pre-tokenizer and decoder with their nested sequences."""
    if not isinstance(part, dict):
        return
    yield part
    for key, value in part.items():
        if key in ("normalizer", "pre_tokenizer", "decoder", "post_processor"):
            yield from _parts(value)
        elif key in ("normalizers", "pretokenizers", "decoders", "processors") and isinstance(value, list):
            for child in value:
                yield from _parts(child)
