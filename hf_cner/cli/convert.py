"""`hf-cner convert`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from .console import messages, say_what_was_left_out
from .options import Corpus, DataDir, OnError, OnErrorOption


class Separator(str, Enum):
    """What stands between a character and its tag."""

    space = "space"
    tab = "tab"
    comma = "comma"


SEPARATORS = {Separator.space: " ", Separator.tab: "\t", Separator.comma: ","}


def convert(
    corpus: Corpus,
    to: Annotated[str, typer.Option("--to", help="jsonl or conll.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.", show_default=False)],
    data_dir: DataDir = None,
    scheme: Annotated[str, typer.Option("--scheme", help="Tags of CoNLL: BIO, BIOE or BIOES.")] = "BIO",
    dialect: Annotated[str, typer.Option("--dialect", help="Form of the tags: B-X, B_X, X-B or X_B.")] = "B-X",
    separator: Annotated[Separator, typer.Option("--separator", help="Between character and tag.")] = Separator.space,
    split: Annotated[str | None, typer.Option("--split", help="Published part: train, validation or test.")] = None,
    on_error: OnErrorOption = OnError.stop,
) -> None:
    """Write any corpus that can be read as JSON lines or as one character and tag per line.

    JSON lines keep everything. Tags cannot express mentions that overlap: what is lost is counted and named.

    \b
    Examples:
      hf-cner convert ccks2017 --data-dir ccks2017/train --to jsonl --output ccks2017.jsonl
      hf-cner convert sample --to conll --scheme BIOES --output sample.bioes
    """
    from ..data.corpora import read_corpus
    from ..data.formats import format_module
    from ..data.problems import Problems

    module = format_module(to)
    options = {"scheme": scheme.upper(), "dialect": dialect, "separator": SEPARATORS[separator]}
    problems = Problems(on_error.value)
    documents = read_corpus(corpus, data_dir, problems=problems, split=split)
    written = module.write(documents, output, **(options if module.NAME == "conll" else {}))
    say_what_was_left_out(problems)
    messages().print(f"{output}: {written.summary()}", markup=False, soft_wrap=True)
