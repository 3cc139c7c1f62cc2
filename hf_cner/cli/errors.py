"""`hf-cner errors`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import messages, no_loading_bars, results, say_what_was_left_out
from .decoding import DecodingOption, QueriesOption, ThresholdOption
from .options import (
    Device,
    InputColumn,
    InputScheme,
    InputSeparator,
    Model,
    OnError,
    OnErrorOption,
    Reading,
    reading_options,
)


def errors(
    model: Model,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", help="Part of the run, as its split.json says: train, dev or test.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Page to write (.html).", show_default=False)
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write counts and errors as JSON.", show_default=False)
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Gold documents [default: the corpus of the run].", show_default=False),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option("--corpus", help="What --data is: any name of `hf-cner corpora` [default: by the file's name]."),
    ] = None,
    scores: Annotated[bool, typer.Option(help="Give each predicted entity its probability.")] = True,
    queries: QueriesOption = None,
    decoding: DecodingOption = None,
    threshold: ThresholdOption = None,
    device: Device = None,
    input_scheme: InputScheme = None,
    input_separator: InputSeparator = None,
    input_column: InputColumn = None,
    reading: Reading = None,
    on_error: OnErrorOption = OnError.stop,
) -> None:
    """Show gold against a model's entities: what was missed, is spurious, or has a wrong type or boundary.

    Every unmatched entity of gold and prediction is in exactly one error. Without --data the corpus of the run is read,
    and --split says which part of it; a warning says when the model was trained on some of the documents.

    \b
    Examples:
      hf-cner errors --model OUT --split test -o errors.html
      hf-cner errors --model OUT --data gold.jsonl --json errors.json
    """
    import json

    from ..data.fingerprint import fingerprint
    from ..data.problems import Problems
    from ..data.writing import atomic_write, check_output
    from ..metrics.gold import check_types
    from ..training.held_out import gold_for, parts_of_run
    from .decoding import decoding_options, refuse_missing_model
    from .error_counts import count_table
    from .progress import documents_bar

    if split is None and data is None:
        raise ValueError("errors needs --split (a part of the run: test, dev or train), or --data with gold documents.")
    for path, endings in ((output, (".html", ".htm")), (json_file, (".json",))):
        if path is not None:
            check_output(path, inputs=(data, queries), models=(model,), endings=endings)
    problems = Problems(on_error.value)
    options = decoding_options(queries, decoding, threshold)
    run = parts_of_run(Path(model))
    refuse_missing_model(model)
    told = reading_options(reading, input_scheme, input_separator, input_column)
    gold, warnings = gold_for(run, split, data, corpus=corpus, options=told, problems=problems)
    from ..inference.predictor import Predictor  # takes seconds: what needs no model is refused before

    no_loading_bars()
    predictor = Predictor.from_pretrained(model, device=device, scores=scores, **options)
    check_types(gold, predictor.entity_types, data or run.folder)
    with documents_bar("predicting", len(gold)) as counted:
        predicted = list(counted(predictor.predict(gold)))
    from ..viewer.errors import errors_as_json, errors_per_type, write_errors_page

    per_type = errors_per_type(gold, predicted, predictor.entity_types)
    for warning in warnings:
        messages().print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)
    results().print(count_table(per_type))
    say_what_was_left_out(problems)
    if output is not None:
        with atomic_write(output) as stream:
            title = f"{run.folder.name} · {split or data}"
            write_errors_page(stream, gold, predicted, per_type, title=title, remarks=warnings)
    if json_file is not None:
        about = {"model": model, "split": split, "data": None if data is None else str(data), "warnings": warnings}
        with atomic_write(json_file) as stream:
            counts = {"documents": len(gold), "fingerprint": fingerprint(gold), "per_type": per_type}
            found = {**about, **counts, "errors": errors_as_json(gold, predicted)}
            json.dump(found, stream, ensure_ascii=False, indent=2)
