"""`hf-cner pretrain`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from .json_report import Json, check_json, report_console, write_json
from .options import DataDir, Encoding, IdColumn, InputColumn, InputScheme, InputSeparator, OnError, Reading, TextColumn
from .run_folder import check_run_folder
from .short_forms import BatchSize, LearningRate, with_short_forms
from .texts import AllowOverlap, DropOverlap, Exclude, Files, TextCorpus, Unit, overlap_of


class Masking(str, Enum):
    """What is hidden."""

    random = "random"
    entity = "entity"


class Entities(str, Enum):
    """The source of the entities."""

    lexicon = "lexicon"
    mentions = "mentions"
    gold = "gold"
    model = "model"


def pretrain(
    output_dir: Annotated[Path, typer.Option("--output-dir", help="Folder for the encoder.", show_default=False)],
    files: Files = None,
    corpus: TextCorpus = None,
    data_dir: DataDir = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            help="Continue from this encoder: a folder, as it was published, or a Hub name.",
            show_default=False,
        ),
    ] = None,
    model_type: Annotated[
        str | None,
        typer.Option(
            "--model-type",
            help="For a new encoder: bert, albert, …, with sizes by --set encoder.config.KEY=VALUE; or the type of an "
            "--encoder whose files do not name it.",
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option("--objective", help="mlm, a masked language model; bilm, ELMo's; plm, XLNet's. [mlm]"),
    ] = None,
    masking: Annotated[Masking | None, typer.Option("--masking", help="What is hidden. [random]")] = None,
    entities: Annotated[
        Entities | None, typer.Option("--entities", help="Where entities come from. [lexicon if given, else gold]")
    ] = None,
    lexicon: Annotated[
        Path | None, typer.Option("--lexicon", help="Words, one per line, to be hidden whole.", show_default=False)
    ] = None,
    entity_model: Annotated[
        str | None, typer.Option("--entity-model", help="A trained model whose predictions are hidden.")
    ] = None,
    next_sentence: Annotated[
        bool | None, typer.Option("--next-sentence/--no-next-sentence", help="Predict whether two texts follow.")
    ] = None,
    max_length: Annotated[int | None, typer.Option("--max-length", help="Characters of a window. [256]")] = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="Passes over the texts. [10]")] = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of weights, order, masking and held-out texts.")] = None,
    unit: Annotated[
        Unit | None, typer.Option("--unit", help="One document in a text file: a line, or the file. [auto]")
    ] = None,
    exclude: Exclude = None,
    allow_overlap: AllowOverlap = False,
    drop_overlap: DropOverlap = False,
    config: Annotated[
        Path | None, typer.Option("--config", help="YAML file of settings, as settings.yaml.", show_default=False)
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any setting; may be repeated.", show_default=False),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that was cut off.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --output-dir.")] = False,
    input_scheme: InputScheme = None,
    input_separator: InputSeparator = None,
    input_column: InputColumn = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    reading: Reading = None,
    on_error: Annotated[
        OnError | None, typer.Option("--on-error", help="At a fault in the data: stop, or skip it. [stop]")
    ] = None,
    json_file: Json = None,
) -> None:
    """Pretrain an encoder on text without annotation: hide characters, or whole medical entities, and predict them.

    From a checkpoint or from scratch. The folder holds the encoder and its character tokenizer: a tagger takes it with
    --set model.encoder.name_or_path=OUTPUT_DIR. Settings: --config < options < --set.

    \b
    Examples:
      hf-cner pretrain notes.txt --model-type bert --set encoder.config.num_hidden_layers=4 --output-dir OUT
      hf-cner pretrain notes.txt --encoder my-bert --masking entity --lexicon terms.txt --output-dir OUT
      hf-cner pretrain notes.txt --corpus ccks2019 --data-dir ccks2019 --encoder my-bert --next-sentence \\
          --exclude test.jsonl --drop-overlap --output-dir OUT
      hf-cner train --preset bert-bilstm-crf --corpus ccks2019 --data-dir ccks2019 --output-dir MODEL \\
          --set model.encoder.name_or_path=OUT
    """
    from ..data.folders import refuse_inputs
    from ..data.texts import check_texts
    from ..settings.resolve import resolve_pretraining
    from .corpus import reading_settings
    from .outcome import render_pretraining

    check_json(json_file, inputs=(config, *(files or ()), data_dir), folder=output_dir)
    if overwrite:
        refuse_inputs(output_dir, (config,))
    data = {
        "files": [str(file) for file in files] if files else None,
        "corpus": corpus,
        "data_dir": data_dir and str(data_dir),
        "unit": unit and unit.value,
        "exclude": list(exclude) if exclude else None,
        "overlap": overlap_of(allow_overlap, drop_overlap) if allow_overlap or drop_overlap else None,
        "on_error": on_error and on_error.value,
        **reading_settings(
            reading, input_scheme, input_separator, input_column, table=(text_column, id_column, encoding)
        ),
    }
    options: dict[str, Any] = {
        "objective": objective,
        "encoder": {
            "name_or_path": encoder,
            **({"model_type": model_type} if encoder else {"config": {"model_type": model_type}}),
        },
        "masking": masking and masking.value,
        "entities": entities and entities.value,
        "lexicon": lexicon and str(lexicon),
        "entity_model": entity_model,
        "next_sentence": next_sentence,
        "max_length": max_length,
        "seed": seed,
        "data": data,
        "output_dir": str(output_dir),
    }
    told = with_short_forms(assignments, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    settings = resolve_pretraining(config, options, told)
    check_texts(settings.data.files, settings.data.corpus, settings.data.data_dir)
    check_run_folder(output_dir, resume=resume, overwrite=overwrite)
    from ..pretraining.run import pretrain as run  # takes seconds: checks without torch come first

    outcome = run(settings, resume=resume, overwrite=overwrite)
    render_pretraining(outcome, report_console(json_file))
    write_json(json_file, outcome)
