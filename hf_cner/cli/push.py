"""`hf-cner push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..data.shown import printable
from .console import no_loading_bars


def push(
    model: Annotated[Path, typer.Option("--model", help="Folder that `hf-cner train` wrote.", show_default=False)],
    repo: Annotated[str, typer.Option("--repo", help="Name on the Hub: ORG/NAME.", show_default=False)],
    private: Annotated[
        bool,
        typer.Option("--private/--public", help="Who can see it; a model trained on patients' text should be private."),
    ] = True,
    no_push: Annotated[bool, typer.Option("--no-push", help="Only write the folder that would be uploaded.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where --no-push writes it [default: beside the model, NAME-hub]."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option("--token", help="Default: HF_TOKEN, or that of `hf auth login`.", show_default=False),
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--license", help="Of the model, by the Hub's name, e.g. apache-2.0.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace other content in the repository.")] = False,
) -> None:
    """Publish a trained model on a Hub: weights, tokenizer, code, results and a card, in one commit.

    The card is made from the run, or is the README.md in the folder. Names of records, paths of this machine and
    pickles are not uploaded. For a Hub of your own set HF_ENDPOINT; without a network, carry the folder of --no-push.

    \b
    Examples:
      hf-cner push --model OUT --repo ward3/notes-ner
      HF_ENDPOINT=https://hub.hospital.example hf-cner push --model OUT --repo ward3/notes-ner
      hf-cner push --model OUT --repo ward3/notes-ner --no-push --output /media/stick/notes-ner
    """
    import tempfile

    from ..data.folders import new_folder
    from ..hub.upload import private_hub_without_xet, upload_folder
    from ..inference.checkpoint import check_folder

    private_hub_without_xet()
    no_loading_bars()
    if not model.is_dir():
        raise ValueError(f"There is no folder {model}; --model takes the folder of a trained model.")
    if output is not None and not no_push:
        raise ValueError("--output says where --no-push writes; give both, or neither.")

    from ..hub.folder import assemble, left_here, written_names
    from ..hub.run import RESULTS, read_run
    from .about import about_model

    if (model / "config.json").is_file() or not any(model.glob("fold-*")):
        kind = check_folder(model)["model_type"]
        from ..inference.weights import check_weights  # takes seconds: what needs no torch is refused before

        check_weights(model, kind)  # a model that cannot predict is not published
    results = read_run(model).results if (model / RESULTS).is_file() or not (model / "README.md").is_file() else {}
    about = about_model(model, results, repo=repo, licence=licence)
    stays = left_here(model)
    if no_push:
        names = written_names(model)
        target = output if output is not None else model.resolve().with_name(f"{model.resolve().name}-hub")
        if model.resolve() in target.resolve().parents:
            raise ValueError(f"{target} is in the folder of the model, which is read; choose another --output.")
        with new_folder(target, writes=lambda name: str(name) in names, overwrite=overwrite, inputs=(model,)) as folder:
            assemble(model, folder, about)
        print(printable(str(target)))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            assemble(model, Path(scratch), about)
            message = f"{about.name}, trained with hf_cner"
            address = upload_folder(scratch, repo, private=private, token=token, overwrite=overwrite, message=message)
            print(printable(address))
    if stays:
        typer.echo(printable(f"not published: {', '.join(stays)}"), err=True)
