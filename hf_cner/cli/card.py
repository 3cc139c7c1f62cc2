"""`hf-cner card`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..data.shown import printable
from .console import no_loading_bars

ENDINGS = (".md", ".markdown")


def card(
    model: Annotated[Path, typer.Option("--model", help="Folder that `hf-cner train` wrote.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for the card [default: README.md in the folder].")
    ] = None,
    repo: Annotated[str, typer.Option("--repo", help="Name on the Hub, for the examples: ORG/NAME.")] = "",
    licence: Annotated[
        str | None, typer.Option("--license", help="Of the model, by the Hub's name, e.g. apache-2.0.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing card.")] = False,
) -> None:
    """Write the card of a trained model: intended use, limits, data, figures per type, settings, how to load it.

    Everything is read from the run. The picture of the training curve is written beside the card. Without --repo the
    model gets the name of the card's file or folder. `hf-cner push` takes a card in the model's folder that you changed
    by hand, if its figures are those of the run.

    \b
    Examples:
      hf-cner card --model OUT --repo ward3/notes-ner
      hf-cner card --model OUT --output model_cards/notes-ner.md
    """
    import shutil
    import tempfile

    from ..data.kept import add_to_list
    from ..data.models import CARD
    from ..data.streams import is_stream
    from ..data.writing import atomic_write, check_output, whole_file
    from ..hub.card import make_card
    from ..hub.folder import picture_of, write_card
    from ..hub.run import read_run
    from ..runs.files import RUN
    from .about import about_model

    target = model / CARD if output is None else output
    if target.is_dir():
        target = target / CARD
    stream = is_stream(target)
    files = [target] if stream else [target.with_name(picture_of(target)), target]
    check_output(target, models=(model,), endings=ENDINGS, own=(CARD,))
    if not stream and not overwrite and (there := [file for file in files if file.exists()]):
        raise ValueError(f"{there[-1]} exists; name another file, or replace it by --overwrite.")
    run = read_run(model)
    from ..inference.weights import check_weights  # takes seconds: what needs no torch is refused before

    no_loading_bars()
    check_weights(model, run.config["model_type"])
    named = model if stream else target.parent if target.name == CARD else target.with_suffix("")
    about = about_model(named, run.results, repo=repo, licence=licence)
    if stream:
        with atomic_write(target) as text:
            text.write(make_card(run, about, no_picture="A card that goes to a stream has no picture."))
        return
    with tempfile.TemporaryDirectory() as scratch:
        write_card(run, Path(scratch) / target.name, about)
        made = [file for file in files if (Path(scratch) / file.name).is_file()]
        if RUN.begun(target.parent):
            add_to_list(target.parent, [file.name for file in made], source=Path(scratch), kind=RUN)
        for file in made:
            with whole_file(file) as beside:
                shutil.copyfile(Path(scratch) / file.name, beside)
    print(printable(str(target)))
