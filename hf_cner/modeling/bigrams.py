"""Embeddings of character bigrams, found from neighbouring ids and looked up in a sorted table."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from .layers import Embedding, is_loaded, replace_rows

MULTIPLIER = 2**21
"""Ids must be smaller. Fixed, and above the number of code points, so that keys survive a resized vocabulary."""
EDGE = MULTIPLIER - 1
"""The id of a neighbour that is not there: the sequence's edge, or padding."""
NO_KEY = 2**63 - 1
"""Fills the rest of a table that has more room than keys; larger than any key, so the table stays sorted."""


def bigram_key(left: int, right: int) -> int:
    """The key of two neighbouring ids; `EDGE` stands for a neighbour that is not there."""
    if not (0 <= left < MULTIPLIER and 0 <= right < MULTIPLIER):
        raise ValueError(f"Ids in a bigram must lie in 0…{MULTIPLIER - 1}; found {left} and {right}.")
    return left * MULTIPLIER + right


def bigram_keys(input_ids: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Keys of the bigrams (left neighbour, id) and (id, right neighbour) at every column.

    Args:
        input_ids: `(b, n)`.
        present: `(b, n)` bool; a column that is not present counts as an edge to its neighbours.

    Returns:
        Two tensors `(b, n)`, long.
    """
    ids = torch.where(present, input_ids.long(), EDGE)  # keys need 64 bits
    edge = torch.full_like(ids[:, :1], EDGE)
    left = torch.cat([edge, ids[:, :-1]], dim=1)
    right = torch.cat([ids[:, 1:], edge], dim=1)
    return left * MULTIPLIER + ids, ids * MULTIPLIER + right


def rows_of_keys(table: Tensor, keys: Tensor) -> Tensor:
    """Row i + 1 for a key that stands at `table[i]`, row 0 for one that is not there; `table` `(k,)` is sorted."""
    if len(table) == 0:
        return torch.zeros_like(keys)
    position = torch.searchsorted(table, keys).clamp(max=len(table) - 1)
    return torch.where(table[position] == keys, position + 1, 0)


def frequent_bigrams(sequences: Iterable[Sequence[int]], *, limit: int, min_count: int = 1) -> list[int]:
    """Keys of the most frequent bigrams in sequences of ids, edges included, the most frequent first.

    Args:
        limit: how many at most; an encoder has room for `bigram_vocab_size - 1`.
        min_count: leave out what occurs less often; the vector of the unknown bigram then learns from them.
    """
    counts: Counter[int] = Counter()
    for ids in sequences:
        if ids:
            padded = [EDGE, *ids, EDGE]
            counts.update(bigram_key(left, right) for left, right in pairwise(padded))
    ranked = sorted((-count, key) for key, count in counts.items() if count >= min_count)
    return [key for _, key in ranked[:limit]]


class BigramEmbedding(Embedding):
    """Vectors of bigrams: row i + 1 belongs to the key `table[i]`, row 0 to all bigrams that are not in the table.

    The table is a persistent buffer of the size that the configuration gives, so that no collator is needed, and a
    checkpoint carries it.

    Args:
        rows: number of vectors, the shared one included.
        size: length of a vector.
    """

    table: Tensor

    def __init__(self, rows: int, size: int) -> None:
        super().__init__(rows, size)
        self.register_buffer("table", torch.full((rows - 1,), NO_KEY))

    def reset_parameters(self) -> None:
        """Vectors as in `Embedding`, and a table without keys."""
        super().reset_parameters()
        table = getattr(self, "table", None)  # torch's constructor calls this before they exist
        if table is not None and not is_loaded(table):
            nn.init.constant_(table, NO_KEY)

    @torch.no_grad()
    def set_keys(self, keys: Sequence[int] | Tensor, vectors: Tensor | None = None) -> None:
        """Say which bigrams have a vector of their own, see `StaticEncoder.set_bigrams`."""
        ordered, positions = torch.sort(torch.as_tensor(keys, dtype=torch.long).flatten())
        if len(ordered) > len(self.table):
            raise ValueError(f"{len(ordered)} bigrams do not fit into a table for {len(self.table)} (rows - 1).")
        if len(ordered) and (ordered[0] < 0 or ordered[-1] == NO_KEY or (ordered[1:] == ordered[:-1]).any()):
            raise ValueError("Bigram keys must be different from each other, and made by bigram_key.")
        if vectors is not None:
            rows = torch.empty_like(positions).scatter_(0, positions, torch.arange(1, len(ordered) + 1))
            replace_rows(self, rows, vectors, "bigram")
        self.table.fill_(NO_KEY)
        self.table[: len(ordered)] = ordered.to(self.table.device)

    def forward(self, keys: Tensor) -> Tensor:
        """Keys of any shape `(...)`, long, to vectors `(..., size)`."""
        return super().forward(rows_of_keys(self.table, keys))
