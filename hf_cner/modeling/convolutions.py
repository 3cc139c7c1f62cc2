"""Convolutional context layers: iterated dilated convolutions (P4) and convolutions of several widths (P5, P2)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .activations import RECTIFIERS, make_activation
from .layers import Convolution
from .packing import among_units
from .slots import require_positive


class IDCNN(nn.Module):
    """Iterated dilated convolutions (P4 §3.2): one block, applied several times with the same parameters.

    P4: four identical blocks of three convolutions with dilations 1, 1, 2, 128 filters, ReLU; every iteration takes the
    former one's result. It gives no width: 3, by which a unit sees 33 characters. Nor does it say how the weights
    begin: near the identity (`Convolution`), as in the code of the paper that it takes the layer from.

    Args:
        input_size: length of the vectors that come in.
        filters: of every convolution.
        kernel_size: width.
        dilations: one convolution of the block each.
        blocks: how often the block is applied.
        activation: after each convolution: None, "relu", "tanh" or "gelu".
        dropout: rate on every iteration's result.
        projection: whether a convolution of width 1 comes first; None means: where `input_size` is not `filters`, for
            the shared block needs as many vectors' components as it makes.
        output: "last" iteration (P4), or the "concat" of all of them.
    """

    def __init__(
        self,
        input_size: int,
        *,
        filters: int = 128,
        kernel_size: int = 3,
        dilations: Sequence[int] = (1, 1, 2),
        blocks: int = 4,
        activation: str | None = "relu",
        dropout: float = 0.0,
        projection: bool | None = None,
        output: str = "last",
    ) -> None:
        super().__init__()
        require_positive({"filters": filters, "kernel_size": kernel_size, "dilations": dilations, "blocks": blocks})
        if output not in ("last", "concat"):
            raise ValueError(f"Unknown output {output!r} of idcnn; choose 'last' or 'concat'.")
        if projection is False and input_size != filters:
            raise ValueError(
                f"idcnn without projection needs {input_size} filters, as many as come in; found {filters}."
            )
        self.blocks, self.output = blocks, output
        project = projection if projection is not None else input_size != filters
        self.projection = Convolution(input_size, filters, 1) if project else nn.Identity()
        rectified = activation in RECTIFIERS
        self.block = nn.ModuleList(
            Convolution(filters, filters, kernel_size, dilation=d, rectified=rectified, near_identity=True)
            for d in dilations
        )
        self.activation = make_activation(activation)
        self.dropout = nn.Dropout(dropout)
        self.output_size = filters if output == "last" else filters * blocks

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` bool, the units, to `(b, n, output_size)`, zero where no unit is."""
        return among_units(self._contextualize, vectors, mask, self.output_size)

    def _contextualize(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` to `(b, n, output_size)`, packed."""
        padding = ~mask.unsqueeze(1)
        vectors = self.projection(vectors.transpose(1, 2)).masked_fill(padding, 0.0)
        results = []
        for _ in range(self.blocks):
            for convolution in self.block:
                vectors = self.activation(convolution(vectors)).masked_fill(padding, 0.0)
            vectors = self.dropout(vectors)
            results.append(vectors)
        return (vectors if self.output == "last" else torch.cat(results, dim=1)).transpose(1, 2)


class CNN(nn.Module):
    """Convolutions of several widths side by side, each with max pooling that keeps the length (P5; P2's CNN-CRF).

    P5 pools after its convolutions; a CRF needs a vector per character, so pooling takes the maximum over a window
    around each character (stride 1). Padding never wins: it counts as minus infinity.

    Args:
        input_size: length of the vectors that come in.
        kernel_sizes: the widths.
        filters: for each width: one number for all, or a list with one for each.
        num_layers: how many such layers stand on each other.
        pool_size: width of the pooling window, odd; 1 pools nothing.
        activation: after each convolution: None, "relu", "tanh" or "gelu".
        dropout: rate between layers; a single layer has none.
    """

    def __init__(
        self,
        input_size: int,
        *,
        kernel_sizes: Sequence[int] = (3, 5, 7),
        filters: int | Sequence[int] = 64,
        num_layers: int = 1,
        pool_size: int = 3,
        activation: str | None = "relu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        numbers = [filters] * len(kernel_sizes) if isinstance(filters, int) else list(filters)
        require_positive({"kernel_sizes": kernel_sizes, "filters": numbers, "num_layers": num_layers})
        require_positive({"pool_size": pool_size})
        if len(numbers) != len(kernel_sizes):
            raise ValueError(
                f"cnn needs a number of filters for each of {len(kernel_sizes)} widths; found {len(numbers)}."
            )
        if pool_size % 2 == 0:
            raise ValueError(f"pool_size must be odd, or pooling shifts the sequence; found {pool_size}.")
        self.output_size = sum(numbers)
        rectified = activation in RECTIFIERS
        self.layers = nn.ModuleList(
            nn.ModuleList(
                Convolution(size, f, k, rectified=rectified) for k, f in zip(kernel_sizes, numbers, strict=True)
            )
            for size in [input_size] + [self.output_size] * (num_layers - 1)
        )
        self.pooling = nn.MaxPool1d(pool_size, stride=1, padding=pool_size // 2) if pool_size > 1 else nn.Identity()
        self.activation = make_activation(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` bool, the units, to `(b, n, output_size)`, zero where no unit is."""
        return among_units(self._contextualize, vectors, mask, self.output_size)

    def _contextualize(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, d)` and `(b, n)` to `(b, n, output_size)`, packed."""
        padding = ~mask.unsqueeze(1)
        vectors = vectors.transpose(1, 2)
        for number, layer in enumerate(self.layers):
            if number:
                vectors = self.dropout(vectors)
            vectors = self.activation(torch.cat([convolution(vectors) for convolution in layer.children()], dim=1))
            vectors = self.pooling(vectors.masked_fill(padding, float("-inf"))).masked_fill(padding, 0.0)
        return vectors.transpose(1, 2)
