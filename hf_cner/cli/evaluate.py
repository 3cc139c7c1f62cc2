"""`hf-cner evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .computing import CacheOption, LinearOption, PrecisionOption, WorkersOption
from .console import no_loading_bars, say_what_is_unknown, say_what_was_left_out
from .decoding import DecodingOption, QueriesOption, ThresholdOption
from .json_report import HELP, check_json, report_console, write_json
from .options import (
    Backend,
    Device,
    Encoding,
    IdColumn,
    InputColumn,
    InputScheme,
    InputSeparator,
    Model,
    OnError,
    OnErrorOption,
    Reading,
    TextColumn,
    corpus_names,
    reading_options,
)


def evaluate(
    model: Model,
    data: Annotated[
        Path,
        typer.Option(
            "--data", help="Gold documents: JSON lines, CoNLL, or anything else with --corpus.", show_default=False
        ),
    ],
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus",
            help="Format of --data: any name of `hf-cner corpora` [default: by the file's name].",
            autocompletion=corpus_names,
        ),
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="Published part: train, validation or test.")] = None,
    output: Annotated[
        Path | None, typer.Option("--json", "--output", "-o", metavar="FILE", help=HELP, show_default=False)
    ] = None,
    resamples: Annotated[int, typer.Option("--resamples", help="Of the bootstrap interval, by record.")] = 1000,
    queries: QueriesOption = None,
    decoding: DecodingOption = None,
    threshold: ThresholdOption = None,
    device: Device = None,
    backend: Backend = None,
    precision: PrecisionOption = "auto",
    linear: LinearOption = None,
    workers: WorkersOption = None,
    cache: CacheOption = True,
    input_scheme: InputScheme = None,
    input_separator: InputSeparator = None,
    input_column: InputColumn = None,
    reading: Reading = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    on_error: OnErrorOption = OnError.stop,
) -> None:
    """Compare a model's entities with gold: strict and relaxed, per type, with a bootstrap interval.

    Gold mentions that tags or windows cannot express count as misses.

    \b
    Examples:
      hf-cner evaluate --model OUT --data test.jsonl
      hf-cner evaluate --model OUT --data ccks2017/test --corpus ccks2017 --output figures.json
    """
    from ..data.problems import Problems
    from ..metrics import evaluate_documents, table
    from ..metrics.gold import check_types, evaluation_row, interval_sentence, read_gold
    from ..metrics.zero import why_zero
    from .computing import agreement_of, open_finder, sample
    from .decoding import decoding_options, refuse_missing_model
    from .progress import documents_bar

    check_json(output, inputs=(data, queries), models=(model,))
    problems = Problems(on_error.value)
    columns = (text_column, id_column, encoding)
    told = reading_options(reading, input_scheme, input_separator, input_column, table=columns)
    options = decoding_options(queries, decoding, threshold) | {"device": device, "precision": precision}
    options |= {"linear": linear, "workers": workers, "cache": cache}
    gold = read_gold(data, corpus=corpus, split=split, options=told, problems=problems)
    known = refuse_missing_model(model, backend).get("entity_types")
    if isinstance(known, list) and queries is None:
        check_types(gold, known, data)
    from ..data.unknown_characters import unknown_share

    no_loading_bars()
    predictor = open_finder(model, backend=backend, scores=False, **options)
    check_types(gold, predictor.entity_types, data)
    agreement = agreement_of(predictor, sample(iter(gold)))
    with documents_bar("evaluating", len(gold)) as counted:
        predicted = list(counted(predictor.predict(gold)))
    report = evaluate_documents(gold, predicted, types=predictor.entity_types)
    unknown = unknown_share((document.text for document in gold), predictor.tokenizer, table=predictor.table)
    row = evaluation_row(model, data, gold, predicted, report, resamples=resamples)
    row["unknown_characters"] = unknown.to_dict()
    row |= {} if agreement is None else {"precision": agreement.to_dict()}
    console = report_console(output)
    console.print(table(report), markup=False, soft_wrap=True)
    console.print(interval_sentence(row), markup=False, soft_wrap=True)
    if why := why_zero(report, unknown=unknown.share):
        console.print(why, markup=False, soft_wrap=True)
    say_what_was_left_out(problems)
    say_what_is_unknown(unknown)
    write_json(output, row)
