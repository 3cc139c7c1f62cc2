"""`hf-cner convert`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import messages, say_what_was_left_out
from .options import (
    Corpus,
    DataDir,
    InputColumn,
    InputScheme,
    InputSeparator,
    OnError,
    OnErrorOption,
)

if TYPE_CHECKING:
    from ..data.documents import Document
    from ..data.formats.tags import Spelling
    from ..data.problems import Problems


class Separator(str, Enum):
    """What stands between a character and its tag."""

    space = "space"
    tab = "tab"
    comma = "comma"


SEPARATORS = {Separator.space: " ", Separator.tab: "\t", Separator.comma: ","}


def convert(
    corpus: Corpus,
    to: Annotated[str, typer.Option("--to", help="jsonl, conll or mrc.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.", show_default=False)],
    data_dir: DataDir = None,
    scheme: Annotated[str, typer.Option("--scheme", help="Tags of CoNLL: BIO, BIOE or BIOES.")] = "BIO",
    dialect: Annotated[str, typer.Option("--dialect", help="Form of the tags: B-X, B_X, X-B or X_B.")] = "B-X",
    separator: Annotated[Separator, typer.Option("--separator", help="Between character and tag.")] = Separator.space,
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
    on_error: OnErrorOption = OnError.stop,
) -> None:
    """Write any corpus that can be read in another format: jsonl, conll (one character and tag per line) or mrc.

    JSON lines keep everything, and so does mrc: context, query and answers, one row per document and entity type. Tags
    cannot express mentions that overlap: what is lost is counted and named. A format's name stands for a file of it.

    \b
    Examples:
      hf-cner convert ccks2017 --data-dir ccks2017/train --to jsonl --output ccks2017.jsonl
      hf-cner convert sample --to conll --scheme BIOES --output sample.bioes
      hf-cner convert ccks2017 --data-dir ccks2017/train --to mrc --output questions.jsonl
      hf-cner convert conll --data-dir eng.train --input-scheme IOB1 --input-column -1 --to jsonl --output eng.jsonl
      hf-cner convert mrc --data-dir questions.jsonl --to jsonl --output ccks2017.jsonl
    """
    from ..data.formats import format_module
    from ..data.formats.tags import spelling_of
    from ..data.problems import Problems
    from ..data.writing import OF_ROWS, check_output

    module = format_module(to)
    rows = (".jsonl", ".ndjson", ".json", ".txt") if module.NAME in ("jsonl", "mrc") else ()
    check_output(output, inputs=(data_dir, queries), endings=rows, never=() if rows else OF_ROWS)
    problems = Problems(on_error.value)
    spelling = spelling_of(input_scheme, input_separator, input_column)
    documents = _documents(corpus, data_dir, split, problems, spelling)
    options: dict[str, Any] = {}
    if module.NAME == "conll":
        options = {"scheme": scheme.upper(), "dialect": dialect, "separator": SEPARATORS[separator]}
    elif module.NAME == "mrc":
        options = {"queries": _queries(corpus, documents, queries)}
    written = module.write(documents, output, **options)
    say_what_was_left_out(problems)
    messages().print(f"{output}: {written.summary()}", markup=False, soft_wrap=True)


def _documents(
    corpus: str, data_dir: Path | None, split: str | None, problems: Problems, spelling: Spelling
) -> list[Document]:
    """The documents of a corpus, or of a file in one of the formats."""
    from ..data.corpora import CORPORA, read_corpus
    from ..data.formats import FORMATS, format_module
    from ..data.problems import DataError

    if corpus in CORPORA or corpus not in FORMATS:
        return read_corpus(corpus, data_dir, problems=problems, split=split, spelling=spelling)
    if data_dir is None or data_dir.is_dir():
        raise ValueError(f"The format {corpus} needs a file; name it with --data-dir FILE.")
    documents = list(format_module(corpus).read(data_dir, problems=problems))
    if not documents:
        raise DataError(f"{data_dir}: found no document; expected a file of the format {corpus}; name another file.")
    return documents


def _queries(corpus: str, documents: list[Document], path: Path | None) -> dict[str, str]:
    from ..data.corpora import CORPORA, corpus_key, entity_types, types_in
    from ..data.queries import queries_for, read_queries

    if path is not None:
        return read_queries(path)  # all of them, so that every part of a corpus is asked the same
    types = (entity_types(corpus) if corpus_key(corpus) in CORPORA else ()) or types_in(documents)
    return queries_for(corpus, types)
