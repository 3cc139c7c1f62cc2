"""What extraction, predictor, trainer and pipeline need from a model that finds entities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import nn

from .decoder import ScoredSpan
from .schemes import Triple


class EntityModel(Protocol):
    """A model of this package, or what behaves like it: a wrapper (PEFT), or a copy that a checkpoint brought along.

    `forward` takes `input_ids`, `attention_mask`, `token_type_ids`, `unit_mask`, `labels`, `num_items_in_batch`, what
    `constant_inputs` gave, and `eval_logits`; it gives `loss` and `emissions`. `CnerRecogniser` says what the methods
    do.
    """

    config: Any
    __call__: Callable[..., Any]

    @property
    def gives_tags(self) -> bool: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def modules(self) -> Iterator[nn.Module]: ...

    def train(self, mode: bool = True) -> object: ...

    def eval(self) -> object: ...

    def constant_inputs(self) -> dict[str, object]: ...

    def scored_units(self, labels: torch.Tensor, unit_mask: torch.Tensor) -> torch.Tensor: ...

    def unit_mask(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor: ...

    def unit_rows(self, emissions: torch.Tensor, unit_mask: torch.Tensor) -> list[torch.Tensor]: ...

    def filter_window(self, emissions: torch.Tensor, first: int, last: int, offset: int) -> torch.Tensor: ...

    def decode(
        self,
        emissions: torch.Tensor | Sequence[torch.Tensor],
        unit_mask: torch.Tensor | None = None,
        *,
        scores: bool = False,
    ) -> list[list[ScoredSpan]]: ...

    def encode_targets(self, spans: Sequence[Triple], length: int) -> list[object]: ...

    def inexpressible(self, spans: Sequence[Triple]) -> list[tuple[Triple, str]]: ...

    def set_queries(self, queries: Mapping[str, str], tokenizer: Any) -> None: ...

    def set_decoding(
        self,
        *,
        decoding: str | None = None,
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None: ...


def check_model(model: object) -> None:
    """Raise ValueError for a model that lacks any of it: of another library, or with the code of another version."""
    if all(hasattr(model, name) for name in vars(EntityModel) if not name.startswith("_")):
        return
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    name = type(inner).__name__
    if type(inner).__module__.startswith("transformers_modules"):
        raise ValueError(
            f"{name} was loaded with the code of its checkpoint, which another version of hf_cner wrote; load it after "
            "`import hf_cner` and without trust_remote_code, or predict where hf_cner is not installed."
        )
    raise ValueError(
        f"Finding entities needs a model of hf_cner with a decoder; {name} is none. "
        'For a model of another library use pipeline("token-classification").'
    )
