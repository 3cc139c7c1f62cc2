"""What encoders need from the training texts and from files: a function for each name in `Encoder.needs`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from ..data.documents import Document
from ..modeling.bigrams import MULTIPLIER, frequent_bigrams
from ..modeling.characters import CharacterTable
from ..modeling.encoders import ENCODERS
from ..modeling.windows import make_windows
from ..settings.section import Plain
from ..settings.training import EncoderSlot, TrainSettings
from .given_vectors import size_of, vectors_of
from .lexicon import rows_of, word_list

BIGRAM_LIMIT = 100_000  # rows; the default where a preset only gives the size of a bigram's vector
BIGRAM_MIN_COUNT = 2  # rarer ones share the vector of unknown bigrams
FILES = {"vectors": "path", "bigrams": "bigram_path"}  # need -> the setting of `vectors` that only it reads

Fill = Callable[[Any], None]
"""Fills an encoder with what was made for it."""


@dataclass(frozen=True)
class Source:
    """What the functions of `NEEDS` work from.

    Attributes:
        documents: the training documents only.
        vectors: of characters, from the file that the settings name.
        notes: facts for the results, which the functions add.
    """

    settings: TrainSettings
    documents: Sequence[Document]
    tokenizer: PreTrainedTokenizerBase
    vectors: Mapping[str, np.ndarray]
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def slot(self) -> EncoderSlot:
        """The slot as the settings have it."""
        return self.settings.model.encoder


def check_files(settings: TrainSettings) -> None:
    """Raise ValueError if the settings name a file of vectors that the kind of encoder does not use."""
    slot = settings.model.encoder
    for need, name in FILES.items():
        if getattr(settings.vectors, name) and need not in ENCODERS[slot.kind].needs:
            raise ValueError(
                f"vectors.{name} is given, but an encoder of kind {slot.kind} takes no {need} from a file; leave it "
                "out, or choose another model.encoder.kind."
            )


def meet(source: Source, made: Plain) -> list[Fill]:
    """Add the options that the encoder needs to `made`, its slot; returns functions that fill the encoder."""
    fills = [NEEDS[need](source, made) for need in ENCODERS[source.slot.kind].needs]
    return [fill for fill in fills if fill is not None]


def _configuration(source: Source, made: Plain) -> None:
    made["config"] = {**(source.slot.config or {}), "vocab_size": len(source.tokenizer), "pad_token_id": 0}


def _vocabulary(source: Source, made: Plain) -> None:
    made["vocab_size"] = len(source.tokenizer)


def _vectors(source: Source, made: Plain) -> Fill | None:
    made |= size_of("embedding_size", source.slot.embedding_size, source.vectors, "vectors.path")
    if not source.vectors:
        return None
    ids = [source.tokenizer.convert_tokens_to_ids(token) for token in source.vectors]
    rows = torch.from_numpy(np.stack(list(source.vectors.values())))
    return lambda encoder: encoder.load_vectors(ids, rows)


def _words(source: Source, made: Plain) -> Fill:
    options, lower_case = source.settings.lexicon, source.settings.tokenizer.lower_case
    vectors = vectors_of(options.vectors, lower_case)
    made |= size_of("word_size", source.slot.word_size, vectors, "lexicon.vectors")
    words = word_list(options, source.documents, vectors, source.tokenizer)
    made |= words.slot()
    source.notes["lexicon"] = words.about()
    return lambda encoder: encoder.set_lexicon(words.words, rows_of(words, encoder.words.weight.detach().numpy()))


def _bigrams(source: Source, made: Plain) -> Fill | None:
    slot, settings = source.slot, source.settings
    vectors = vectors_of(settings.vectors.bigram_path, settings.tokenizer.lower_case, length=2)
    if not _has_bigrams(slot, vectors):
        if slot.bigram_vocab_size == 0:
            made.pop("bigram_size", None)
        return None
    made |= size_of("bigram_size", slot.bigram_size, vectors, "vectors.bigram_path")
    keys = _frequent(source)
    made["bigram_vocab_size"] = len(keys) + 1
    if not keys:
        return None

    def fill(encoder: Any) -> None:
        size = encoder.bigrams.weight.shape[1]
        encoder.set_bigrams(keys, _bigram_rows(keys, source.tokenizer, vectors, size) if vectors else None)

    return fill


def _has_bigrams(slot: EncoderSlot, vectors: Mapping[str, np.ndarray]) -> bool:
    """Whether the encoder has bigrams; a `bigram_vocab_size` of 0 switches them off."""
    wanted = slot.bigram_vocab_size
    if wanted is None:
        return bool(slot.bigram_size or vectors)
    if wanted < 0:
        raise ValueError(f"model.encoder.bigram_vocab_size is {wanted}; it must be at least 0.")
    if not wanted and vectors:
        raise ValueError(
            "model.encoder.bigram_vocab_size is 0, no bigrams, but vectors.bigram_path is given; leave one out."
        )
    return bool(wanted)


def _frequent(source: Source) -> list[int]:
    """Keys of the bigrams of the training texts, within their windows."""
    table, windows = CharacterTable(source.tokenizer), source.settings.model.windows
    cut = functools.partial(
        make_windows,
        policy=windows.policy,
        max_length=windows.max_length,
        overlap=windows.overlap,
        sentence_ends=windows.sentence_ends,
        merge=windows.merge,
    )
    texts = (document.text for document in source.documents)
    sequences = (table.ids(text)[window.start : window.end] for text in texts for window in cut(text))
    limit = (source.slot.bigram_vocab_size or BIGRAM_LIMIT) - 1
    return frequent_bigrams(sequences, limit=limit, min_count=BIGRAM_MIN_COUNT)


def _bigram_rows(
    keys: Sequence[int], tokenizer: PreTrainedTokenizerBase, vectors: Mapping[str, np.ndarray], size: int
) -> torch.Tensor:
    """`(len(keys), size)`: the vector of each bigram; a random one, as in a new encoder, if the file has none."""
    bound = math.sqrt(3.0 / size)
    rows = torch.empty(len(keys), size).uniform_(-bound, bound)
    names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    for row, key in enumerate(keys):
        left, right = divmod(key, MULTIPLIER)
        if left < len(names) and right < len(names):
            vector = vectors.get(names[left] + names[right])
            if vector is not None:
                rows[row] = torch.from_numpy(vector)
    return rows


NEEDS: dict[str, Callable[[Source, Plain], Fill | None]] = {
    "configuration": _configuration,
    "vocabulary": _vocabulary,
    "vectors": _vectors,
    "bigrams": _bigrams,
    "words": _words,
}
"""Name in `Encoder.needs` -> function that adds options to the slot, and returns what fills the encoder."""
