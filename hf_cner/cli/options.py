"""Arguments and options of several commands."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class OnError(str, Enum):
    """What to do about faults in the data."""

    stop = "stop"
    skip = "skip"


def preset_names() -> list[str]:
    """Completions after `--preset`."""
    from ..settings.preset import list_presets

    return [name for preset in list_presets() for name in (preset.name, *preset.aliases)]


def corpus_names() -> list[str]:
    """Completions after `--corpus`."""
    from ..data.registry import REGISTRY

    return list(REGISTRY)


_CORPUS = typer.Argument(
    autocompletion=corpus_names,
    help="Name of a corpus (ccks2017, ccks2018, ccks2019, cmeee, …), sample for the bundled invented one, "
    "or the format of files of yours (jsonl, conll, …); `hf-cner corpora` lists them.",
    show_default=False,
)
Corpus = Annotated[str, _CORPUS]
CorpusIfAny = Annotated[str | None, _CORPUS]
CorpusOption = Annotated[
    str,
    typer.Option(
        "--corpus",
        help="Any name of `hf-cner corpora`: a corpus, or the format of files of yours.",
        autocompletion=corpus_names,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="A folder, or one file: the corpus as it was published, or files of yours.",
        show_default=False,
    ),
]
OnErrorOption = Annotated[
    OnError, typer.Option("--on-error", help="At a fault in the data: stop, or skip the faulty item and list it.")
]
OnErrorSetting = Annotated[OnError | None, typer.Option("--on-error", help="At a fault in the data: stop, or skip it.")]
InputScheme = Annotated[
    str | None,
    typer.Option(
        "--input-scheme",
        help="Of CoNLL files: the scheme of their tags, BIO (IOB2), IOB1, BIOE, BIOES (BMES, BILOU).",
        show_default=False,
    ),
]
InputSeparator = Annotated[
    str | None,
    typer.Option(
        "--input-separator", help="Of CoNLL files: space, tab, comma, or the character itself.", show_default=False
    ),
]
InputColumn = Annotated[
    int | None,
    typer.Option(
        "--input-column",
        metavar="NUMBER",
        help="Of CoNLL files with several columns: the column of the tag, from 2, or -1 for the last.",
        show_default=False,
    ),
]
Reading = Annotated[
    list[str] | None,
    typer.Option(
        "--reading",
        metavar="KEY=VALUE",
        help="How the files are read, as `hf-cner corpora NAME` lists it: annotator=anna, count=graphemes, …; may be "
        "repeated.",
        show_default=False,
    ),
]
Writing = Annotated[
    list[str] | None,
    typer.Option(
        "--writing",
        metavar="KEY=VALUE",
        help="How a format is written, as `hf-cner corpora NAME` lists it: count=graphemes, model_version=v1, …; may "
        "be repeated.",
        show_default=False,
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        "--text-column",
        help="Of tables (CSV, Excel, Parquet, …): the column of the texts [default: the only possible one].",
        show_default=False,
    ),
]
IdColumn = Annotated[
    str | None,
    typer.Option(
        "--id-column",
        help="Of tables: the column of the texts' names [default: id, or the row's number].",
        show_default=False,
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Of CSV and TSV: utf-8, gb18030, utf-16, … [default: utf-8].", show_default=False),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="YAML file of settings; wins over the preset.", show_default=False)
]
Model = Annotated[
    str, typer.Option("--model", help="Folder of a trained model, or its name on the Hub.", show_default=False)
]
Device = Annotated[str | None, typer.Option("--device", help="cpu, cuda, …; by default a GPU if there is one.")]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        help="onnx, openvino or torch: the backend of --model [default: any]; see hf-cner export.",
        show_default=False,
    ),
]


def keys_and_values(assignments: list[str] | None, option: str) -> dict[str, str]:
    """The options in `--reading` or `--writing`.

    Raises:
        ValueError: no `=`, no key, or a repeated key.
    """
    found: dict[str, str] = {}
    for assignment in assignments or ():
        key, equals, value = assignment.partition("=")
        if not equals or not key or key in found:
            raise ValueError(f"{option} is {assignment!r}; give KEY=VALUE, each key once.")
        found[key] = value
    return found


Table = tuple[str | None, str | None, str | None]  # --text-column, --id-column and --encoding
NO_TABLE: Table = (None, None, None)


def reading_options(
    assignments: list[str] | None,
    scheme: str | None = None,
    separator: str | None = None,
    column: int | None = None,
    *,
    table: Table = NO_TABLE,
) -> dict[str, object]:
    """The options of reading, as `read_corpus` takes them."""
    named = {"scheme": scheme, "separator": separator, "column": column}
    named |= dict(zip(("text_column", "id_column", "encoding"), table, strict=True))
    given = {name: value for name, value in named.items() if value is not None}
    return {**given, **keys_and_values(assignments, "--reading")}
