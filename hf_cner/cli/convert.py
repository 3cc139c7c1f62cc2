"""`hf-cner convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import messages, say_what_was_left_out
from .json_report import Json, check_json, write_json
from .options import (
    Corpus,
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
    Writing,
    keys_and_values,
    reading_options,
)

if TYPE_CHECKING:
    from ..data.documents import Document


def convert(
    corpus: Corpus,
    to: Annotated[
        str,
        typer.Option("--to", help="A format of `hf-cner corpora`: jsonl, conll, mrc, doccano, …", show_default=False),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write; of brat, inception a new folder.", show_default=False),
    ],
    data_dir: DataDir = None,
    scheme: Annotated[str | None, typer.Option("--scheme", help="Tags of CoNLL: BIO, BIOE or BIOES [BIO].")] = None,
    dialect: Annotated[
        str | None, typer.Option("--dialect", help="Form of the tags: B-X, B_X, X-B or X_B [B-X].")
    ] = None,
    separator: Annotated[
        str | None, typer.Option("--separator", help="Between character and tag: space, tab or comma [space].")
    ] = None,
    queries: Annotated[
        Path | None,
        typer.Option(
            "--queries", help="Of mrc: YAML file of `type: question` lines [default: the corpus's].", show_default=False
        ),
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="Published part: train, validation or test.")] = None,
    input_scheme: InputScheme = None,
    input_separator: InputSeparator = None,
    input_column: InputColumn = None,
    reading: Reading = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    writing: Writing = None,
    on_error: OnErrorOption = OnError.stop,
    json_file: Json = None,
) -> None:
    """Convert a corpus or format into another format, also for annotation tools.

    `hf-cner corpora` lists what can be read and written. JSON lines keep everything, and so does mrc: context, query
    and answers, one row per document and entity type. Tags cannot express mentions that overlap: lost ones are counted
    and named. Offsets of annotation tools are converted, and their counting is reported.

    \b
    Examples:
      hf-cner convert ccks2017 --data-dir ccks2017/train --to jsonl --output ccks2017.jsonl
      hf-cner convert sample --to conll --scheme BIOES --output sample.bioes
      hf-cner convert ccks2017 --data-dir ccks2017/train --to mrc --output questions.jsonl
      hf-cner convert conll --data-dir eng.train --input-scheme IOB1 --input-column -1 --to jsonl --output eng.jsonl
      hf-cner convert mrc --data-dir questions.jsonl --to jsonl --output ccks2017.jsonl
      hf-cner convert sample --to label-studio --output tasks.json
      hf-cner convert label-studio --data-dir export.json --reading annotator=1 --to jsonl --output gold.jsonl
      hf-cner convert doccano --data-dir admin.jsonl --reading count=graphemes --to brat --output brat/
    """
    from ..data.corpora import read_corpus
    from ..data.problems import Problems
    from ..data.registry import readable, writable
    from .outputs import check_format_output

    readable(corpus)
    target = writable(to)
    taken: dict[str, object] = {"scheme": scheme, "dialect": dialect, "separator": separator, "queries": queries}
    taken |= keys_and_values(writing, "--writing")
    target.writing(taken)
    check_format_output(target, output, inputs=(data_dir, queries))
    check_json(json_file, inputs=(data_dir, queries, output))
    problems = Problems(on_error.value)
    columns = (text_column, id_column, encoding)
    told = reading_options(reading, input_scheme, input_separator, input_column, table=columns)
    documents = read_corpus(corpus, data_dir, problems=problems, split=split, options=told)
    if "queries" in target.writing_options:
        taken["queries"] = _queries(corpus, documents, queries)
    written = target.write(documents, output, options=target.writing(taken))
    say_what_was_left_out(problems)
    messages().print(f"{output}: {written.summary()}", markup=False, soft_wrap=True)
    write_json(json_file, written.to_dict())


def _queries(corpus: str, documents: list[Document], path: Path | None) -> dict[str, str]:
    from ..data.corpora import entity_types, types_in
    from ..data.queries import queries_for, read_queries

    if path is not None:
        return read_queries(path)  # all types, so that every part of a corpus has the same questions
    return queries_for(corpus, entity_types(corpus) or types_in(documents))
