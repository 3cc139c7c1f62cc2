"""`hf-cner vectors`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import messages, say_what_was_left_out
from .json_report import Json, check_json, report_console, write_json
from .options import (
    DataDir,
    Encoding,
    IdColumn,
    InputColumn,
    InputScheme,
    InputSeparator,
    OnError,
    OnErrorOption,
    Reading,
    TextColumn,
    reading_options,
)
from .texts import AllowOverlap, DropOverlap, Exclude, Files, TextCorpus, Unit, UnitOption, overlap_of, read_allowed


def vectors(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.", show_default=False)],
    files: Files = None,
    corpus: TextCorpus = None,
    data_dir: DataDir = None,
    bigrams: Annotated[bool, typer.Option("--bigrams", help="Of two neighbouring characters, not of single ones.")] = (
        False
    ),
    size: Annotated[int, typer.Option("--size", help="Length of a vector.")] = 128,
    epochs: Annotated[int, typer.Option("--epochs", help="Passes over the texts.")] = 10,
    window: Annotated[int, typer.Option("--window", help="Neighbours to each side.")] = 5,
    min_count: Annotated[int, typer.Option("--min-count", help="Rarer ones get no vector.")] = 2,
    cbow: Annotated[bool, typer.Option("--cbow", help="CBOW instead of skip-gram.")] = False,
    keep_case: Annotated[bool, typer.Option("--keep-case", help="For a tokenizer with lower_case=false.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same file, with one worker.")] = 42,
    workers: Annotated[
        int, typer.Option("--workers", help="Threads; with more than one the result is not reproducible.")
    ] = 1,
    unit: UnitOption = Unit.auto,
    exclude: Exclude = None,
    allow_overlap: AllowOverlap = False,
    drop_overlap: DropOverlap = False,
    input_scheme: InputScheme = None,
    input_separator: InputSeparator = None,
    input_column: InputColumn = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    reading: Reading = None,
    on_error: OnErrorOption = OnError.stop,
    json_file: Json = None,
) -> None:
    """Train static vectors of characters, or of bigrams, on text without annotation (word2vec, by gensim).

    \b
    Examples:
      hf-cner vectors notes.txt --output characters.txt
      hf-cner vectors notes.txt --corpus ccks2019 --data-dir ccks2019 --size 100 --output characters100.txt
      hf-cner vectors notes.txt --bigrams --size 50 --output bigrams.txt
      hf-cner train --preset bilstm-crf --corpus ccks2019 --data-dir ccks2019 --output-dir OUT \\
          --set vectors.path=characters.txt --set vectors.bigram_path=bigrams.txt
    """
    from rich.progress import Progress

    from ..data.endings import DELIMITED
    from ..data.problems import Problems
    from ..data.streams import is_stream
    from ..data.writing import OF_ROWS, check_output
    from ..pretraining.vectors import train_vectors

    held_out = (item.partition("=")[2] or item for item in exclude or ())
    check_output(output, inputs=(*(files or ()), data_dir, *held_out), never=(*OF_ROWS, *DELIMITED))
    check_json(json_file, inputs=(*(files or ()), data_dir, output))
    problems = Problems(on_error.value)
    documents = read_allowed(
        files,
        corpus=corpus,
        data_dir=data_dir,
        options=reading_options(
            reading, input_scheme, input_separator, input_column, table=(text_column, id_column, encoding)
        ),
        unit=unit,
        exclude=exclude,
        overlap=overlap_of(allow_overlap, drop_overlap),
        problems=problems,
    )
    say_what_was_left_out(problems)
    with Progress(console=messages(), transient=True) as bar:
        task = bar.add_task(f"training on {len(documents):,} documents", total=epochs)
        trained = train_vectors(
            (document.text for document in documents),
            output,
            size=size,
            bigrams=bigrams,
            epochs=epochs,
            window=window,
            min_count=min_count,
            skip_gram=not cbow,
            lower_case=not keep_case,
            seed=seed,
            workers=workers,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    kind = "bigrams" if bigrams else "characters"
    text = (
        f"{output}: {trained.tokens:,} {kind} of size {trained.size}, from {trained.read:,} in {len(documents):,} texts"
    )
    (messages() if is_stream(output) else report_console(json_file)).print(text, markup=False, soft_wrap=True)
    write_json(json_file, {"output": str(output), "texts": len(documents), **trained._asdict()})
