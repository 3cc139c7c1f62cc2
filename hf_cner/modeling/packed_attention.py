"""An encoder without padding: the sequences of a batch in one row, each attending to itself alone.

On a GPU torch's kernel for sequences of unequal length (`torch.nn.attention.varlen`) computes the attention; it needs
bf16 or fp16 and NVIDIA's compute capability 8.0. `one_by_one` is its reference in plain torch, on any device and in any
dtype. An encoder declares whether it can be packed (`packable`); before it is packed, its result is compared with
that on padded input (`PretrainedEncoder`). Written without a GPU, and not measured on one.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "cner_packed"
SAME = 0.05  # how far half precision may take two computations of the same vectors apart, relative to their size
HALF = (torch.bfloat16, torch.float16)
FURTHER = ("position_bias", "s_aux", "sliding_window", "softcap")  # arguments that change what attention computes


class Packed(NamedTuple):
    """Where the attended columns of a batch `(b, n)` stand in one row of `total`."""

    columns: Tensor
    """`(total,)`: their columns, counted through the batch."""
    bounds: Tensor
    """`(b + 1,)` int32: sequence i stands from `bounds[i]` to `bounds[i + 1]`."""
    longest: int
    """No sequence is longer."""

    def take(self, batch: Tensor | None) -> Tensor | None:
        """`(1, total, …)` of `(b, n, …)`."""
        return None if batch is None else batch.flatten(0, 1)[self.columns].unsqueeze(0)

    def put_back(self, row: Tensor, shape: torch.Size) -> Tensor:
        """`(b, n, d)` of `(1, total, d)`, zero where nothing was attended; `shape` is `(b, n)`."""
        batch = row.new_zeros(shape[0] * shape[1], row.shape[2])
        return batch.index_copy(0, self.columns, row[0]).view(*shape, row.shape[2])

    def arguments(self) -> dict[str, object]:
        """The arguments of `attend`, under transformers' names."""
        ends = {"cu_seq_lens_q": self.bounds, "cu_seq_lens_k": self.bounds}
        return {**ends, "max_length_q": self.longest, "max_length_k": self.longest}


def pack(attended: Tensor) -> Packed:
    """How the attended columns of `(b, n)` bool go into one row. On a GPU the host waits once, for their number."""
    bounds = nn.functional.pad(attended.sum(dim=1).cumsum(dim=0), (1, 0)).to(torch.int32)
    return Packed(attended.flatten().nonzero().squeeze(1), bounds, attended.shape[1])


def runs_on(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether torch's kernel computes there; `dtype` is that of the products."""
    return device.type == "cuda" and dtype in HALF and torch.cuda.get_device_capability(device) >= (8, 0)


def packable(model: PreTrainedModel) -> bool:
    """Whether an encoder declares what packing needs.

    Its attention goes through transformers' `AttentionInterface`, is computed by torch's own function now (no other was
    chosen), takes arguments from `forward` on, and is bidirectional.
    """
    causal = any(getattr(module, "is_causal", False) for module in model.modules())
    through = model._supports_attention_backend and model.config._attn_implementation in ("sdpa", NAME)
    return bool(through and not causal and not getattr(model.config, "is_decoder", False))


def fault_of(model: PreTrainedModel, first_position: int, device: torch.device) -> str:
    """Make an encoder compute through `attend`; returns why it cannot be packed, or an empty text.

    Two short texts are encoded padded and packed; the results must be equal within half precision.
    """
    embeddings: Any = model.get_input_embeddings()
    ids = torch.arange(16, device=device).view(2, 8) % int(embeddings.num_embeddings)
    mask = torch.arange(8, device=device) < torch.tensor([[5], [8]], device=device)
    positions = torch.arange(8, device=device).expand(2, 8) + first_position
    packed = pack(mask)
    row: dict[str, Any] = {"input_ids": packed.take(ids), "position_ids": packed.take(positions), **packed.arguments()}
    with torch.no_grad():
        expected = model(input_ids=ids, position_ids=positions, attention_mask=mask.long()).last_hidden_state[mask]
        model.set_attn_implementation(NAME)  # to stay: without bounds it is torch's own attention
        try:
            found = model(**row).last_hidden_state[0]
        except (ImportError, RuntimeError, TypeError, ValueError) as error:
            return str(error).splitlines()[0].rstrip(".")
    apart = float((found - expected).double().norm() / expected.double().norm())
    return "" if apart < SAME else f"without it, its vectors differ by {apart:.1%}"


def attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """Attention as transformers calls it; without bounds it is torch's own attention.

    Args:
        query, key, value: `(1, heads, total, size)` with `cu_seq_lens_q` `(b + 1,)` and `max_length_q`.

    Returns:
        `(1, total, heads, size)`, and no weights.

    Raises:
        ValueError: dropout, heads that share keys, or an argument that asks for more than plain attention.
    """
    bounds = options.get("cu_seq_lens_q")
    if bounds is None:
        output: tuple[Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return output
    further = [name for name in FURTHER if options.get(name) is not None]
    if further or options.get("dropout") or key.shape != query.shape:
        raise ValueError(f"{type(module).__name__} asks for more than plain attention, which cannot be packed.")
    scale = options.get("scaling")
    if query.is_cuda:
        from torch.nn.attention.varlen import varlen_attn

        q, k, v = (each[0].transpose(0, 1).contiguous() for each in (query, key, value))
        longest = options["max_length_q"]
        packed: Any = varlen_attn(q, k, v, bounds, bounds, longest, longest, scale=scale)
        return packed.unsqueeze(0), None
    return one_by_one(query, key, value, bounds, scale).transpose(1, 2), None


def one_by_one(query: Tensor, key: Tensor, value: Tensor, bounds: Tensor, scale: float | None = None) -> Tensor:
    """`(1, heads, total, size)`: the attention of each sequence between `bounds`, one after the other."""

    sizes = bounds.diff().tolist()
    sequences = zip(*(each.split(sizes, dim=2) for each in (query, key, value)), strict=True)
    return torch.cat([scaled_dot_product_attention(q, k, v, scale=scale) for q, k, v in sequences], dim=2)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
