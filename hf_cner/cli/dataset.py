"""`hf-cner dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..data.shown import printable
from .console import say_what_was_left_out
from .options import Corpus, DataDir, OnError, OnErrorOption


def dataset(
    corpus: Corpus,
    output: Annotated[Path, typer.Option("--output", "-o", "--out", help="Folder to write.", show_default=False)],
    data_dir: DataDir = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier result, here and on the Hub.")
    ] = False,
    on_error: OnErrorOption = OnError.stop,
    repo: Annotated[
        str | None,
        typer.Option(
            "--push-to-hub", metavar="ORG/NAME", help="Also upload it, as a private data set.", show_default=False
        ),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Make it public; only with an open licence.")] = False,
    token: Annotated[
        str | None,
        typer.Option("--token", help="Default: HF_TOKEN, or that of `hf auth login`.", show_default=False),
    ] = None,
) -> None:
    """Write a corpus as Parquet with a card, which `datasets.load_dataset` reads, also from a Hub.

    \b
    Examples:
      hf-cner dataset sample --output sample-dataset
      hf-cner dataset ccks2017 --data-dir ccks2017/train --output DIR
      hf-cner dataset ccks2017 --data-dir ccks2017/train --output DIR --push-to-hub ward3/ccks2017
    """
    from ..data.registry import readable
    from ..hub.dataset_card import licence_id
    from ..hub.upload import private_hub_without_xet, upload_folder

    found = readable(corpus)
    if public and licence_id(found.licence) == "other":
        raise ValueError(
            f"{found.name} has no open licence ({found.licence.rstrip('.')}), so it is uploaded as a private data "
            "set only; leave out --public."
        )
    private_hub_without_xet()
    from datasets import disable_progress_bars

    from ..hub.dataset import write_dataset

    disable_progress_bars()
    builder = write_dataset(found.name, output, data_dir=data_dir, on_error=on_error.value, overwrite=overwrite)
    say_what_was_left_out(builder.problems)
    counts = ", ".join(f"{split} {len(documents):,}" for split, documents in builder.parts.items())
    print(printable(f"{output}: {counts} documents"))
    if repo is not None:
        address = upload_folder(
            output,
            repo,
            repo_type="dataset",
            private=not public,
            token=token,
            overwrite=overwrite,
            message=f"{found.name}, written by hf_cner",
        )
        print(printable(address))
