"""Embeddings of words, and where in a sequence of ids the words of a lexicon stand: a prefix tree in sorted tables."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .bigrams import EDGE, MULTIPLIER, NO_KEY, rows_of_keys
from .layers import Embedding, is_loaded, replace_rows

NO_WORD = -1
"""The row of a prefix that is no word."""

Word = tuple[int, ...]


class Matches(NamedTuple):
    """Words found in a batch, `(m,)` long each, by length, then row, then column."""

    row: Tensor
    """The sequence."""
    start: Tensor
    """The column of the word's first character."""
    end: Tensor
    """The column of its last character."""
    word: Tensor
    """The word's number in the lexicon."""


def prefixes_of(words: Sequence[Word]) -> list[Word]:
    """All prefixes of the words, the words included, shorter ones first; each is a node of their tree."""
    found = {word[:length] for word in words for length in range(1, len(word) + 1)}
    return sorted(found, key=lambda prefix: (len(prefix), prefix))


class WordEmbedding(Embedding):
    """Vectors of the words of a lexicon, and the prefix tree that finds them.

    Prefixes are numbered from 1, in the order of `prefixes_of`; 0 is the empty one. `edges[i]` is the key of prefix i +
    1: the number of the prefix without its last id, times `MULTIPLIER`, plus that id. In this order the keys are
    sorted, so the tree is one table for `searchsorted`. `rows[i]` is the word that prefix i + 1 is, or `NO_WORD`. Both
    are persistent buffers with sizes from the configuration, so a checkpoint holds its lexicon.

    Args:
        rows: number of words.
        size: length of a vector.
        nodes: largest number of prefixes.
        longest: of a word, in characters.
    """

    edges: Tensor
    rows: Tensor

    def __init__(self, rows: int, size: int, *, nodes: int, longest: int) -> None:
        super().__init__(rows, size)
        self.longest = longest
        self.register_buffer("edges", torch.full((nodes,), NO_KEY))
        self.register_buffer("rows", torch.full((nodes,), NO_WORD))

    def reset_parameters(self) -> None:
        """Vectors as in `Embedding`, and a lexicon without words."""
        super().reset_parameters()
        for name, value in (("edges", NO_KEY), ("rows", NO_WORD)):
            table = getattr(self, name, None)  # torch's constructor calls this before they exist
            if table is not None and not is_loaded(table):
                nn.init.constant_(table, value)

    @torch.no_grad()
    def set_words(self, words: Sequence[Sequence[int]], vectors: object | None = None) -> None:
        """Say which words there are, see `LatticeEncoder.set_lexicon`."""
        tuples = [tuple(word) for word in words]
        if len(tuples) > len(self.weight):
            raise ValueError(f"{len(tuples)} words do not fit into a lexicon for {len(self.weight)} (lexicon_size).")
        if len(set(tuples)) < len(tuples):
            raise ValueError("The words of a lexicon must be different from each other.")
        for word in tuples:
            if not 2 <= len(word) <= self.longest:
                raise ValueError(
                    f"A word of the lexicon has {len(word)} characters; there is room for 2 to {self.longest} "
                    "(longest_word)."
                )
            if not all(0 <= i < EDGE for i in word):
                raise ValueError(f"Ids in a word must lie in 0…{EDGE - 1}; found {min(word)}…{max(word)}.")
        prefixes = prefixes_of(tuples)
        if len(prefixes) > len(self.edges):
            raise ValueError(
                f"The words have {len(prefixes)} beginnings, more than the {len(self.edges)} that there is room for "
                "(lexicon_nodes)."
            )
        if vectors is not None:
            replace_rows(self, torch.arange(len(tuples)), vectors, "word")
        number = {prefix: index for index, prefix in enumerate(prefixes, 1)}
        row = {word: index for index, word in enumerate(tuples)}
        self.edges.fill_(NO_KEY)
        self.rows.fill_(NO_WORD)
        edges = [number.get(prefix[:-1], 0) * MULTIPLIER + prefix[-1] for prefix in prefixes]
        self.edges[: len(prefixes)] = torch.tensor(edges, dtype=torch.long, device=self.edges.device)
        rows = [row.get(prefix, NO_WORD) for prefix in prefixes]
        self.rows[: len(prefixes)] = torch.tensor(rows, dtype=torch.long, device=self.rows.device)

    @torch.no_grad()
    def find(self, input_ids: Tensor, present: Tensor) -> Matches:
        """Every word in every sequence, overlapping or not.

        Args:
            input_ids: `(b, n)`.
            present: `(b, n)` bool; no word contains a column that is not present.
        """
        width = input_ids.shape[1]
        found = []
        node, alive = torch.zeros_like(input_ids), present
        for length in range(1, min(self.longest, width) + 1):  # the words that begin at a column, all columns at once
            begins, last = width - length + 1, input_ids[:, length - 1 :]
            node, alive = node[:, :begins], alive[:, :begins] & present[:, length - 1 :]
            node = torch.where(alive, rows_of_keys(self.edges, node * MULTIPLIER + last), 0)
            alive = node > 0
            word = torch.where(alive, self.rows[(node - 1).clamp(min=0)], NO_WORD)
            found.append(nn.functional.pad(word, (0, length - 1), value=NO_WORD))
        if not found:
            none = input_ids.new_zeros(0)
            return Matches(none, none, none, none)
        words = torch.stack(found)
        longer, row, start = (words != NO_WORD).nonzero(as_tuple=True)
        return Matches(row, start, start + longer, words[longer, row, start])
