"""Parameter groups: a learning rate and a weight decay for each slot of a model."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import torch
from torch import nn

from ..settings.merging import SLOTS
from .arguments import CnerTrainingArguments
from .named_optimizers import make_optimizer, parse_options

# The CRF's transitions are log-potentials, not weights of features: decay would pull all paths together.
UNDECAYED = re.compile(r"(?:^|\.)(?:start_transitions|end_transitions|transitions)$")


def slot_path(parameter: str) -> str:
    """The part of a parameter's name that begins with its slot: `cner.encoder.model.x` is `encoder.model.x`.

    Wrappers may stand before it (`base_model.model.…` of PEFT), or behind the part that they wrap
    (`modules_to_save.default`). A parameter outside all slots has the path "".
    """
    parts = re.sub(r"\.(modules_to_save\.[^.]+|original_module)(?=\.)", "", parameter).split(".")
    first = next((i for i, part in enumerate(parts) if part in SLOTS), len(parts))
    return ".".join(parts[first:])


def slot_value(path: str, values: Mapping[str, float] | None, default: float) -> float:
    """The value of the longest key of `values` that is a prefix, part by part, of `path`."""
    best, found = -1, default
    for key, value in (values or {}).items():
        prefix = re.sub(r"^decoder(?=$|\.)", "span_decoder", key)
        if (path == prefix or path.startswith(f"{prefix}.")) and len(prefix) > best:
            best, found = len(prefix), value
    return found


def parameter_groups(
    model: nn.Module,
    *,
    decayed: Collection[str],
    learning_rate: float,
    weight_decay: float,
    slot_learning_rates: Mapping[str, float] | None = None,
    slot_weight_decays: Mapping[str, float] | None = None,
) -> list[dict[str, object]]:
    """Groups for an optimiser, in a fixed order; parameters without gradient are left out.

    Args:
        decayed: names of the parameters that weight decay applies to.
        learning_rate, weight_decay: for parameters of which no slot sets them.
        slot_learning_rates, slot_weight_decays: by slot, or by slot and the path of a part.

    Raises:
        ValueError: a key of a part (`encoder.x`) that has no parameter. A slot that the model does not have (kind
            "none") may be named, so that the rates of a preset fit its ablations too.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    paths = []
    for name, parameter in model.named_parameters():
        paths.append(slot_path(name))
        if not parameter.requires_grad:
            continue
        decay = slot_value(paths[-1], slot_weight_decays, weight_decay) if name in decayed else 0.0
        rate = slot_value(paths[-1], slot_learning_rates, learning_rate)
        groups.setdefault((rate, decay), []).append(parameter)
    for key in {**(slot_learning_rates or {}), **(slot_weight_decays or {})}:
        if "." in key and not any(slot_value(path, {key: 1.0}, 0.0) for path in paths):
            raise ValueError(f"No parameter of the model falls under {key!r}; its slots hold {sorted(_parts(paths))}.")
    return [{"params": group, "lr": rate, "weight_decay": decay} for (rate, decay), group in groups.items()]


def optimizer_of(
    groups: list[dict[str, object]], args: CnerTrainingArguments, chosen: tuple[object, dict[str, object]] | None
) -> torch.optim.Optimizer:
    """The optimiser over the groups: by `args.optimizer`, or of `chosen`, a class and its options.

    Raises:
        ValueError: a chosen class that makes its own groups.
    """
    if chosen is None:
        return make_optimizer(str(args.optimizer), groups, args, parse_options(args.optim_args))
    optimizer_class, options = chosen
    if not isinstance(optimizer_class, type) or {"params", "model", "optimizer_dict"} & set(options):
        raise ValueError(
            f"The optimiser {args.optim} makes its own parameter groups, so slot_learning_rates and "
            "slot_weight_decays would have no effect; choose another optimiser, or leave them out."
        )
    optimizer: torch.optim.Optimizer = optimizer_class(groups, **options)
    return optimizer


def _parts(paths: list[str]) -> set[str]:
    return {".".join(path.split(".")[:2]) for path in paths if path}
