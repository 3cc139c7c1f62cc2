"""Static character embeddings, with optional embeddings of the character bigrams on both sides."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from .bigrams import MULTIPLIER, NO_KEY, bigram_keys, rows_of_keys
from .slots import require_positive


class StaticEncoder(nn.Module):
    """One trained vector per character; with bigrams also those of (left neighbour, character) and (character, right).

    Bigrams are found inside, from neighbouring ids, in the sorted table `bigram_table` (a persistent buffer of the size
    that the configuration gives), so that nobody outside has to collate anything. Row 0 of the bigram embedding is
    shared by all bigrams that are not in the table; row i + 1 belongs to the key at `bigram_table[i]`.

    Args:
        vocab_size: number of character ids.
        embedding_size: length of a character's vector.
        bigram_vocab_size: rows of the bigram embedding, the shared one included; 0 for no bigrams.
        bigram_size: length of a bigram's vector; each character gets two.
        dropout: rate on the vectors that leave.
        trainable: whether the character vectors learn.
        pad_token_id: the id whose vector stays zero and that no bigram contains; None if there is none.
    """

    max_length: int | None = None
    bigram_table: Tensor

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
        self.characters = nn.Embedding(vocab_size, embedding_size, padding_idx=pad_token_id)
        self.characters.weight.requires_grad_(trainable)
        self.output_size = embedding_size
        if bigram_vocab_size:
            self.bigrams = nn.Embedding(bigram_vocab_size, bigram_size)
            self.register_buffer("bigram_table", torch.empty(bigram_vocab_size - 1, dtype=torch.long))
            self.output_size += 2 * bigram_size
        self.bigram_vocab_size = bigram_vocab_size
        self.dropout = nn.Dropout(dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform vectors of variance 1 / size (the rule of Glorot and of most taggers), and an empty bigram table."""
        _reset_embedding(self.characters)
        if self.bigram_vocab_size:
            _reset_embedding(self.bigrams)
            if not getattr(self.bigram_table, "_is_hf_initialized", False):  # already read from a checkpoint
                self.bigram_table.fill_(NO_KEY)

    def get_input_embeddings(self) -> nn.Embedding:
        """The character embedding."""
        return self.characters

    def set_input_embeddings(self, embeddings: nn.Embedding) -> None:
        """Replace the character embedding, e.g. by a larger one: bigram keys do not depend on the vocabulary's size."""
        self.characters = embeddings

    @torch.no_grad()
    def load_vectors(self, ids: Sequence[int], vectors: Tensor) -> None:
        """Copy pretrained vectors into the character embedding.

        Args:
            ids: k different character ids.
            vectors: `(k, embedding_size)`, the vector of each.
        """
        self.characters.weight.copy_(_with_rows(self.characters.weight, ids, vectors, "character"))

    @torch.no_grad()
    def set_bigrams(self, keys: Sequence[int] | Tensor, vectors: Tensor | None = None) -> None:
        """Say which bigrams have a vector of their own.

        Args:
            keys: at most `bigram_vocab_size - 1` different keys, as `bigrams.bigram_key` makes them.
            vectors: `(len(keys), bigram_size)` pretrained vectors, in the order of the keys.
        """
        if not self.bigram_vocab_size:
            raise ValueError("This encoder has no bigrams: set its bigram_vocab_size.")
        ordered, positions = torch.sort(torch.as_tensor(keys, dtype=torch.long).flatten())
        capacity = len(self.bigram_table)
        if len(ordered) > capacity:
            raise ValueError(f"{len(ordered)} bigrams do not fit into a table for {capacity} (bigram_vocab_size - 1).")
        if len(ordered) and (ordered[0] < 0 or ordered[-1] == NO_KEY or (ordered[1:] == ordered[:-1]).any()):
            raise ValueError("Bigram keys must be different from each other, and made by bigram_key.")
        if vectors is not None:
            rows = torch.empty_like(positions).scatter_(0, positions, torch.arange(1, len(ordered) + 1))
            self.bigrams.weight.copy_(_with_rows(self.bigrams.weight, rows, vectors, "bigram"))
        self.bigram_table.fill_(NO_KEY)
        self.bigram_table[: len(ordered)] = ordered.to(self.bigram_table.device)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> BaseModelOutput:
        """Look up the vectors.

        Args:
            input_ids: `(b, n)`; or
            inputs_embeds: `(b, n, embedding_size)` character vectors; all bigrams are then unknown.
            attention_mask: `(b, n)`; with bigrams, where it is 0 nobody has a neighbour.
            token_type_ids: not used; taken because every encoder is called alike.
            output_attentions: there are none.

        Returns:
            `last_hidden_state` `(b, n, output_size)`, and the same as the only one of `hidden_states` when asked.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("Give exactly one of input_ids and inputs_embeds.")
        if inputs_embeds is None:
            inputs_embeds = self.characters(input_ids)
        parts = [inputs_embeds]
        if self.bigram_vocab_size:
            parts += self._bigram_vectors(input_ids, attention_mask, inputs_embeds)
        vectors = self.dropout(torch.cat(parts, dim=-1))
        return BaseModelOutput(last_hidden_state=vectors, hidden_states=(vectors,) if output_hidden_states else None)

    def _bigram_vectors(self, input_ids: Tensor | None, attention_mask: Tensor | None, like: Tensor) -> list[Tensor]:
        """Vectors of the bigrams to the left and to the right, each `(b, n, bigram_size)`."""
        if input_ids is None:
            unknown = torch.zeros(like.shape[:2], dtype=torch.long, device=like.device)
            return [self.bigrams(unknown)] * 2
        present = torch.ones_like(input_ids, dtype=torch.bool) if attention_mask is None else attention_mask.bool()
        if self.pad_token_id is not None:
            present = present & (input_ids != self.pad_token_id)
        keys = bigram_keys(input_ids, present)
        return [self.bigrams(rows_of_keys(self.bigram_table, side)) for side in keys]


def _reset_embedding(embedding: nn.Embedding) -> None:
    bound = math.sqrt(3.0 / embedding.embedding_dim)
    nn.init.uniform_(embedding.weight, -bound, bound)
    loaded = getattr(embedding.weight, "_is_hf_initialized", False)  # a slice does not carry the flag that guards it
    if embedding.padding_idx is not None and not loaded:
        nn.init.zeros_(embedding.weight[embedding.padding_idx])


def _with_rows(weight: Tensor, rows: Sequence[int] | Tensor, vectors: Tensor, what: str) -> Tensor:
    """A copy of `weight` with some rows replaced; ValueError when they do not fit."""
    rows = torch.as_tensor(rows, dtype=torch.long, device=weight.device).flatten()
    vectors = torch.as_tensor(vectors).to(weight)
    if vectors.shape != (len(rows), weight.shape[1]):
        raise ValueError(
            f"{len(rows)} {what} vectors of length {weight.shape[1]} are expected; "
            f"found an array of shape {tuple(vectors.shape)}."
        )
    if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(weight):
        raise ValueError(f"The {what} ids must lie in 0…{len(weight) - 1}; found {int(rows.min())}…{int(rows.max())}.")
    if not torch.isfinite(vectors).all():
        raise ValueError(f"The {what} vectors contain NaN or infinity.")
    changed = weight.detach().clone()
    changed[rows] = vectors
    return changed
