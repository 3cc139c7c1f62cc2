"""`hf-cner train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .json_report import Json, check_json, report_console, write_json
from .options import (
    ConfigFile,
    CorpusOption,
    DataDir,
    Encoding,
    IdColumn,
    InputColumn,
    InputScheme,
    InputSeparator,
    OnErrorSetting,
    Reading,
    TextColumn,
    preset_names,
)
from .run_folder import check_run_folder
from .short_forms import BatchSize, Epochs, LearningRate, with_short_forms


def train(
    corpus: CorpusOption,
    output_dir: Annotated[Path, typer.Option("--output-dir", help="Folder for the model.", show_default=False)],
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="Named settings; `hf-cner presets` lists them.", autocompletion=preset_names),
    ] = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="By record: 8:2 (train, dev), 7:2:1 (train, test, dev), 7+1:2 (train and dev joined, test), 5fold, "
            "all [default: 8:2].",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of initialisation and order; the split has its own: data.split.seed.")
    ] = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any setting; may be repeated.", show_default=False),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that was cut off.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --output-dir.")] = False,
    input_scheme: InputScheme = None,
    input_separator: InputSeparator = None,
    input_column: InputColumn = None,
    reading: Reading = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    on_error: OnErrorSetting = None,
    json_file: Json = None,
) -> None:
    """Train a model on a corpus, keep the best epoch, and evaluate it on documents held out by record.

    Settings: defaults < --preset < --config < options < --set. The resolved settings are written to
    OUTPUT_DIR/settings.yaml, which --config takes.

    \b
    Examples:
      hf-cner train --preset bilstm-mha-crf --corpus sample --output-dir OUT
      hf-cner train --preset idcnn-mha-crf --corpus ccks2019 --data-dir ccks2019 --split 7:2:1 --output-dir OUT
      hf-cner train --preset bert-bilstm-crf --corpus jsonl --data-dir notes.jsonl --output-dir OUT \\
          --set model.encoder.name_or_path=my-encoder --epochs 5 --batch-size 16
    """
    from ..data.corpora import check_place
    from ..data.folders import refuse_inputs
    from ..settings.resolve import resolve_settings
    from ..settings.training import corpus_of
    from .corpus import data_settings, reading_settings
    from .outcome import render
    from .splits import parse_split

    check_json(json_file, inputs=(config, data_dir), folder=output_dir)
    if overwrite:
        refuse_inputs(output_dir, (config,))
    if preset is None and config is None:
        raise ValueError("Say what to train: --preset NAME (`hf-cner presets` lists them) or --config FILE.")
    columns = (text_column, id_column, encoding)
    told = reading_settings(reading, input_scheme, input_separator, input_column, table=columns)
    options: dict[str, Any] = {"data": data_settings(corpus, data_dir, parse_split(split), told, on_error)}
    options |= {"output_dir": str(output_dir)} | ({} if seed is None else {"seed": seed})
    told_settings = with_short_forms(assignments, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    settings = resolve_settings(preset, config=config, options=options, assignments=told_settings)
    check_place(corpus_of(settings), settings.data.data_dir)
    check_run_folder(output_dir, resume=resume, overwrite=overwrite)
    from ..training.run import train as run  # takes seconds: checks without torch come first

    outcome = run(settings, resume=resume, overwrite=overwrite)
    render(outcome, report_console(json_file))
    write_json(json_file, outcome)
