"""Where a text meets its questions (P3, equation 3): every character attends over the query's vectors."""

from __future__ import annotations

import torch
from torch import nn

from .attention import ATTENTIONS


class QueryAttention(nn.Module):
    """`O_i = Σ_j softmax_j(F(h_i, q_j)) q_j`, combined with h_i.

    As printed, equation 3 gives one vector for a whole text, while equation 4 needs one per character; so each
    character attends over the query by itself. F is a scaled bilinear form. The two are combined by a projection of
    `h_i ⊕ O_i ⊕ h_i·O_i`, added to h_i and normalised.
    """

    def __init__(self, size: int, *, dropout: float) -> None:
        super().__init__()
        self.bilinear = nn.Linear(size, size, bias=False)
        self.combine = nn.Linear(3 * size, size)
        self.norm = nn.LayerNorm(size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, text: torch.Tensor, query: torch.Tensor, query_mask: torch.Tensor) -> torch.Tensor:
        """Text `(b, c or 1, n, d)` and queries `(c, m, d)`, `(c, m)` bool, to `(b, c, n, d)`."""
        keys = self.bilinear(query) / query.shape[-1] ** 0.5
        relevance = torch.einsum("bcnd,cmd->bcnm", text.expand(-1, len(query), -1, -1), keys)
        lowest = torch.finfo(relevance.dtype).min  # and not -inf: a question without a character must not give NaN
        weights = relevance.masked_fill(~query_mask[None, :, None, :], lowest).softmax(-1)
        answer = torch.einsum("bcnm,cmd->bcnd", weights, query)
        text = text.expand_as(answer)
        combined = self.combine(torch.cat([text, answer, text * answer], dim=-1))
        return self.norm(text + self.dropout(combined))


class InteractionLayer(nn.Module):
    """One transformer layer over the characters of a text that has attended to its question.

    Normalised before each part (pre-norm), which is the steadier order when it is trained from scratch.
    """

    def __init__(self, size: int, *, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.attention = ATTENTIONS["multi_head"](size, num_heads=num_heads, dropout=dropout)
        self.feed_forward = nn.Sequential(
            nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size), nn.Dropout(dropout)
        )

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """`(b, n, d)` to the same; `mask` `(b, n)` bool."""
        vectors = vectors + self.attention(self.attention_norm(vectors), mask)
        return vectors + self.feed_forward(self.feed_forward_norm(vectors))


class SeparateInteraction(nn.Module):
    """Text and queries, encoded apart by the same encoder, brought together.

    It works at a size of its own, much smaller than the encoder's, because it alone is computed once per type.

    Args:
        input_size: size of the encoder's vectors.
        hidden_size: size of the interaction.
        attention_layers: how often the text attends over the query (P3: once or more).
        layers: transformer layers over the result (P3 does not give the number: 1).
        num_heads: of those layers.
        dropout: in all of them.
    """

    joint = False

    def __init__(
        self,
        input_size: int,
        *,
        hidden_size: int = 192,
        attention_layers: int = 1,
        layers: int = 1,
        num_heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if attention_layers < 1:
            raise ValueError("attention_layers must be at least 1, or the text never attends to its query.")
        self.output_size = hidden_size
        self.text = nn.Linear(input_size, hidden_size)
        self.query = nn.Linear(input_size, hidden_size)
        self.attentions = nn.ModuleList(QueryAttention(hidden_size, dropout=dropout) for _ in range(attention_layers))
        self.layers = nn.ModuleList(
            InteractionLayer(hidden_size, num_heads=num_heads, dropout=dropout) for _ in range(layers)
        )

    def forward(
        self, text: torch.Tensor, text_mask: torch.Tensor, query: torch.Tensor, query_mask: torch.Tensor
    ) -> torch.Tensor:
        """Text `(b, n, d)`, `(b, n)` and queries `(c, m, d)`, `(c, m)` to `(b, c, n, hidden_size)`."""
        vectors = self.text(text).unsqueeze(1)
        asked = self.query(query)
        for attention in self.attentions:
            vectors = attention(vectors, asked, query_mask)
        batch, types = vectors.shape[:2]
        mask = text_mask.repeat_interleave(types, 0)
        for layer in self.layers:
            vectors = layer(vectors.flatten(0, 1), mask).unflatten(0, (batch, types))
        return vectors


class JointInteraction(nn.Module):
    """`[CLS] query [SEP] text [SEP]` in the encoder itself, one pass per type: nothing is left to do here."""

    joint = True

    def __init__(self, input_size: int) -> None:
        super().__init__()
        self.output_size = input_size


INTERACTIONS: dict[str, type[nn.Module]] = {"separate": SeparateInteraction, "joint": JointInteraction}
