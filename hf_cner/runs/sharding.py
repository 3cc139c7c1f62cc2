"""FSDP and DeepSpeed, which cut a model's weights into pieces, are refused."""

from __future__ import annotations

import os

_BY_LAUNCHER = {"ACCELERATE_USE_FSDP": "FSDP", "ACCELERATE_USE_DEEPSPEED": "DeepSpeed"}  # set by `accelerate launch`


def refuse_sharding(*, fsdp: object, deepspeed: object) -> None:
    """Raise ValueError if an argument or the launcher asks for such an engine.

    Decoding a document needs the whole model on each device; and on CPUs transformers ignores `fsdp` silently.
    """
    asked = [name for name, given in (("fsdp", fsdp), ("deepspeed", deepspeed)) if given]
    asked += [name for variable, name in _BY_LAUNCHER.items() if os.environ.get(variable, "").lower() in ("1", "true")]
    if asked:
        raise ValueError(
            f"Training with {asked[0]} would cut the model into pieces, and its decoder and evaluation need it whole "
            "on each device; leave it out: torchrun, or `accelerate launch` without it, trains on several devices."
        )
