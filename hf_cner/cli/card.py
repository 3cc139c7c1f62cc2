"""`hf-cner card`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import no_loading_bars


def card(
    model: Annotated[Path, typer.Option("--model", help="Folder that `hf-cner train` wrote.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", help="File for the card [default: README.md in the folder].")
    ] = None,
    repo: Annotated[str, typer.Option("--repo", help="Name on the Hub, for the examples: ORG/NAME.")] = "",
    licence: Annotated[
        str | None, typer.Option("--license", help="Of the model, by the Hub's name, e.g. apache-2.0.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a card that is there.")] = False,
) -> None:
    """Write the card of a trained model: intended use, limits, data, figures per type, settings, how to load it.

    Everything is read from the run. The picture of the training curve is put beside the card, and without --repo the
    model is called after the card's file or folder. A card in the model's folder that you change by hand is what
    `hf-cner push` takes, as long as its figures are those of the run.

    \b
    Examples:
      hf-cner card --model OUT --repo ward3/notes-ner
      hf-cner card --model OUT --output model_cards/notes-ner.md
    """
    import os
    import tempfile

    from ..hub.folder import CARD, picture_of, write_card
    from ..hub.run import read_run
    from ..inference.weights import check_weights
    from .about import about_model

    target = model / CARD if output is None else output
    if target.is_dir():
        target = target / CARD
    if target.exists() and not overwrite:
        raise ValueError(f"{target} exists; name another file, or replace it by --overwrite.")
    run = read_run(model)
    no_loading_bars()
    check_weights(model, run.config["model_type"])
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".card-") as beside:
        named = target.parent if target.name == CARD else target.with_suffix("")
        write_card(run, Path(beside) / target.name, about_model(named, run.results, repo=repo, licence=licence))
        for name in (picture_of(target), target.name):
            if (Path(beside) / name).is_file():
                os.replace(Path(beside) / name, target.with_name(name))
    print(target)
