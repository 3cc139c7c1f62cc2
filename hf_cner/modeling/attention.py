"""The attention slot: each unit looks at all units. A new kind is a class and a line in `ATTENTIONS`."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .activations import make_activation
from .context import NoContext
from .layers import Linear
from .packing import keep_units
from .slots import require_positive


class AdditiveAttention(nn.Module):
    """One summary per sequence, mixed into each unit (P2 eq. 9–11).

    u_t = v · tanh(W h_t + b), a = softmax(u) over the units, s = Σ a_t h_t, out_t = f(W_o [s; h_t] + b_o).

    Two choices that the paper leaves open. Its u_t has no v, and since tanh is bounded no unit could outweigh another
    by more than e²; so v is added, as in Bahdanau's additive attention. And its s is one vector for the whole sequence,
    while a CRF needs one per unit: s and h_t are concatenated and projected, with an activation (Luong's attentional
    vector), for without one s could only shift the emissions of all units alike.

    Args:
        size: length of the vectors, in and out.
        attention_size: length of W h_t; None means `size`.
        activation: f: None, "relu", "tanh" or "gelu".
        dropout: rate on the vectors that leave.
    """

    def __init__(
        self, size: int, *, attention_size: int | None = None, activation: str | None = "tanh", dropout: float = 0.0
    ) -> None:
        super().__init__()
        attention_size = size if attention_size is None else attention_size
        require_positive({"attention_size": attention_size})
        self.output_size = size
        self.hidden = Linear(size, attention_size)
        self.score = Linear(attention_size, 1, bias=False)
        self.output = Linear(2 * size, size)
        self.activation = make_activation(activation)
        self.dropout = nn.Dropout(dropout)

    def attention_weights(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n)`: how much each unit counts; sums to 1 over the units, and is 0 elsewhere."""
        scores = self.score(torch.tanh(self.hidden(vectors))).squeeze(-1)
        return _softmax(scores, mask)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, size)` and `(b, n)` bool to `(b, n, size)`, zero where no unit is."""
        vectors = keep_units(vectors, mask)
        summary = self.attention_weights(vectors, mask).unsqueeze(1) @ vectors  # (b, 1, size)
        both = torch.cat([summary.expand_as(vectors), vectors], dim=-1)
        return keep_units(self.dropout(self.activation(self.output(both))), mask)


class MultiHeadAttention(nn.Module):
    """Scaled dot-product self-attention among the units (P1 eq. 8–9, P2, P4 eq. 3–5, P5 eq. 7–9).

    The papers' layer is the bare one: no residual connection and no normalisation, both of which are options.

    Args:
        size: length of the vectors, in and out.
        num_heads: how many; any number.
        head_size: of queries, keys and values; None means `size / num_heads`, rounded up.
        dropout: rate on the attention weights, and on what the output projection gives.
        residual: whether the input is added to the output.
        layer_norm: whether the result is normalised (after the residual connection).
    """

    def __init__(
        self,
        size: int,
        *,
        num_heads: int = 4,
        head_size: int | None = None,
        dropout: float = 0.0,
        residual: bool = False,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        require_positive({"num_heads": num_heads})
        head_size = -(-size // num_heads) if head_size is None else head_size
        require_positive({"head_size": head_size})
        self.output_size, self.num_heads, self.head_size = size, num_heads, head_size
        self.query = Linear(size, num_heads * head_size)
        self.key = Linear(size, num_heads * head_size)
        self.value = Linear(size, num_heads * head_size)
        self.output = Linear(num_heads * head_size, size)
        self.dropout = nn.Dropout(dropout)
        self.residual = residual
        self.norm = nn.LayerNorm(size) if layer_norm else nn.Identity()

    def _heads(self, vectors: Tensor) -> Tensor:
        """`(b, n, h * head_size)` to `(b, h, n, head_size)`."""
        return vectors.unflatten(-1, (self.num_heads, self.head_size)).transpose(1, 2)

    def attention_weights(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, h, n, n)`: how much each unit takes from each; rows sum to 1, and are 0 where no unit is."""
        vectors = keep_units(vectors, mask)
        query, key = self._heads(self.query(vectors)), self._heads(self.key(vectors))
        weights = _softmax(query @ key.transpose(-1, -2) / self.head_size**0.5, mask[:, None, None, :])
        return weights.masked_fill(~mask[:, None, :, None], 0.0)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """`(b, n, size)` and `(b, n)` bool to `(b, n, size)`, zero where no unit is."""
        if mask.shape[1] == 0:
            return vectors
        vectors = keep_units(vectors, mask)
        # A row without units attends to its zeros: softmax over nothing is not a number, and its gradient spreads.
        seen = mask | ~mask.any(dim=1, keepdim=True)
        heads = functional.scaled_dot_product_attention(
            self._heads(self.query(vectors)),
            self._heads(self.key(vectors)),
            self._heads(self.value(vectors)),
            attn_mask=seen[:, None, None, :],
            dropout_p=self.dropout.p if self.training else 0.0,
        )
        result = self.dropout(self.output(heads.transpose(1, 2).flatten(-2)))
        if self.residual:
            result = result + vectors
        return keep_units(self.norm(result), mask)


def _softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the last dimension where the mask is on, 0 elsewhere, and all 0 where it is nowhere on."""
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~mask, lowest).softmax(dim=-1).masked_fill(~mask, 0.0)


ATTENTIONS: dict[str, type[nn.Module]] = {
    "none": NoContext,
    "additive": AdditiveAttention,
    "multi_head": MultiHeadAttention,
}
