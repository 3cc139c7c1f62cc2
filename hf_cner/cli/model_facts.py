"""The report of `hf-cner inspect --model`: a model, and how this machine computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import no_loading_bars
from .decoding import refuse_missing_model

if TYPE_CHECKING:
    from rich.console import Console

ModelToSay = Annotated[
    str | None,
    typer.Option("--model", help="In place of a corpus: a trained model, folder or Hub name.", show_default=False),
]


def facts_of(model: str) -> dict[str, Any]:
    """A model's parts, size, precision, and the choice of its linear layers.

    Raises:
        ValueError: no such model, or an exported graph, whose backend decides all that.
    """
    from ..runtime import is_exported

    if is_exported(model):
        raise ValueError(
            f"{model} is an exported graph, which its backend computes; give the folder of the model itself."
        )
    refuse_missing_model(model)
    no_loading_bars()
    import torch

    from ..inference.precision import has_bfloat16
    from ..inference.predictor import Predictor
    from ..modeling.crf_backends import backend_for

    predictor = Predictor.from_pretrained(model, device="cpu")
    config = predictor.model.config
    weights = list(predictor.model.parameters())
    slots = ("encoder", "context", "attention", "interaction", "span_decoder")
    return {
        "model": model,
        "slots": {name: getattr(config, name)["kind"] for name in slots if getattr(config, name, None)},
        "entity_types": predictor.entity_types,
        "parameters": sum(weight.numel() for weight in weights),
        "dtype": str(weights[0].dtype).removeprefix("torch."),
        "windows": predictor.windows,
        "linear": predictor.linears.path.name,
        "linear_because": predictor.linears.why,
        "bf16": has_bfloat16(),
        "crf": backend_for(torch.empty(0)).name,
    }


def say_facts(facts: dict[str, Any], console: Console) -> None:
    """Print the facts, a line each."""
    lines = [
        f"{facts['model']}: {facts['parameters']:,} parameters in {facts['dtype']}",
        ", ".join(f"{name} {kind}" for name, kind in facts["slots"].items()),
        f"finds {', '.join(facts['entity_types'])}",
        f"windows: {', '.join(f'{name} {value}' for name, value in facts['windows'].items())}",
        f"linear layers on this CPU by {facts['linear_because']}",
        f"recurrences of a CRF on this CPU by {facts['crf']} (HF_CNER_CRF chooses, see docs/speed.md)",
        f"bf16: {'this processor has it' if facts['bf16'] else 'not on this processor'} (--precision bf16)",
    ]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
