"""Whether the weights that were loaded are a model's own: all of them, no others, each of its shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

SHOWN = 3  # names of each kind in a sentence


class WeightsError(ValueError, RuntimeError):
    """A checkpoint whose weights are not the model's. (transformers raises a RuntimeError for other shapes.)"""


class WeightFaults(NamedTuple):
    """What was wrong when a model was loaded, names in order."""

    missing: tuple[str, ...] = ()
    """Weights that the model has and the checkpoint does not: they began anew, at random."""
    unexpected: tuple[str, ...] = ()
    """Weights that the checkpoint has and the model does not: they were left out."""
    misshapen: tuple[str, ...] = ()
    """Weights of another shape, each with both shapes: they began anew as well."""

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
        f"{name}: {tuple(found)} in the checkpoint, {tuple(wanted)} in the model"
        for name, found, wanted in loading_info.get("mismatched_keys", ())
    )
    return WeightFaults(
        tuple(sorted(loading_info.get("missing_keys", ()))),
        tuple(sorted(loading_info.get("unexpected_keys", ()))),
        tuple(sorted(misshapen)),
    )


def check_complete(model: Any) -> None:
    """Raise WeightsError when a model was loaded with weights that are not its own, and was not trained since.

    Such a model computes something, and what it finds means nothing. `from_pretrained` itself lets it pass, because it
    is where training begins: an encoder's checkpoint is loaded into a whole model.
    """
    faults = getattr(model, "weight_faults", None)
    if faults is not None and any(faults):
        raise WeightsError(
            f"{model.config.name_or_path or 'The checkpoint'} does not hold the weights of this model: of its tensors "
            f"{faults}. Copy its model.safetensors and its config.json again, both from one model, or save the model "
            "again with save_pretrained."
        )
