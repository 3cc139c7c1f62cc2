"""`hf-cner errors`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import messages, no_loading_bars, say_what_was_left_out
from .decoding import DecodingOption, QueriesOption, ThresholdOption
from .json_report import Json, check_json, report_console, write_json
from .options import (
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
    Writing,
    corpus_names,
    keys_and_values,
    reading_options,
)

if TYPE_CHECKING:
    from ..data.documents import Document
    from ..viewer.errors import Counts


class Side(str, Enum):
    """Whose entities are sent to an annotation tool."""

    gold = "gold"
    predicted = "predicted"


def errors(
    model: Model,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", help="Part of the run, as its split.json says: train, dev or test.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Page to write (.html), or the file of --format.", show_default=False),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="html, or a format of `hf-cner corpora` (label-studio, doccano, …): only the documents with errors.",
        ),
    ] = "html",
    entities: Annotated[Side, typer.Option("--entities", help="The entities that --format writes.")] = Side.gold,
    writing: Writing = None,
    json_file: Json = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Gold documents [default: the corpus of the run].", show_default=False),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus",
            help="Format of --data: any name of `hf-cner corpora` [default: by the file's name].",
            autocompletion=corpus_names,
        ),
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
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    on_error: OnErrorOption = OnError.stop,
) -> None:
    """Compare gold with a model's entities: missed, spurious, or with a wrong type or boundary.

    Every unmatched entity of gold and prediction is in exactly one error. Without --data, --split names a part of the
    run's corpus. A warning says if the model was trained on some of the documents.

    \b
    Examples:
      hf-cner errors --model OUT --split test -o errors.html
      hf-cner errors --model OUT --data gold.jsonl --json errors.json
      hf-cner errors --model OUT --split dev -f label-studio -o tasks.json     # what annotators should look at again
    """
    from ..data.problems import Problems
    from ..data.writing import atomic_write
    from ..metrics.gold import check_types
    from ..training.held_out import gold_for, parts_of_run
    from .decoding import decoding_options, refuse_missing_model
    from .error_counts import count_table
    from .progress import documents_bar

    if split is None and data is None:
        raise ValueError("errors needs --split (a part of the run: test, dev or train), or --data with gold documents.")
    told_of_writing = _form_options(form, output, (data, queries), model, keys_and_values(writing, "--writing"))
    check_json(json_file, inputs=(data, queries, output), models=(model,))
    problems = Problems(on_error.value)
    options = decoding_options(queries, decoding, threshold)
    run = parts_of_run(Path(model))
    refuse_missing_model(model)
    columns = (text_column, id_column, encoding)
    told = reading_options(reading, input_scheme, input_separator, input_column, table=columns)
    gold, warnings = gold_for(run, split, data, corpus=corpus, options=told, problems=problems)
    from ..inference.predictor import Predictor  # takes seconds: checks without the model come first

    no_loading_bars()
    predictor = Predictor.from_pretrained(model, device=device, scores=scores, **options)
    check_types(gold, predictor.entity_types, data or run.folder)
    with documents_bar("predicting", len(gold)) as counted:
        predicted = list(counted(predictor.predict(gold)))
    from ..viewer.errors import errors_per_type, write_errors_page

    per_type = errors_per_type(gold, predicted, predictor.entity_types)
    for warning in warnings:
        messages().print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)
    report_console(json_file).print(count_table(per_type))
    say_what_was_left_out(problems)
    if output is not None and form == "html":
        with atomic_write(output) as stream:
            title = f"{run.folder.name} · {split or data}"
            write_errors_page(stream, gold, predicted, per_type, title=title, remarks=warnings)
    elif output is not None:
        name = {"model_version": f"{run.folder.name} {predictor.weights[:8]}"} if entities is Side.predicted else {}
        chosen = predicted if entities is Side.predicted else gold
        _write_form(form, output, _with_errors(gold, predicted, chosen), {**name, **told_of_writing})
    if json_file is not None:
        about = {"model": model, "split": split, "data": None if data is None else str(data), "warnings": warnings}
        write_json(json_file, {**about, **_counts(gold, predicted, per_type)})


def _counts(gold: Sequence[Document], predicted: Sequence[Document], per_type: Counts) -> dict[str, object]:
    from ..data.fingerprint import fingerprint
    from ..viewer.errors import errors_as_json

    counts = {"documents": len(gold), "fingerprint": fingerprint(gold), "per_type": per_type}
    return {**counts, "errors": errors_as_json(gold, predicted)}


def _form_options(
    form: str, output: Path | None, inputs: tuple[Path | None, Path | None], model: str, told: dict[str, str]
) -> dict[str, object]:
    """The options of the form, after a check that it can be written there, before anything is read."""
    from ..data.endings import PAGES
    from ..data.registry import writable
    from ..data.writing import check_output
    from .outputs import check_format_output, format_options

    if form == "html":
        if told:
            raise ValueError(f"html is written without {', '.join(told)}; leave out --writing.")
        if output is not None:
            check_output(output, inputs=inputs, models=(model,), endings=PAGES)
        return {}
    check_format_output(writable(form), output, inputs=(*inputs, model))
    return format_options(form, told, inputs[1])


def _with_errors(gold: Sequence[Document], predicted: Sequence[Document], chosen: Sequence[Document]) -> list[Document]:
    from ..metrics.errors import find_errors

    return [chosen[number] for number in sorted({error.document for error in find_errors(gold, predicted)})]


def _write_form(form: str, output: Path, documents: Sequence[Document], options: dict[str, object]) -> None:
    from .outputs import write_format

    number = write_format(documents, output, form, options)
    messages().print(f"{output}: {number:,} documents with errors", markup=False, soft_wrap=True)
