"""`hf-cner predict`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .computing import CacheOption, LinearOption, PrecisionOption, WorkersOption
from .console import messages, no_loading_bars, say_what_is_unknown, say_what_was_left_out
from .decoding import DecodingOption, QueriesOption, ThresholdOption
from .options import (
    Backend,
    Device,
    Encoding,
    IdColumn,
    Model,
    OnError,
    OnErrorOption,
    Reading,
    TextColumn,
    Writing,
    keys_and_values,
    reading_options,
)

if TYPE_CHECKING:
    from ..data.documents import Document


def predict(
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="A text file, a folder of text files, a .jsonl file, a table (.csv, .xlsx, …), or - for stdin.",
            show_default=False,
        ),
    ],
    model: Model,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write [default: standard output].", show_default=False),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="jsonl, csv, text, html, or a format of `hf-cner corpora` (label-studio, doccano, brat, inception, …) "
            "[default: by the name of --output, else jsonl; on a terminal text].",
        ),
    ] = None,
    input_format: Annotated[
        str, typer.Option("--input-format", help="auto, text, lines, jsonl, or a format of `hf-cner corpora`.")
    ] = "auto",
    reading: Reading = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Each line of a text is a document (--input-format lines).")
    ] = False,
    scores: Annotated[bool, typer.Option(help="Give each entity its probability; --no-scores is faster.")] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the .partial file of a run that was cut off.")
    ] = False,
    batch_tokens: Annotated[
        int | None, typer.Option("--batch-tokens", help="Characters in one pass of the model.")
    ] = None,
    writing: Writing = None,
    queries: QueriesOption = None,
    decoding: DecodingOption = None,
    threshold: ThresholdOption = None,
    device: Device = None,
    backend: Backend = None,
    precision: PrecisionOption = "auto",
    linear: LinearOption = None,
    workers: WorkersOption = None,
    cache: CacheOption = True,
    on_error: OnErrorOption = OnError.stop,
) -> None:
    """Find the entities of texts of any length, and write them with their offsets and probabilities.

    JSON lines have one row for each document, in order: {"id", "record", "text", "entities": [{"start", "end", "type",
    "text", "score"}]}; text[start:end] is the entity, and the score its exact probability under the model.

    \b
    Examples:
      hf-cner predict --model OUT note.txt
      hf-cner predict --model OUT notes/ --output notes.jsonl
      hf-cner predict --model OUT corpus.jsonl --output entities.csv
      echo 患者头痛3天。 | hf-cner predict --model OUT - --format text
      hf-cner predict --model OUT notes.xlsx --text-column 现病史 --output entities.xlsx
      hf-cner predict --model OUT notes.csv --encoding gb18030 --output notes.parquet --writing entities=column
      hf-cner predict --model OUT notes/ --format label-studio --output tasks.json
      hf-cner predict --model OUT notes/ --format brat --output brat/
      hf-cner predict --model EXPORTED notes/ --backend onnx --output notes.jsonl
      hf-cner predict --model OUT notes/ --precision bf16 --workers 4 --output notes.jsonl
      hf-cner predict --model MRC note.txt --queries queries.yaml --threshold 0.3
    """
    from ..data.inputs import read_inputs
    from ..data.problems import Problems
    from ..data.queries import read_queries
    from ..data.writing import check_output
    from .computing import compared, open_finder
    from .decoding import decoding_options, refuse_missing_model
    from .outputs import OWN_FORMATS, endings_of, format_options, output_format, write_format, write_predictions
    from .progress import documents_bar

    chosen = output_format(form, output)
    told = format_options(chosen, keys_and_values(writing, "--writing"), queries, resume=resume)
    check_output(output, inputs=(source, queries), models=(model,), endings=endings_of(chosen))
    problems = Problems(on_error.value)
    options = decoding_options(queries, decoding, threshold) | {"batch_tokens": batch_tokens, "device": device}
    options |= {"precision": precision, "linear": linear, "workers": workers, "cache": cache}
    columns = reading_options(reading, table=(text_column, id_column, encoding))
    documents, total = read_inputs(source, form="lines" if lines else input_format, problems=problems, options=columns)
    refuse_missing_model(model, backend)
    from ..data.unknown_characters import UnknownCounter

    no_loading_bars()
    predictor = open_finder(model, backend=backend, scores=scores, **options)
    unknown = UnknownCounter(predictor.tokenizer, table=predictor.table)
    about = {"weights": predictor.weights, "scores": scores, **decoding_options(None, decoding, threshold)}
    about |= {"queries": queries and read_queries(queries), **({} if precision == "auto" else {"precision": precision})}
    with documents_bar("predicting", total) as counted:

        def predicted(rest: Iterable[Document]) -> Iterator[Document]:
            return counted(predictor.predict(unknown.watch(compared(predictor, rest))))

        if chosen in OWN_FORMATS or output is None:
            types = predictor.entity_types
            number = write_predictions(predicted, documents, output, chosen, resume=resume, about=about, types=types)
        else:
            name = f"{Path(model).name} {about['weights'][:8]}"  # so that a correction can be traced to its model
            defaults = {"model_version": name, "entities": "rows"}
            number = write_format(predicted(documents), output, chosen, {**defaults, **told})
    say_what_was_left_out(problems)
    say_what_is_unknown(unknown.share())
    if output is not None:
        messages().print(f"{number:,} documents in {output}", markup=False, soft_wrap=True)
