"""ELMo on characters (Peters et al. 2018): layers of a bidirectional language model, weighted and summed."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .character_encoder import CharacterEncoder
from .layers import LSTM, Embedding
from .packing import among_units, columns_at, move
from .slots import require_positive
from .units import token_mask


class ScalarMix(nn.Module):
    """γ Σ softmax(w)_j h_j over k layers (Peters et al. 2018, equation 1); begins as their plain average."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.empty(size))
        self.gamma = nn.Parameter(torch.empty(()))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Equal weights, and γ = 1."""
        nn.init.zeros_(self.weights)
        nn.init.ones_(self.gamma)

    def forward(self, layers: Sequence[Tensor]) -> Tensor:
        """k tensors of one shape to one of that shape."""
        shares = torch.softmax(self.weights, dim=0).unbind()
        mixed: Any = sum(share * layer for share, layer in zip(shares, layers, strict=True))
        return self.gamma * mixed


class ElmoEncoder(CharacterEncoder):
    """A language model that reads to the right, one that reads to the left, and a weighted sum of their layers.

    Characters take the place of the paper's words, so an embedding takes that of its convolutions over the letters of a
    word. Both directions share it, and nothing else: in every layer, a rightward state depends on its own character and
    those before it, a leftward state on its own and those behind it. From the second layer on, a layer's input is added
    to its output, as in the paper.

    Only units are read. Padding and special tokens are left out wherever they stand, and their vectors are zero.

    Args:
        vocab_size: number of character ids.
        embedding_size: length of a character's vector, and of what leaves each direction.
        hidden_size: of the cells; if it is larger than `embedding_size`, their output is projected to that (the paper's
            4096 to 512).
        num_layers: recurrent layers of each direction.
        dropout: rate on the vectors that leave.
        layer_dropout: rate on what enters each recurrent layer; none while the language model is not trainable.
        trainable: whether the language model learns; the weights of its layers always do.
        non_unit_ids: ids that are no text (padding, cls, sep, …).

    Raises:
        ValueError: a size below 1, cells that are smaller than their output, or an id that is not in the vocabulary.
    """

    has_checkpoints = True
    made_by = "hf-cner pretrain --objective bilm"

    def __init__(
        self,
        *,
        vocab_size: int,
        embedding_size: int = 256,
        hidden_size: int = 256,
        num_layers: int = 2,
        dropout: float = 0.0,
        layer_dropout: float = 0.0,
        trainable: bool = True,
        non_unit_ids: Sequence[int] = (0,),
    ) -> None:
        super().__init__()
        require_positive({"vocab_size": vocab_size, "embedding_size": embedding_size, "hidden_size": hidden_size})
        require_positive({"num_layers": num_layers})
        if hidden_size < embedding_size:
            raise ValueError(
                f"hidden_size is {hidden_size}, embedding_size {embedding_size}: a cell's output can be projected to "
                "fewer numbers, not to more; make hidden_size at least embedding_size."
            )
        if wrong := [number for number in non_unit_ids if not 0 <= number < vocab_size]:
            raise ValueError(f"non_unit_ids holds {wrong}, which are no ids of a vocabulary of {vocab_size}.")
        self.non_unit_ids = list(non_unit_ids)
        self.characters: nn.Embedding = Embedding(vocab_size, embedding_size)
        projection = embedding_size if hidden_size > embedding_size else 0
        self.rightward, self.leftward = (
            nn.ModuleList(
                LSTM(embedding_size, hidden_size, proj_size=projection, batch_first=True) for _ in range(num_layers)
            )
            for _ in range(2)
        )
        self.mix = ScalarMix(num_layers + 1)
        self.dropout = nn.Dropout(dropout)
        self.layer_dropout = nn.Dropout(layer_dropout if trainable else 0.0)
        self.output_size = 2 * embedding_size
        self.trainable = trainable
        if not trainable:
            self.freeze()

    def freeze(self) -> None:
        """Freeze the language model; called again after loading, which makes new parameters."""
        for part in (self.characters, self.rightward, self.leftward):
            part.requires_grad_(False)

    def encode(self, vectors: Tensor, present: Tensor, input_ids: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read in both directions, and mix the layers; of vectors without ids all that is present is read.

        Returns:
            The mixture, and the `num_layers + 1` layers that went into it, each `(b, n, output_size)`, to the right in
            the first half and to the left in the second. In layer 0 both are the character's own vector.
        """
        units = token_mask(input_ids, present, self.non_unit_ids)
        number = len(self.rightward) + 1
        layers = among_units(self._layers, vectors, units, number * self.output_size).chunk(number, dim=-1)
        return self.dropout(self.mix(layers)), layers

    def _layers(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)`, packed, to `(b, n, (num_layers + 1) * output_size)`: the layers side by side."""
        columns = torch.arange(mask.shape[1], device=mask.device)
        reversal = columns_at(mask, mask.sum(dim=1, keepdim=True) - 1 - columns)  # its own inverse
        to_the_right = self._one_way(self.rightward, vectors)
        to_the_left = [
            move(states, reversal, reversal)
            for states in self._one_way(self.leftward, move(vectors, reversal, reversal))
        ]
        pairs = zip(to_the_right, to_the_left, strict=True)
        return torch.cat([vectors, vectors, *(half for pair in pairs for half in pair)], dim=-1)

    def _one_way(self, cells: nn.ModuleList, vectors: Tensor) -> list[Tensor]:
        """The states `(b, n, d)` of each layer of one direction, in the order in which that direction reads."""
        layers: list[Tensor] = []
        for cell in cells:
            states = cell(self.layer_dropout(vectors))[0]
            vectors = states + vectors if layers else states  # the embedding itself is not added
            layers.append(vectors)
        return layers
