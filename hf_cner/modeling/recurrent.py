"""Bidirectional recurrent context layers: BiLSTM (P1, P5) and BiGRU (P2)."""

import torch
from torch import Tensor, nn

from .activations import make_activation
from .layers import GRU, LSTM
from .packing import among_units, columns_at, move
from .slots import require_positive


class BiRecurrent(nn.Module):
    """torch's cell in both directions, states concatenated.

    The right-to-left network reads each row's units reversed, by its own length, so both directions see padding only
    after the last unit. The result equals that of a `PackedSequence`. On one CPU thread it takes 0.3 to 0.7 of the
    packed BiLSTM's time in training and 0.75 in inference; of the packed BiGRU's 0.4 to 0.85 and 1.1.

    P2 prints a cell without biases, with the reset gate before the matrix and a sigmoid after the state: misprints or
    not, this is torch's cell.

    Args:
        input_size: length of the vectors that come in.
        hidden_size: of each direction; `output_size` is twice that.
        num_layers: how many layers are stacked; both directions of one feed both of the next.
        dropout: rate between layers; a single layer has none.
        activation: of the concatenated states: None, "relu" (named by P1), "tanh" or "gelu".
    """

    cell: type[LSTM] | type[GRU]

    def __init__(
        self,
        input_size: int,
        *,
        hidden_size: int = 128,
        num_layers: int = 1,
        dropout: float = 0.0,
        activation: str | None = None,
    ) -> None:
        super().__init__()
        require_positive({"hidden_size": hidden_size, "num_layers": num_layers})
        self.output_size = 2 * hidden_size
        sizes = [input_size] + [self.output_size] * (num_layers - 1)
        self.rightward = nn.ModuleList(self.cell(size, hidden_size, batch_first=True) for size in sizes)
        self.leftward = nn.ModuleList(self.cell(size, hidden_size, batch_first=True) for size in sizes)
        self.dropout = nn.Dropout(dropout)
        self.activation = make_activation(activation)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` bool, the units, to `(b, n, output_size)`, zero where no unit is."""
        return among_units(self._contextualize, vectors, mask, self.output_size)

    def _contextualize(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` to `(b, n, 2 * hidden_size)`, packed."""
        columns = torch.arange(mask.shape[1], device=mask.device)
        reversal = columns_at(mask, mask.sum(dim=1, keepdim=True) - 1 - columns)  # its own inverse
        for number, (rightward, leftward) in enumerate(zip(self.rightward, self.leftward, strict=True)):
            if number:
                vectors = self.dropout(vectors)
            to_the_right = rightward(vectors)[0]
            to_the_left = move(leftward(move(vectors, reversal, reversal))[0], reversal, reversal)
            vectors = torch.cat([to_the_right, to_the_left], dim=-1)
        return self.activation(vectors)


class BiLSTM(BiRecurrent):
    """Bidirectional long short-term memory (P1, P5)."""

    cell = LSTM


class BiGRU(BiRecurrent):
    """Bidirectional gated recurrent unit (P2)."""

    cell = GRU
