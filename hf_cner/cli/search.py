"""`hf-cner search`."""

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
from .short_forms import BatchSize, Epochs, LearningRate, with_short_forms


def search(
    corpus: CorpusOption,
    output_dir: Annotated[Path, typer.Option("--output-dir", help="Folder for the study.", show_default=False)],
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", help="Named settings to start from; `hf-cner presets` lists them.", autocompletion=preset_names
        ),
    ] = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="As in `train`; only its training part is used [default: 8:2]."),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", help="How many, with those of a resumed search.")] = 20,
    space: Annotated[
        Path | None,
        typer.Option("--space", help="YAML file of the search space, instead of the default.", show_default=False),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary", metavar="KEY=RANGE", help="Vary this too: [a, b, c] or {low: a, high: b}.", show_default=False
        ),
    ] = None,
    encoder: Annotated[
        bool, typer.Option("--encoder", help="Vary the encoder's learning rate too, and its dropout if it has one.")
    ] = False,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any setting, which is then not varied.", show_default=False),
    ] = None,
    choose_by: Annotated[
        str, typer.Option("--shares", help="Of the training part: to learn from, and to choose by.")
    ] = "8:2",
    prune: Annotated[bool, typer.Option("--prune", help="Give up trials that fall behind the median.")] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the trials and of the search itself.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the search in --output-dir.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin the search in --output-dir again.")] = False,
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
    """Search for the best learning rates, dropouts and sizes of the layers behind the encoder.

    By default the slots' learning rates, dropouts and sizes are varied, without the encoder. Trials learn from one
    share of the training part and are compared on the other; dev and test part are not used. OUTPUT_DIR gets study.db
    (Optuna's), trials.csv, and best.yaml, which `hf-cner train --config` takes. It needs Optuna:
    pip install '.[search]' in the folder of hf_cner's source.

    \b
    Examples:
      hf-cner search --preset bilstm-crf --corpus sample --output-dir OUT --trials 10
      hf-cner search --preset bilstm-crf --corpus ccks2019 --data-dir ccks2019 --output-dir OUT --resume
      hf-cner search --preset mcbert-bilstm-cnn-mha-crf --corpus jsonl --data-dir notes.jsonl --output-dir OUT \\
          --encoder --set training.freeze_encoder=false --vary "model.attention.num_heads=[2, 4, 8]" \\
          --vary "training.slot_learning_rates.span_decoder={low: 1e-4, high: 1e-1, log: true}"
      hf-cner train --config OUT/best.yaml --corpus ccks2019 --data-dir ccks2019 --output-dir MODEL
    """
    from ..data.corpora import check_place
    from ..data.folders import refuse_inputs
    from ..settings.reading import parse_assignments
    from ..settings.resolve import resolve_settings
    from ..settings.training import corpus_of
    from .corpus import data_settings, reading_settings
    from .outcome import render_search
    from .splits import parse_split

    check_json(json_file, inputs=(config, space, data_dir), folder=output_dir)
    if overwrite:
        refuse_inputs(output_dir, (config, space))
    if preset is None and config is None:
        raise ValueError("Say what to search for: --preset NAME (`hf-cner presets` lists them) or --config FILE.")
    columns = (text_column, id_column, encoding)
    told = reading_settings(reading, input_scheme, input_separator, input_column, table=columns)
    options: dict[str, Any] = {"data": data_settings(corpus, data_dir, parse_split(split), told, on_error)}
    options |= {"output_dir": str(output_dir)} | ({} if seed is None else {"seed": seed})
    fixed = with_short_forms(assignments, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    settings = resolve_settings(preset, config=config, options=options, assignments=fixed)
    check_place(corpus_of(settings), settings.data.data_dir)
    varied = parse_assignments(vary or [], option="--vary")
    names = parse_assignments(fixed)
    from ..training.search import search as run  # takes seconds: checks without torch come first
    from ..training.search_space import names_in, space_of

    shares = (parse_split(choose_by) or {}).get("ratios") or []
    found = run(
        settings,
        trials=trials,
        space=space_of(settings, path=space, more=varied, encoder=encoder, fixed=names_in(names)),
        shares=shares,
        prune=prune,
        resume=resume,
        overwrite=overwrite,
    )
    render_search(found, report_console(json_file))
    write_json(json_file, found)
