"""`hf-cner demo`, which `make demo` calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import no_loading_bars, results
from .options import DataDir

PRESET = "bilstm-mha-crf"
QUICK = {  # a small model that trains within minutes on two cores; the preset's model is larger
    "model": {"encoder": {"embedding_size": 64, "bigram_size": 64}, "context": {"hidden_size": 128}},
    "training": {"num_train_epochs": 12, "per_device_train_batch_size": 8},
}


def demo(
    corpus: Annotated[str, typer.Option("--corpus", help="Corpus to learn from; sample is invented.")] = "sample",
    data_dir: DataDir = None,
    output_dir: Annotated[
        Path | None,
        typer.Option("--output-dir", help="Folder for the model [default: outputs/demo-CORPUS].", show_default=False),
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Epochs of training.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run in --output-dir.")] = False,
) -> None:
    """Train a small model within minutes, evaluate it, and find the entities of three unseen notes.

    The notes, and the sample corpus, are invented; a figure measured on them says nothing about clinical text.

    \b
    Examples:
      hf-cner demo
      hf-cner demo --corpus ccks2017 --data-dir ccks2017/train
    """
    from ..inference.marked import print_marked, table
    from ..inference.predictor import Predictor
    from ..settings.resolve import resolve_settings
    from ..training.run import train
    from .demo_notes import sample_notes
    from .outcome import render

    folder = output_dir or Path("outputs") / f"demo-{corpus}"
    chosen = {
        "data": {
            "corpus": corpus,
            "data_dir": None if data_dir is None else str(data_dir),
            "split": {"ratios": [7, 2, 1]},
        },
        "output_dir": str(folder),
    }
    assignments = [] if epochs is None else [f"training.num_train_epochs={epochs}"]
    console = results()
    console.rule(f"1. Training {PRESET} on {corpus}", align="left")
    settings = resolve_settings(PRESET, options={**QUICK, **chosen}, assignments=assignments)
    outcome = train(settings, overwrite=overwrite or output_dir is None)
    console.rule("2. Evaluation on records that it has not seen", align="left")
    render({**outcome, "metrics": {"test": outcome["metrics"]["test"]}}, console)
    console.rule("3. Three invented notes that it has not seen", align="left")
    no_loading_bars()
    predictor = Predictor.from_pretrained(folder)
    documents = predictor(sample_notes())
    print_marked(documents, console=console, types=predictor.entity_types)
    console.print(table(documents))
    console.print(f"Now yours: hf-cner predict --model {folder} NOTE.txt", markup=False, soft_wrap=True)
