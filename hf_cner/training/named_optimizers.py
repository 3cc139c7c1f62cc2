"""Optimisers by name: those that P4 compares (its Table 5), and a few more."""

from __future__ import annotations

import difflib
import inspect
from ast import literal_eval
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import TrainingArguments

from ..data.extras import install

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "radam": torch.optim.RAdam,
    "nadam": torch.optim.NAdam,
    "sgd": torch.optim.SGD,
}
"""Name -> class of torch. `lookahead+` before a name wraps it."""

LOOKAHEAD = "lookahead+"
LOOKAHEAD_OPTIONS = {"k": 5, "alpha": 0.5}  # those of its paper; P4 gives none
OF_GROUPS = {
    "lr": "learning_rate, or slot_learning_rates",
    "weight_decay": "weight_decay, or slot_weight_decays",
}
"""Options that each group of parameters has of its own -> the setting that gives them."""

OF_ADAM = ("adam", "adamw", "radam", "nadam")  # take `adam_beta1`, `adam_beta2` and `adam_epsilon` of the arguments
UNFUSED = {"foreach", "differentiable"}  # options that exclude that kernel
FUSED = ("adam", "adamw")  # one kernel for all parameters, where transformers' own default has it
NAMES = (*OPTIMIZERS, *(LOOKAHEAD + name for name in OPTIMIZERS))


def optimizer_name(name: str) -> str:
    """The name as this module writes it: in lower case, without blanks.

    Raises:
        ValueError: an unknown optimiser; the sentence says which names come nearest.
    """
    found = "".join(str(name).lower().split()).replace("lookahead(", LOOKAHEAD).removesuffix(")")
    if found in NAMES:
        return found
    near = difflib.get_close_matches(found, NAMES, n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Choose from {', '.join(OPTIMIZERS)}"
    raise ValueError(f"There is no optimizer {name!r}. {hint}" + ("" if near else f", or {LOOKAHEAD} before one."))


def make_optimizer(
    name: str,
    groups: Sequence[dict[str, object]],
    arguments: TrainingArguments,
    options: dict[str, object] | None = None,
) -> torch.optim.Optimizer:
    """Make the optimiser of a run.

    `weight_decay` of a group is an L2 term in the gradient; for `adamw` it is decoupled.
    Lookahead moves slow weights a share `alpha` of the way to the fast ones after every `k` steps, and sets the fast
    ones back to them; in between, evaluation and checkpoints see the fast ones. Its state, slow weights included, is
    part of the checkpoint.

    Args:
        name: as `optimizer_name` takes it.
        groups: parameter groups, each with `lr` and `weight_decay`.
        arguments: for the betas and epsilon of Adam and its kin.
        options: options of the optimiser's class, and `k` and `alpha` of Lookahead.

    Raises:
        ValueError: an unknown name or option.
        ImportError: Lookahead without the package that brings it.
    """
    name = optimizer_name(name)
    base, slow = name.removeprefix(LOOKAHEAD), name.startswith(LOOKAHEAD)
    given = dict(options or {})
    ahead = {key: given.pop(key, default) for key, default in LOOKAHEAD_OPTIONS.items()} if slow else {}
    if ahead and not (type(ahead["k"]) is int and ahead["k"] > 0 and _is_share(ahead["alpha"])):
        raise ValueError(f"Lookahead takes a whole k from 1 on, and alpha above 0 up to 1; found {ahead}.")
    for key in OF_GROUPS:
        if key in given:
            raise ValueError(
                f"optim_args gives {key}, which each group of parameters has of its own: set {OF_GROUPS[key]}."
            )
    known = [key for key in inspect.signature(OPTIMIZERS[base]).parameters if key not in ("params", *OF_GROUPS)]
    if unknown := [key for key in given if key not in known]:
        raise ValueError(f"The optimizer {name} has no option {unknown[0]!r}; it has {', '.join([*known, *ahead])}.")
    fused = base in FUSED and "fused" in arguments.default_optim and not UNFUSED & set(given)
    own: dict[str, object] = {"fused": True} if fused else {}
    if base in OF_ADAM:
        own |= {"betas": (arguments.adam_beta1, arguments.adam_beta2), "eps": arguments.adam_epsilon}
    try:
        optimizer = OPTIMIZERS[base](list(groups), **{"lr": arguments.learning_rate, **own, **given})
    except (TypeError, ValueError, IndexError, RuntimeError) as error:
        raise ValueError(f"The optimizer {name} cannot be made with {given}: {error}") from error
    return _lookahead(optimizer, ahead) if slow else optimizer


def _is_share(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1


def parse_options(text: str | None) -> dict[str, object]:
    """`"momentum=0.9, nesterov=True"`, the form of `optim_args`, as a dict.

    Raises:
        ValueError: something that is not `key=value` with a number, a truth value or a tuple of numbers.
    """
    options: dict[str, object] = {}
    for part in _parts(text or ""):
        key, equals, value = part.partition("=")
        try:
            options[key.strip()] = literal_eval(value.strip())
        except (SyntaxError, ValueError):
            equals = ""
        if not equals:
            raise ValueError(f"optim_args takes key=value, as in momentum=0.9, separated by commas; found {part!r}.")
    return options


def _parts(text: str) -> list[str]:
    """Split at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]


def _lookahead(optimizer: torch.optim.Optimizer, options: dict[str, Any]) -> torch.optim.Optimizer:
    try:
        from pytorch_optimizer import Lookahead
    except ImportError as error:
        raise ImportError(
            f"Lookahead needs the package pytorch_optimizer, which is not installed; {install('optimizers')}."
        ) from error
    wrapped: torch.optim.Optimizer = Lookahead(optimizer, **options)
    return wrapped
