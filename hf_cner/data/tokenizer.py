"""Character tokenizers: one token per code point, for every encoder, reloadable by plain ``AutoTokenizer``.

A tag belongs to a character, so a tokenizer that merges, drops or splits characters loses entities. The tokenizers made
here give exactly one id per code point of the unchanged text, with offsets ``(i, i + 1)``. They are ordinary
``PreTrainedTokenizerFast`` objects (a split into single characters, then a ``WordPiece`` vocabulary), which load
without this package.

Characters outside the vocabulary are mapped before they become unknown, and only where the text keeps its length:

* letters are folded to lower case where the encoder does so (``İ`` to ``i``: its own lower case is two characters);
* a character that the vocabulary lacks takes another of its forms that the vocabulary holds, as
  ``vocabulary_folding`` says: ``３`` and ``3`` in both directions, compatibility ideographs, Kangxi radicals;
* a character that stands for several (``℃`` for ``°C``) takes a SentencePiece vocabulary's entry for all of them, else
  that of the first of them that exists;
* a blank (space, TAB, CR, LF, U+3000, any other Unicode white space) that the vocabulary lacks takes the vocabulary's
  blank: a piece of its own (space, else U+3000, else ``[SP]``) where there is one, else ``[unused1]``, else it is
  unknown.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from .encoder_vocabulary import EncoderVocabulary
from .vocabulary import encoder_folder, resolve_vocabulary
from .vocabulary_charsmap import steps as charsmap_steps
from .vocabulary_entries import WORD_INSIDE, WORD_START
from .vocabulary_folding import compounds, lower, parts, replacements
from .vocabulary_loaded import vocabulary_of

PAD, UNKNOWN = "[PAD]", "[UNK]"
NAMED_BLANKS = ("[SP]", "[unused1]")  # entries for a blank; the first that a vocabulary holds is used
# All white space of Unicode (str.isspace), written out because Python and Rust must agree.
BLANKS = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
BLANKS += "\u2028\u2029\u202f\u205f\u3000"


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
            folded[lower(character)] += count
        counts = folded
    kept = [character for character, count in counts.items() if count >= min_count]
    return sorted(kept, key=lambda character: (-counts[character], character))


def build_character_tokenizer(characters: Iterable[str], *, lower_case: bool = False) -> PreTrainedTokenizerFast:
    """Make the tokenizer of a static character encoder: ``[PAD]`` 0, ``[UNK]`` 1, then ``characters`` in their order.

    A blank is added at the end when ``characters`` has none, so that white space never counts as an unknown character.
    There are no special tokens around the text.

    Raises:
        ValueError: an entry is not exactly one character, or is repeated.
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
    encoder: str | os.PathLike[str] | PreTrainedTokenizerBase | EncoderVocabulary, *, lower_case: bool | None = None
) -> PreTrainedTokenizerFast:
    """Make a character tokenizer with the ids, special tokens and padding side of a pretrained encoder.

    Args:
        encoder: the encoder's vocabulary, its own tokenizer, or its folder or name, whose files are then read.
        lower_case: fold case; by default what the encoder does.

    Raises:
        ValueError: there is no such vocabulary, it is byte-level, or it has no padding or unknown token.
    """
    if isinstance(encoder, EncoderVocabulary):
        found = encoder
    elif isinstance(encoder, PreTrainedTokenizerBase):
        found = vocabulary_of(encoder)
    else:
        found = resolve_vocabulary(encoder_folder(encoder))
    specials = dict(found.specials)
    vocabulary = _character_vocabulary(found.pieces, keep=set(specials.values()))
    fold = found.lower_case if lower_case is None else lower_case
    backend = _backend(vocabulary, specials["unk_token"], fold, in_parts=found.kind == "sentencepiece")
    around = {part.rpartition(":")[0] for part in (*found.single, *found.pair) if not part.startswith("$")}
    if around:
        backend.post_processor = processors.TemplateProcessing(
            single=list(found.single),
            pair=list(found.pair),
            special_tokens=[(token, vocabulary[token]) for token in sorted(around)],
        )
    options: dict[str, object] = {} if found.model_max_length is None else {"model_max_length": found.model_max_length}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        split_special_tokens=True,
        padding_side=found.padding_side,
        model_input_names=["input_ids", *(["token_type_ids"] if found.token_types else []), "attention_mask"],
        **specials,
        **options,
    )


def _backend(vocabulary: dict[str, int], unknown: str, lower_case: bool, *, in_parts: bool = False) -> Tokenizer:
    # With the prefix, transformers' own pipeline takes a token of one character for a word. The model sees only words
    # of one character, which get no prefix.
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown, continuing_subword_prefix=WORD_INSIDE))
    steps = _normalizers(vocabulary, lower_case, in_parts=in_parts)
    if steps:
        backend.normalizer = normalizers.Sequence(steps)
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
    backend.decoder = decoders.Fuse()
    return backend


def _normalizers(vocabulary: dict[str, int], lower_case: bool, *, in_parts: bool) -> list[normalizers.Normalizer]:
    steps: list[normalizers.Normalizer] = []
    if lower_case:
        steps += [normalizers.Replace("İ", "i"), normalizers.Lowercase()]
    firsts = parts(vocabulary, lower_case=lower_case) if in_parts else {}
    steps += charsmap_steps({**firsts, **replacements(vocabulary, lower_case=lower_case)})
    missing = "".join(f"\\x{{{ord(blank):x}}}" for blank in BLANKS if blank not in vocabulary)
    blank = next((blank for blank in (" ", "\u3000") if blank in vocabulary), None)
    if missing and blank is not None:
        steps.append(normalizers.Replace(Regex(f"[{missing}]"), blank))
    return steps


def _character_vocabulary(vocabulary: Mapping[str, int], *, keep: set[str]) -> dict[str, int]:
    """Name every character's piece by the character itself: ``c``, else ``▁c``, else ``##c``; ids never change."""
    renamed = dict(vocabulary)
    sentence_pieces = any(len(piece) > 1 and piece.startswith(WORD_START) for piece in vocabulary)
    for mark in (WORD_START, WORD_INSIDE):
        for piece in vocabulary:
            character = piece[len(mark) :]
            if piece.startswith(mark) and len(character) == 1 and character not in renamed:
                renamed[character] = renamed.pop(piece)
    if sentence_pieces and " " not in renamed and WORD_START in renamed:
        renamed[" "] = renamed.pop(WORD_START)
    for one, several in compounds().items() if sentence_pieces else ():
        spelt = (mark + form for form in (several, several.lower()) for mark in (WORD_START, ""))
        whole = next((piece for piece in spelt if piece in renamed and piece not in keep), None)
        if whole is not None and one not in renamed:
            renamed[one] = renamed.pop(whole)
    if " " not in renamed and "\u3000" not in renamed:
        blank = next((piece for piece in NAMED_BLANKS if piece in renamed and piece not in keep), None)
        if blank is not None:
            renamed[" "] = renamed.pop(blank)
    return renamed
