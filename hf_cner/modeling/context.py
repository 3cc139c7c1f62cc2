"""The context slot: layers that look at each unit's neighbours. A new kind is a class and a line in `CONTEXTS`."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from .convolutions import CNN, IDCNN
from .packing import keep_units
from .recurrent import BiGRU, BiLSTM
from .slots import build

HYBRID: tuple[dict[str, Any], ...] = (
    {"kind": "bilstm", "hidden_size": 128},
    {"kind": "cnn", "kernel_sizes": [3, 5], "filters": 128, "num_layers": 2},
)
"""P5's two branches, which it gives no sizes for."""


class NoContext(nn.Module):
    """Vectors as they came, except that those of no unit are zero."""

    is_empty = True  # nothing in it learns

    def __init__(self, input_size: int) -> None:
        super().__init__()
        self.output_size = input_size

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` bool to `(b, n, d)`."""
        return keep_units(vectors, mask)


class Parallel(nn.Module):
    """Several context layers on the same input, summed (P5: a BiLSTM and a multi-layer CNN).

    Args:
        input_size: length of the vectors that come in.
        branches: context slots, all of one output size.
    """

    def __init__(self, input_size: int, *, branches: Sequence[Mapping[str, Any]] = HYBRID) -> None:
        super().__init__()
        if isinstance(branches, (str, Mapping)) or not branches:
            raise ValueError(f"The branches of a parallel context must be a list of context slots; found {branches!r}.")
        self.branches = nn.ModuleList(build("parallel context's branch", b, CONTEXTS, input_size) for b in branches)
        sizes = [branch.output_size for branch in self.branches]
        if len(set(sizes)) > 1:
            raise ValueError(
                f"The branches of a parallel context are summed and must be of one size; found sizes {sizes}."
            )
        self.output_size = sizes[0]

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` bool to `(b, n, output_size)`, zero where no unit is."""
        results = [branch(vectors, mask) for branch in self.branches]
        return sum(results[1:], start=results[0])


CONTEXTS: dict[str, type[nn.Module]] = {
    "none": NoContext,
    "bilstm": BiLSTM,
    "bigru": BiGRU,
    "idcnn": IDCNN,
    "cnn": CNN,
    "parallel": Parallel,
}
