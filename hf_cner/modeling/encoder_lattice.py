"""Lattice LSTM: characters and the words of a lexicon, read together (Zhang & Yang 2018; a baseline of P2)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .bigrams import MULTIPLIER
from .character_encoder import CharacterEncoder
from .lattice import LatticeLSTM
from .layers import Embedding
from .packing import move, packing
from .slots import require_positive
from .words import Matches, WordEmbedding


class LatticeEncoder(CharacterEncoder):
    """Character vectors and a bidirectional lattice LSTM over them and the words of a lexicon; see `LatticeLSTM`.

    Words are found in the ids themselves, wherever they stand and however they overlap, so nothing has to be collated
    outside; no word reaches over padding, and none holds a special token, unless the lexicon does.
    As it is a context of its own, `{"kind": "none"}` suits the slot `context`.

    Args:
        vocab_size: number of character ids.
        embedding_size: length of a character's vector.
        word_size: length of a word's vector.
        hidden_size: of each direction; `output_size` is twice that.
        lexicon_size: number of words that there is room for.
        lexicon_nodes: number of different beginnings of words that there is room for, see `words.prefixes_of`.
        longest_word: in characters.
        dropout: rate on the vectors of characters and words.
        word_dropout: rate at which words are left out of the lattice in training. A lexicon of the training mentions
            holds every mention of the training texts, but not every mention of other texts.
        trainable: whether the character vectors learn.
        pad_token_id: the id whose vector stays zero and that no word contains; None if there is none.
    """

    needs = ("vocabulary", "vectors", "words")
    no_graph = "what it computes depends on the words of each text"

    def __init__(
        self,
        *,
        vocab_size: int,
        embedding_size: int = 100,
        word_size: int = 50,
        hidden_size: int = 128,
        lexicon_size: int = 1,
        lexicon_nodes: int = 2,
        longest_word: int = 2,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        trainable: bool = True,
        pad_token_id: int | None = 0,
    ) -> None:
        super().__init__()
        sizes = {"vocab_size": vocab_size, "embedding_size": embedding_size, "word_size": word_size}
        require_positive(sizes | {"hidden_size": hidden_size, "lexicon_size": lexicon_size})
        if longest_word < 2 or lexicon_nodes < 2:
            raise ValueError(
                f"longest_word and lexicon_nodes must be at least 2; found {longest_word} and {lexicon_nodes}."
            )
        if vocab_size >= MULTIPLIER:
            raise ValueError(f"A lattice needs a vocabulary smaller than {MULTIPLIER}; found vocab_size {vocab_size}.")
        if pad_token_id is not None and not 0 <= pad_token_id < vocab_size:
            raise ValueError(f"pad_token_id {pad_token_id} is no id of a vocabulary of {vocab_size}.")
        if not 0 <= word_dropout <= 1:
            raise ValueError(f"word_dropout must lie between 0 and 1; found {word_dropout}.")
        self.pad_token_id, self.word_dropout = pad_token_id, word_dropout
        self.characters: nn.Embedding = Embedding(vocab_size, embedding_size, padding_idx=pad_token_id)
        self.words = WordEmbedding(lexicon_size, word_size, nodes=lexicon_nodes, longest=longest_word)
        self.dropout = nn.Dropout(dropout)
        self.lattice = LatticeLSTM(embedding_size, word_size, hidden_size)
        self.output_size = 2 * hidden_size
        self.trainable = trainable
        if not trainable:
            self.freeze()

    def set_lexicon(self, words: Sequence[Sequence[int]], vectors: object | None = None) -> None:
        """Replace the words of the lexicon.

        Args:
            words: at most `lexicon_size` different ones, each as 2 to `longest_word` character ids.
            vectors: `(len(words), word_size)` pretrained vectors, tensor or array, in the order of the words.

        Raises:
            ValueError: words or vectors that do not fit; then nothing was changed.
        """
        self.words.set_words(words, vectors)

    def encode(
        self, vectors: Tensor, present: Tensor, input_ids: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Read characters and words; without ids no words are found.

        The recurrence is computed in the dtype of its weights, under autocast too.

        Returns:
            The states, zero at padding; and the layers: the characters' vectors, and these states.
        """
        if input_ids is not None and self.pad_token_id is not None:
            present = present & (input_ids != self.pad_token_id)
        if vectors.shape[0] == 0 or vectors.shape[1] == 0:
            encoded = vectors.new_zeros(*vectors.shape[:2], self.output_size)
        else:
            matches = self._matches(input_ids, present)
            with torch.autocast(vectors.device.type, enabled=False):
                encoded = self._encode(vectors.to(self.words.weight.dtype), present, matches)
        return encoded, (vectors, encoded)

    def _matches(self, input_ids: Tensor | None, present: Tensor) -> Matches:
        if input_ids is None:
            none = torch.zeros(0, dtype=torch.long, device=present.device)
            return Matches(none, none, none, none)
        matches = self.words.find(input_ids, present)
        if self.training and self.word_dropout:
            kept = torch.rand(len(matches.word), device=present.device) >= self.word_dropout
            matches = Matches(*(values[kept] for values in matches))
        return matches

    def _encode(self, vectors: Tensor, present: Tensor, matches: Matches) -> Tensor:
        """Gather the characters to the front of each row, move the words along, and bring the states back."""
        sources, targets, mask = packing(present)
        width = present.shape[1]
        packed = [targets[matches.row * width + column] - matches.row * width for column in matches[1:3]]
        states = self.lattice(
            self.dropout(move(vectors, sources, targets)),
            mask,
            Matches(matches.row, packed[0], packed[1], matches.word),
            self.dropout(self.words(matches.word)),
        )
        return move(states, targets, sources)
