"""`hf-cner inspect`."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import say_what_was_left_out
from .json_report import Json, check_json, report_console, write_json
from .model_facts import ModelToSay
from .options import (
    CorpusIfAny,
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


def inspect(
    corpus: CorpusIfAny = None,
    model: ModelToSay = None,
    data_dir: DataDir = None,
    scheme: Annotated[
        list[str] | None, typer.Option("--scheme", help="Tag scheme to judge; may be repeated. Default: all three.")
    ] = None,
    max_length: Annotated[int, typer.Option("--max-length", help="Characters in a window.")] = 256,
    overlap: Annotated[
        int | None, typer.Option("--overlap", help="Characters that windows share [default: a quarter].")
    ] = None,
    json_file: Json = None,
    split: Annotated[str | None, typer.Option("--split", help="Published part: train, validation or test.")] = None,
    input_scheme: InputScheme = None,
    input_separator: InputSeparator = None,
    input_column: InputColumn = None,
    reading: Reading = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    on_error: OnErrorOption = OnError.stop,
) -> None:
    """Count a corpus: entities, losses by tag schemes and windows, duplicates, and faults.

    With --model in place of a corpus: what a model is, and how this machine computes it.

    \b
    Examples:
      hf-cner inspect sample
      hf-cner inspect ccks2017 --data-dir ccks2017/train --max-length 128
      hf-cner inspect --model OUT
      hf-cner inspect jsonl --data-dir notes.jsonl --on-error skip --json notes.stats.json
    """
    from ..data.corpora import entity_types, read_corpus
    from ..data.problems import Problems
    from ..data.statistics import inspect as count
    from ..modeling.schemes import SCHEMES
    from .counted import render

    check_json(json_file, inputs=(data_dir,), models=(model,))
    if (corpus is None) == (model is None):
        raise ValueError("inspect takes the name of a corpus, or --model MODEL; give one of them.")
    if model is not None or corpus is None:
        from .model_facts import facts_of, say_facts

        facts = facts_of(str(model))
        write_json(json_file, facts)
        say_facts(facts, report_console(json_file))
        return
    problems = Problems(on_error.value)
    columns = (text_column, id_column, encoding)
    told = reading_options(reading, input_scheme, input_separator, input_column, table=columns)
    documents = read_corpus(corpus, data_dir, problems=problems, split=split, options=told)
    lengths = {"max_length": max_length, "overlap": max_length // 4 if overlap is None else overlap}
    found = count(
        documents,
        entity_types=entity_types(corpus),
        schemes=[name.upper() for name in scheme] if scheme else SCHEMES,
        windows=[{"policy": "sentence", **lengths}, {"policy": "stride", **lengths}],
    )
    listed = problems.listing()
    found |= {"problems": listed["left_out"], "problems_count": listed["left_out_count"]}
    write_json(json_file, {"corpus": corpus, **found})
    render(corpus, found, report_console(json_file))
    say_what_was_left_out(problems)
