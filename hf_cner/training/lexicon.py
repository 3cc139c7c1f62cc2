"""The lexicon of a lattice encoder: from the settings and the training documents to words as ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from ..data.documents import Document
from ..data.lexicon import Lexicon, mentions_of, read_lexicon
from ..modeling.characters import CharacterTable
from ..modeling.words import Word, prefixes_of
from ..settings.training import LexiconSettings

MIN_LENGTH, MAX_LENGTH = 2, 16  # of a word in characters, where the settings do not say


@dataclass(frozen=True)
class WordList:
    """The words of a lattice, as the tokenizer sees them: words that it cannot tell apart are one."""

    words: list[Word]
    vectors: dict[Word, np.ndarray]
    left_out: int
    """Words too short, too long, or with a character that is not in the vocabulary."""
    unused: int
    """Number of words that occur in no training text: their vectors learn nothing."""

    def slot(self) -> dict[str, int]:
        """The encoder's options for these words."""
        return {
            "lexicon_size": len(self.words),
            "lexicon_nodes": len(prefixes_of(self.words)),
            "longest_word": max(map(len, self.words)),
        }

    def about(self) -> dict[str, int]:
        """Facts for the results."""
        return {
            "words": len(self.words),
            "with_vectors": sum(word in self.vectors for word in self.words),
            "in_no_training_text": self.unused,
            "left_out": self.left_out,
        }


def word_list(
    options: LexiconSettings,
    documents: Sequence[Document],
    vectors: Mapping[str, np.ndarray],
    tokenizer: PreTrainedTokenizerBase,
) -> WordList:
    """The words of all sources together: the training mentions, a file, and a file of vectors.

    Args:
        options: the section `lexicon` of the settings.
        documents: the training documents only: a lexicon of test mentions would give the answers away.
        vectors: of words, by word.

    Raises:
        ValueError: impossible lengths, a file without words, or no word at all.
    """
    shortest, longest = options.min_length or MIN_LENGTH, options.max_length or MAX_LENGTH
    if not 2 <= shortest <= longest:
        raise ValueError(
            f"lexicon.min_length is {shortest} and lexicon.max_length {longest}; a lattice takes words of at least 2 "
            "characters, and min_length must not be greater than max_length."
        )
    found = mentions_of(documents) if options.from_training else []
    if options.path:
        found += read_lexicon(options.path)
    table, unknown = CharacterTable(tokenizer), tokenizer.unk_token_id
    words: dict[Word, None] = {}
    rows: dict[Word, np.ndarray] = {}
    left_out = 0
    for text in dict.fromkeys([*found, *(token for token in vectors if len(token) > 1)]):
        word = tuple(table.ids(text))
        if not shortest <= len(word) <= longest or unknown in word:
            left_out += 1
            continue
        words.setdefault(word)
        if text in vectors:
            rows.setdefault(word, vectors[text])
    if not words:
        raise ValueError(
            f"The lexicon is empty: {left_out} words were found, none with {shortest} to {longest} known characters. A "
            "lattice encoder needs words: from the training mentions (lexicon.from_training=true), from your list "
            "(lexicon.path=FILE) or from word vectors (lexicon.vectors=FILE)."
        )
    # A character for each id, whatever it is: Lexicon finds words in strings.
    lexicon = Lexicon("".join(map(chr, word)) for word in words)
    unused = lexicon.unused("".join(map(chr, table.ids(document.text))) for document in documents)
    return WordList(list(words), rows, left_out, len(unused))


def rows_of(words: WordList, initial: np.ndarray) -> np.ndarray:
    """`(k, size)`: the vector of each word, where it has one; else that of `initial` `(k, size)`."""
    return np.stack([words.vectors.get(word, row) for word, row in zip(words.words, initial, strict=True)])
