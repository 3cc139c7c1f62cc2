"""Character tokenizers: one token per code point, for every encoder, reloadable by plain ``AutoTokenizer``.

A tag stands on a character, so a tokenizer that merges, drops or splits characters loses entities. The tokenizers made
here give exactly one id per code point of the unchanged text, with offsets ``(i, i + 1)``. They are ordinary
``PreTrainedTokenizerFast`` objects (a ``WordLevel`` vocabulary behind a split into single characters) and need none of
this package when they are loaded again.

Characters outside the vocabulary are mapped before they become unknown, and only where the text keeps its length:

* letters are folded to lower case where the encoder does so (``İ`` to ``i``: its own lower case is two characters);
* a full-width form (``Ａ``, ``％``) that the vocabulary lacks takes its half-width character;
* a blank (space, TAB, CR, LF, U+3000, any other Unicode white space) that the vocabulary lacks takes the vocabulary's
  blank: a piece of its own where there is one, else ``[unused1]``, else it is unknown.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

PAD, UNKNOWN = "[PAD]", "[UNK]"
# All white space of Unicode (str.isspace), written out because the Python and the Rust side must agree on it.
BLANKS = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
BLANKS += "\u2028\u2029\u202f\u205f\u3000"
FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
WORD_START, WORD_INSIDE = "▁", "##"  # how SentencePiece and WordPiece mark pieces
_SPECIAL_NAMES = ("pad_token", "unk_token", "cls_token", "sep_token", "bos_token", "eos_token", "mask_token")
_LONGEST = 1_000_000  # transformers writes "no limit" as a number far above this


def count_characters(texts: Iterable[str], *, min_count: int = 1, lower_case: bool = False) -> list[str]:
    """Return the characters seen at least ``min_count`` times, the most frequent first (ties by code point).

    ``lower_case`` counts a letter under its lower case, as the tokenizer will see it.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    if lower_case:
        folded: Counter[str] = Counter()
        for character, count in counts.items():
            folded[_lower(character)] += count
        counts = folded
    kept = [character for character, count in counts.items() if count >= min_count]
    return sorted(kept, key=lambda character: (-counts[character], character))


def build_character_tokenizer(characters: Iterable[str], *, lower_case: bool = False) -> PreTrainedTokenizerFast:
    """Make the tokenizer of a static character encoder: ``[PAD]`` 0, ``[UNK]`` 1, then ``characters`` in their order.

    A blank is added at the end when ``characters`` has none, so that white space never counts as an unknown character.
    There are no special tokens around the text.

    Raises:
        ValueError: an entry is not exactly one character, or stands there twice.
    """
    vocabulary = {PAD: 0, UNKNOWN: 1}
    for character in characters:
        if len(character) != 1:
            raise ValueError(f"A character vocabulary holds single characters; found {character!r}.")
        if character in vocabulary:
            raise ValueError(f"The character {character!r} stands twice in the vocabulary.")
        vocabulary[character] = len(vocabulary)
    vocabulary.setdefault(" ", len(vocabulary))
    return PreTrainedTokenizerFast(
        tokenizer_object=_backend(vocabulary, UNKNOWN, lower_case),
        pad_token=PAD,
        unk_token=UNKNOWN,
        split_special_tokens=True,
        model_input_names=["input_ids", "attention_mask"],
    )


def character_tokenizer_from(
    encoder: str | os.PathLike[str] | PreTrainedTokenizerBase, *, lower_case: bool | None = None
) -> PreTrainedTokenizerFast:
    """Make a character tokenizer with the ids, special tokens and padding side of a pretrained encoder.

    Args:
        encoder: the encoder's own tokenizer, or the folder or name that ``AutoTokenizer`` loads it from.
        lower_case: fold case; by default what the encoder's own tokenizer does.

    Raises:
        ValueError: there is no such tokenizer, its vocabulary is byte-level, or it has no padding or unknown token.
    """
    own = encoder if isinstance(encoder, PreTrainedTokenizerBase) else _load(encoder)
    name = str(own.name_or_path or type(own).__name__)
    if not own.is_fast:
        raise ValueError(f"The tokenizer of {name} is written in Python only; an encoder needs a tokenizer.json here.")
    description = json.loads(own.backend_tokenizer.to_str())
    if _is_byte_level(description):
        raise ValueError(
            f"The vocabulary of {name} is byte-level: its pieces are bytes, not characters, so it has no id for a "
            "Chinese character; choose an encoder with a WordPiece or SentencePiece vocabulary."
        )
    for needed in ("pad_token", "unk_token"):
        if getattr(own, needed) is None:
            raise ValueError(f"The tokenizer of {name} has no {needed}; a character tokenizer needs one.")
    vocabulary = _character_vocabulary(dict(own.get_vocab()))
    specials = {key: str(getattr(own, key)) for key in _SPECIAL_NAMES if getattr(own, key) is not None}
    fold = _lower_cases(description) if lower_case is None else lower_case
    backend = _backend(vocabulary, specials["unk_token"], fold)
    around = [token for token in _template(own, "a") if not token.startswith("$")]
    if around:
        names = {token.rpartition(":")[0] for token in around}
        backend.post_processor = processors.TemplateProcessing(
            single=_template(own, "a"),
            pair=_template(own, "a", "a"),
            special_tokens=[(token, vocabulary[token]) for token in sorted(names)],
        )
    # XLNet's class no longer names its token types, but its model was trained with them: 2 stands under <cls>.
    typed = "token_type_ids" in own.model_input_names or any(not token.endswith(":0") for token in _template(own, "a"))
    options: dict[str, Any] = {"model_max_length": own.model_max_length} if own.model_max_length < _LONGEST else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        split_special_tokens=True,
        padding_side=own.padding_side,
        model_input_names=["input_ids", *(["token_type_ids"] if typed else []), "attention_mask"],
        **specials,
        **options,
    )


def _load(path: str | os.PathLike[str]) -> PreTrainedTokenizerBase:
    try:
        return AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"No tokenizer could be loaded from {os.fspath(path)!r}; give a folder that holds the encoder's "
            f"tokenizer.json or vocab.txt beside its config.json ({str(error).splitlines()[0]})"
        ) from error


def _backend(vocabulary: dict[str, int], unknown: str, lower_case: bool) -> Tokenizer:
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=unknown))
    steps = _normalizers(vocabulary, lower_case)
    if steps:
        backend.normalizer = normalizers.Sequence(steps)
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
    backend.decoder = decoders.Fuse()
    return backend


def _normalizers(vocabulary: dict[str, int], lower_case: bool) -> list[normalizers.Normalizer]:
    steps: list[normalizers.Normalizer] = []
    if lower_case:
        steps += [normalizers.Replace("İ", "i"), normalizers.Lowercase()]
    for full, half in FULL_WIDTH.items():
        lowered = lower_case and full != full.lower()  # already gone when this step runs
        if not lowered and full not in vocabulary and half in vocabulary:
            steps.append(normalizers.Replace(full, half))
    missing = "".join(f"\\x{{{ord(blank):x}}}" for blank in BLANKS if blank not in vocabulary)
    if missing and " " in vocabulary:
        steps.append(normalizers.Replace(Regex(f"[{missing}]"), " "))
    return steps


def _character_vocabulary(vocabulary: dict[str, int]) -> dict[str, int]:
    """Name every character's piece by the character itself: ``c``, else ``▁c``, else ``##c``; ids never change."""
    renamed = dict(vocabulary)
    sentence_pieces = any(len(piece) > 1 and piece.startswith(WORD_START) for piece in vocabulary)
    for mark in (WORD_START, WORD_INSIDE):
        for piece in vocabulary:
            character = piece[len(mark) :]
            if piece.startswith(mark) and len(character) == 1 and character not in renamed:
                renamed[character] = renamed.pop(piece)
    for blank in (WORD_START if sentence_pieces else "", "[unused1]"):
        if " " not in renamed and blank in renamed:
            renamed[" "] = renamed.pop(blank)
    return renamed


def _template(own: PreTrainedTokenizerBase, *texts: str) -> list[str]:
    """Ask the encoder's tokenizer what it puts around one text or two: ``["[CLS]:0", "$A:0", "[SEP]:0"]``."""
    encoded = own(*texts, return_token_type_ids=True)
    template: list[str] = []
    tokens = own.convert_ids_to_tokens(encoded["input_ids"])
    for token, kind, sequence in zip(tokens, encoded["token_type_ids"], encoded.sequence_ids(), strict=True):
        part = f"{token if sequence is None else '$' + 'AB'[sequence]}:{kind}"
        if sequence is None or part not in template:  # a text may be several pieces
            template.append(part)
    return template


def _lower(character: str) -> str:
    folded = "i" if character == "İ" else character.lower()
    return folded if len(folded) == 1 else character


def _parts(part: Any) -> list[dict[str, Any]]:
    """Flatten a normaliser, pre-tokenizer or decoder with its nested sequences."""
    if not isinstance(part, dict):
        return []
    children = [child for value in part.values() if isinstance(value, list) for child in value]
    return [part, *(inner for child in children for inner in _parts(child))]


def _is_byte_level(description: dict[str, Any]) -> bool:
    parts = [*_parts(description.get("pre_tokenizer")), *_parts(description.get("decoder"))]
    return any(part.get("type") == "ByteLevel" for part in parts)


def _lower_cases(description: dict[str, Any]) -> bool:
    return any(p.get("type") == "Lowercase" or p.get("lowercase") is True for p in _parts(description["normalizer"]))
