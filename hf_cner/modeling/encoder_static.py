"""Static character embeddings, with optional embeddings of the character bigrams on both sides."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .bigrams import MULTIPLIER, BigramEmbedding, bigram_keys
from .character_encoder import CharacterEncoder
from .layers import Embedding
from .slots import require_positive


class StaticEncoder(CharacterEncoder):
    """One trained vector per character; with bigrams also those of (left neighbour, character) and (character, right).

    Args:
        vocab_size: number of character ids.
        embedding_size: length of a character's vector.
        bigram_vocab_size: rows of the bigram embedding, the one shared by unknown bigrams included; 0 for no bigrams.
        bigram_size: length of a bigram's vector; each character gets two.
        dropout: rate on the vectors that leave.
        trainable: whether the character vectors learn.
        pad_token_id: the id whose vector stays zero and that no bigram contains; None if there is none.
    """

    needs = ("vocabulary", "vectors", "bigrams")
    learns_from_corpus = True

    def __init__(
        self,
        *,
        vocab_size: int,
        embedding_size: int = 100,
        bigram_vocab_size: int = 0,
        bigram_size: int = 50,
        dropout: float = 0.0,
        trainable: bool = True,
        pad_token_id: int | None = 0,
    ) -> None:
        super().__init__()
        require_positive({"vocab_size": vocab_size, "embedding_size": embedding_size, "bigram_size": bigram_size})
        if bigram_vocab_size < 0:
            raise ValueError(f"bigram_vocab_size must be at least 0; found {bigram_vocab_size}.")
        if pad_token_id is not None and not 0 <= pad_token_id < vocab_size:
            raise ValueError(f"pad_token_id {pad_token_id} is no id of a vocabulary of {vocab_size}.")
        if bigram_vocab_size and vocab_size >= MULTIPLIER:
            raise ValueError(f"Bigrams need a vocabulary smaller than {MULTIPLIER}; found vocab_size {vocab_size}.")
        self.pad_token_id = pad_token_id
        self.characters: nn.Embedding = Embedding(vocab_size, embedding_size, padding_idx=pad_token_id)
        self.bigrams = BigramEmbedding(bigram_vocab_size, bigram_size) if bigram_vocab_size else None
        self.dropout = nn.Dropout(dropout)
        self.output_size = embedding_size + (2 * bigram_size if bigram_vocab_size else 0)
        self.trainable = trainable
        if not trainable:
            self.freeze()

    def set_bigrams(self, keys: Sequence[int] | Tensor, vectors: Any | None = None) -> None:
        """Say which bigrams have a vector of their own.

        Args:
            keys: at most `bigram_vocab_size - 1` different keys, as `bigram_key` and `frequent_bigrams` make them.
            vectors: `(len(keys), bigram_size)` pretrained vectors, tensor or array, in the order of the keys.
        """
        if self.bigrams is None:
            raise ValueError("This encoder has no bigrams: set its bigram_vocab_size.")
        self.bigrams.set_keys(keys, vectors)

    def encode(self, vectors: Tensor, present: Tensor, input_ids: Tensor | None) -> tuple[Tensor, tuple[Tensor]]:
        """The looked up vectors; without ids all bigrams are unknown, and what is not present forms none."""
        parts = [vectors]
        if self.bigrams is not None and input_ids is not None:
            if self.pad_token_id is not None:
                present = present & (input_ids != self.pad_token_id)
            parts += [self.bigrams(keys) for keys in bigram_keys(input_ids, present)]
        elif self.bigrams is not None:
            parts += 2 * [self.bigrams.weight[0].expand(*vectors.shape[:2], -1)]
        encoded = self.dropout(torch.cat(parts, dim=-1))
        return encoded, (encoded,)
