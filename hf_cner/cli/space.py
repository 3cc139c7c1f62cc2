"""`hf-cner space`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Model


def space(
    model: Model,
    output: Annotated[Path, typer.Option("--output", "-o", help="New folder for the Space.", show_default=False)],
    title: Annotated[
        str | None, typer.Option("--title", help="Title of the app [default: the model's name].", show_default=False)
    ] = None,
    licence: Annotated[str, typer.Option("--license", help="Of the Space, as the Hub calls it.")] = "other",
) -> None:
    """Write the folder of a Gradio Space that shows a model's entities: app.py, requirements.txt, README.md, model/.

    A model's folder is copied into it, without results and log; a model on the Hub is loaded from there. Nothing is
    uploaded.

    \b
    Examples:
      hf-cner space --model OUT -o SPACE
      hf-cner space --model ward3/notes-ner -o SPACE --title 病历实体
      pip install gradio && python SPACE/app.py
    """
    from ..data.shown import printable
    from ..hub.space import write_space
    from ..inference.checkpoint import is_local
    from .decoding import refuse_missing_model

    refuse_missing_model(model)
    local = is_local(model)
    shown = title or (Path(model).resolve().name if local else model)
    write_space(
        output, title=shown, folder=Path(model) if local else None, name="" if local else model, licence=licence
    )
    print(printable(str(output)))
