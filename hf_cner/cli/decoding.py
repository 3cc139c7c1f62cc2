"""Options of `hf-cner predict` and `evaluate` for span models: questions, and how spans are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

QueriesOption = Annotated[
    Path | None,
    typer.Option(
        "--queries",
        help="YAML file of `type: question` lines that replaces the questions of a question-answering model.",
        show_default=False,
    ),
]
DecodingOption = Annotated[
    str | None,
    typer.Option("--decoding", help="Of a span model: nested, flat or crossing [default: the model's]."),
]
ThresholdOption = Annotated[
    list[str] | None,
    typer.Option(
        "--threshold",
        metavar="[TYPE=]P",
        help="Of a span model: probability above which a span is taken; may be repeated for single types.",
        show_default=False,
    ),
]


def decoding_options(queries: Path | None, decoding: str | None, thresholds: Sequence[str] | None) -> dict[str, Any]:
    """The given options, for `Predictor.from_pretrained`.

    Raises:
        ValueError: a threshold that is no number, or two for the same.
    """
    limits: dict[str, float] = {}
    for text in thresholds or []:
        name, _, value = text.rpartition("=")
        try:
            limit = float(value)
        except ValueError:
            raise ValueError(f"--threshold takes a probability, or TYPE=probability; found {text!r}.") from None
        if name in limits:
            raise ValueError(f"--threshold is given twice for {name or 'all types'}; give it once.")
        limits[name] = limit
    general = limits.pop("", None)
    return {"queries": queries, "decoding": decoding, "threshold": general, "thresholds": limits or None}


def refuse_missing_model(model: str, backend: str | None = None) -> dict[str, Any]:
    """The configuration of a model, if its folder has all that is needed; one on the Hub is fetched.

    It runs before torch is imported, which takes seconds.

    Raises:
        ValueError: no such folder, or no whole model for this backend in it.
    """
    from ..inference.checkpoint import check_folder, local_copy
    from ..runtime.engines import check_backend
    from ..runtime.manifest import is_exported, read_manifest

    if is_exported(model) or backend not in (None, "torch"):
        manifest = read_manifest(model, backend=backend)
        check_backend(manifest.backend)
        return manifest.to_dict()
    return check_folder(local_copy(model))
