"""Whether the weights that were loaded are a model's own: all of them, no others, each of its shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

SHOWN = 3  # names of each kind in a sentence
OF_SHAPE = ": "  # between a name and what is said of its shape


class WeightsError(ValueError, RuntimeError):
    """A checkpoint whose weights are not the model's. (transformers raises a RuntimeError for other shapes.)"""


class WeightFaults(NamedTuple):
    """What was wrong when a model was loaded, names in order."""

    missing: tuple[str, ...] = ()
    """Weights that the model has and the checkpoint lacks: they are random."""
    unexpected: tuple[str, ...] = ()
    """Weights that the checkpoint has and the model does not: they were left out."""
    misshapen: tuple[str, ...] = ()
    """Weights of another shape, each with both shapes: they are random too."""

    def __str__(self) -> str:
        """The faults as parts of a sentence; empty without any."""
        kinds = (
            (self.missing, "is missing", "are missing"),
            (self.unexpected, "is not the model's", "are not the model's"),
            (self.misshapen, "has another shape", "have another shape"),
        )
        parts = []
        for names, one, several in kinds:
            if names:
                more = ", …" if len(names) > SHOWN else ""
                parts.append(f"{len(names)} {one if len(names) == 1 else several} ({', '.join(names[:SHOWN])}{more})")
        return ", ".join(parts)


def faults_of(loading_info: Mapping[str, Collection[Any]]) -> WeightFaults:
    """The faults in what `from_pretrained(…, output_loading_info=True)` tells.

    transformers has left out by then what a model declares: tied weights, which stand in a file once, and
    `_keys_to_ignore_on_load_unexpected`, as buffers that older versions saved.
    """
    misshapen = (
        f"{name}{OF_SHAPE}{tuple(found)} in the checkpoint, {tuple(wanted)} in the model"
        for name, found, wanted in loading_info.get("mismatched_keys", ())
    )
    return WeightFaults(
        tuple(sorted(loading_info.get("missing_keys", ()))),
        tuple(sorted(loading_info.get("unexpected_keys", ()))),
        tuple(sorted(misshapen)),
    )


class LoadedWeights:
    """The faults of a model's weights when it was loaded, and which of them still stand.

    An adapter (PEFT) may bring a part that the checkpoint lacks, such as the decoder: it puts a module of its own in
    the place of the model's. A replaced part is no fault any more, unless it is only a copy of the old one.

    Args:
        model: just loaded.
        faults: what was found then.
    """

    def __init__(self, model: nn.Module, faults: WeightFaults) -> None:
        self.faults = faults
        self._begun = {name: _tensor(model, name) for name in map(_name, (*faults.missing, *faults.misshapen))}

    def standing(self, model: nn.Module) -> WeightFaults:
        """The faults of the model as it is now."""
        now = {name: _tensor(model, name) for name in self._begun}
        replaced = {name for name, tensor in now.items() if tensor is not self._begun[name]}
        if all(_same(now[name], self._begun[name]) for name in replaced):
            return self.faults
        missing, misshapen = (
            tuple(text for text in texts if _name(text) not in replaced)
            for texts in (self.faults.missing, self.faults.misshapen)
        )
        return WeightFaults(missing, self.faults.unexpected, misshapen)


def _name(text: str) -> str:
    return text.partition(OF_SHAPE)[0]


def _tensor(model: nn.Module, name: str) -> torch.Tensor | None:
    """The parameter or buffer of this name; None where there is none."""
    found: Any = model
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, torch.Tensor) else None


def _same(first: torch.Tensor | None, second: torch.Tensor | None) -> bool:
    if first is None or second is None or first.shape != second.shape:
        return first is second
    return torch.equal(first.detach().to(second), second.detach())


def check_complete(model: Any) -> None:
    """Raise WeightsError for a model with weights that are not numbers, or not its own and not trained since.

    What such a model finds means nothing. `from_pretrained` itself lets it pass, because it
    is where training begins: an encoder's checkpoint is loaded into a whole model.
    """
    faults = getattr(model, "weight_faults", None)
    if faults is not None and any(faults):
        raise WeightsError(
            f"{model.config.name_or_path or 'The checkpoint'} does not hold the weights of this model: of its tensors "
            f"{faults}. Copy its model.safetensors and its config.json again, both from one model, or save the model "
            "again with save_pretrained."
        )
    spoilt = next((name for name, tensor in model.named_parameters() if not bool(tensor.isfinite().all())), None)
    if spoilt is not None:
        raise WeightsError(
            f"{model.config.name_or_path or 'The checkpoint'} cannot find anything: its weight {spoilt} holds NaN or "
            "infinity, as after a training that diverged. Copy its model.safetensors again, or train the model again."
        )
