"""torch's layers with initialisations of our own.

The initialisations stand in the layers themselves, not in the modules that contain them: transformers initialises a
model layer by layer, leaves first, and takes a containing module without parameters of its own for initialised already.

transformers marks what it read from a checkpoint and guards it from `torch.nn.init`; a slice of a tensor does not carry
the mark, which is why `is_loaded` is asked before a slice is filled.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def is_loaded(parameter: Tensor) -> bool:
    """Whether transformers has read this parameter or buffer from a checkpoint."""
    return bool(getattr(parameter, "_is_hf_initialized", False))


class Linear(nn.Linear):
    """A linear layer with Glorot's initialisation and a zero bias."""

    def reset_parameters(self) -> None:
        nn.init.xavier_uniform_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class Embedding(nn.Embedding):
    """An embedding of uniform vectors of variance 1 / size; that of padding is zero."""

    def reset_parameters(self) -> None:
        bound = math.sqrt(3.0 / self.embedding_dim)
        nn.init.uniform_(self.weight, -bound, bound)
        if self.padding_idx is not None and not is_loaded(self.weight):
            nn.init.zeros_(self.weight[self.padding_idx])


@torch.no_grad()
def replace_rows(embedding: nn.Embedding, rows: Sequence[int] | Tensor, vectors: object, what: str) -> None:
    """Copy vectors `(k, size)`, a tensor or array, into k rows of an embedding.

    Raises:
        ValueError: they do not fit, and nothing was changed; `what` they are is named.
    """
    weight = embedding.weight
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
    weight[rows] = vectors


@torch.no_grad()
def fill_orthogonal(parameter: Tensor) -> None:
    """`nn.init.orthogonal_` for any dtype: the decomposition behind it has no half precision."""
    if parameter.dtype in (torch.float32, torch.float64):
        nn.init.orthogonal_(parameter)
    elif not is_loaded(parameter):
        parameter.copy_(nn.init.orthogonal_(torch.empty_like(parameter, dtype=torch.float32)))


class _Recurrent(nn.RNNBase):
    """Glorot for inputs and projections, orthogonal for states, zero biases.

    Under autocast it computes in the dtype of its weights: on a GPU torch would take half precision for recurrent
    layers, also where bfloat16 was asked for, and without a scaler small gradients are lost in that.
    """

    def forward(self, vectors: Tensor, hx: object = None) -> object:
        """As torch's: states `(b, n, d)`, and the last ones."""
        device = vectors.device.type
        if not torch.is_autocast_enabled(device):
            return super().forward(vectors, hx)
        with torch.autocast(device, enabled=False):
            return super().forward(vectors.to(self.all_weights[0][0].dtype), hx)

    def reset_parameters(self) -> None:
        for name, parameter in self.named_parameters():
            if name.startswith(("weight_ih", "weight_hr")):
                nn.init.xavier_uniform_(parameter)
            elif name.startswith("weight_hh"):
                fill_orthogonal(parameter)
            else:
                nn.init.zeros_(parameter)


class LSTM(_Recurrent, nn.LSTM):  # type: ignore[misc]  # stubs: torch names the parameter input
    """An LSTM that begins with open forget gates: their bias is 1 (Jozefowicz et al. 2015)."""

    def reset_parameters(self) -> None:
        super().reset_parameters()
        for name, parameter in self.named_parameters():
            if name.startswith("bias_ih") and not is_loaded(parameter):
                nn.init.ones_(parameter[self.hidden_size : 2 * self.hidden_size])


class GRU(_Recurrent, nn.GRU):  # type: ignore[misc]  # as above
    """A GRU."""


class Convolution(nn.Conv1d):
    """A convolution over `(b, d, n)` that keeps the length; an even width reaches one column further to the right.

    Initialised as He does where a rectifier follows, as Glorot does elsewhere.

    With `near_identity` these weights are a tenth as large, and the identity is added: a vector passes nearly as it is
    (Yu and Koltun 2016 and the code of Strubell et al. 2017 add the identity to nothing). Twelve layers of He's weights
    leave nothing of what a vector has beyond all vectors' mean.
    """

    rectified = near_identity = False

    def __init__(
        self,
        input_size: int,
        filters: int,
        kernel_size: int,
        *,
        dilation: int = 1,
        rectified: bool = False,
        near_identity: bool = False,
    ) -> None:
        padding = (dilation * (kernel_size - 1) + 1) // 2  # padding="same" would warn of even widths
        super().__init__(input_size, filters, kernel_size, padding=padding, dilation=dilation)
        self.rectified, self.near_identity = rectified, near_identity
        self.reset_parameters()

    def reset_parameters(self) -> None:
        if self.rectified:
            nn.init.kaiming_uniform_(self.weight, nonlinearity="relu")
        else:
            nn.init.xavier_uniform_(self.weight)
        if self.near_identity and not is_loaded(self.weight):
            with torch.no_grad():
                self.weight.mul_(0.1)
                self.weight[..., (self.kernel_size[0] - 1) // 2].diagonal().add_(1.0)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """`(b, input_size, n)` to `(b, filters, n)`."""
        return super().forward(vectors)[..., -vectors.shape[-1] :]
