"""`hf-cner reproduce`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import messages
from .json_report import Json, check_json, report_console, write_json
from .options import DataDir, InputColumn, InputScheme, InputSeparator, OnError, OnErrorOption, Reading

if TYPE_CHECKING:
    from rich.console import Console


def reproduce(
    table: Annotated[
        str | None,
        typer.Argument(help="A published table, as p4-table2; without it, all are listed.", show_default=False),
    ] = None,
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", help="Folder for report, runs and encoders.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    test: Annotated[
        Path | None,
        typer.Option(
            "--test", help="The held-out part (official test): as published, or JSON lines.", show_default=False
        ),
    ] = None,
    corpus: Annotated[
        str | None, typer.Option("--corpus", help="Another corpus than the paper's.", show_default=False)
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="Runs of each row.")] = 3,
    seed: Annotated[int, typer.Option("--seed", help="Of the first run, and of the split.")] = 42,
    scale: Annotated[
        str, typer.Option("--scale", help="full, or small: encoders pretrained on the spot on --unlabelled.")
    ] = "full",
    unlabelled: Annotated[
        list[Path] | None,
        typer.Option("--unlabelled", help="Text for encoders and word vectors; may be repeated.", show_default=False),
    ] = None,
    encoders: Annotated[
        list[str] | None,
        typer.Option("--encoder", metavar="NAME=FOLDER", help="bert, further-bert, albert, …", show_default=False),
    ] = None,
    vectors: Annotated[
        str | None, typer.Option("--vectors", help="Word2vec file, or none [default: made of --unlabelled].")
    ] = None,
    rows: Annotated[
        list[str] | None, typer.Option("--row", help="Only this row; may be repeated.", show_default=False)
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="7:2:1, 8:2, 7+1:2 instead of the paper's.", show_default=False)
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any setting, for every row.", show_default=False),
    ] = None,
    pretraining: Annotated[
        list[str] | None,
        typer.Option(
            "--set-pretraining", metavar="KEY=VALUE", help="Of encoders that are made here.", show_default=False
        ),
    ] = None,
    keep_models: Annotated[bool, typer.Option(help="Keep the weights of the runs.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Train finished rows again.")] = False,
    input_scheme: InputScheme = None,
    input_separator: InputSeparator = None,
    input_column: InputColumn = None,
    reading: Reading = None,
    on_error: OnErrorOption = OnError.stop,
    json_file: Json = None,
) -> None:
    """Train the rows of a published table and print them beside the published figures: Markdown, JSON and pictures.

    Rows follow presets (`hf-cner presets`). A row whose encoder cannot be found is listed as not run. The same command
    continues an interrupted run.

    \b
    Examples:
      hf-cner reproduce
      hf-cner reproduce p4-table2 --data-dir ccks2019 --output-dir OUT --scale small --unlabelled notes.txt
      hf-cner reproduce p3-table4 --data-dir ccks2017/train --test ccks2017/test --output-dir OUT \\
          --encoder bert=chinese-roberta-large --seeds 1
      hf-cner reproduce p2-table8 --data-dir ccks2019 --output-dir OUT --row CNN-CRF --row IDCNN-CRF \\
          --set training.num_train_epochs=10
    """
    check_json(json_file, inputs=(data_dir, test, *(unlabelled or ())))
    if table is None:
        _list(json_file)
        return
    from ..data.corpora import check_place
    from ..reproduction.plan import Request
    from ..reproduction.tables import read_table
    from ..settings.training import CorpusReading
    from .corpus import reading_settings
    from .splits import parse_split

    found = read_table(table)
    if output_dir is None:
        raise ValueError("Name a folder for the report and the runs: --output-dir FOLDER.")
    request = Request(
        table=found,
        output_dir=Path(_absolute(output_dir)),  # the runs do not depend on how a path is written
        corpus=corpus,
        data_dir=None if data_dir is None else _absolute(data_dir),
        test=None if test is None else _absolute(test),
        split=parse_split(split),
        reading=CorpusReading.of(reading_settings(reading, input_scheme, input_separator, input_column)),
        on_error=on_error.value,
        seeds=seeds,
        seed=seed,
        scale=scale,
        encoders=_pairs(encoders or []),
        unlabelled=tuple(_absolute(path) for path in unlabelled or []),
        vectors=vectors if vectors in (None, "none") else _absolute(vectors),
        assignments=tuple(assignments or []),
        pretraining=tuple(pretraining or []),
        rows=tuple(rows or []),
        overwrite=overwrite,
        keep_models=keep_models,
    )
    request.check()
    check_place(corpus or found.corpus, request.data_dir)
    from ..reproduction.report import lines_of, title  # takes seconds: checks without torch come first
    from ..reproduction.run import reproduce as run

    _quiet()
    outcome = run(request, say=_say)
    _show(title(outcome), list(lines_of(outcome)), request.output_dir / f"{found.name}.md", report_console(json_file))
    write_json(json_file, outcome)
    if outcome["failed"]:
        raise typer.Exit(1)


def _quiet() -> None:
    import logging

    from .console import no_loading_bars

    no_loading_bars()
    # For every run transformers lists the encoder's heads that are not loaded, which is no fault.
    logging.getLogger("transformers.modeling_utils").addFilter(lambda record: "LOAD REPORT" not in record.getMessage())


def _say(text: str) -> None:
    messages().print(text, markup=False, soft_wrap=True)


def _absolute(path: str | Path) -> str:
    return str(Path(path).expanduser().absolute())


def _list(json_file: Path | None) -> None:
    from rich.table import Column, Table

    from ..reproduction.tables import read_table, table_names

    shown = Table(Column("table", no_wrap=True), "paper", "where", "rows", "title")
    tables = [read_table(name) for name in table_names()]
    for found in tables:
        shown.add_row(found.name, found.paper, found.where, str(len(found.rows)), found.title)
    report_console(json_file).print(shown)
    write_json(json_file, [asdict(found) for found in tables])


def _show(title: str, lines: list[Sequence[str]], report: Path, console: Console) -> None:
    from rich.table import Table

    shown = Table("model", "published F1", "ours", title=title, title_justify="left")
    for line in lines:
        shown.add_row(*line)
    console.print(shown, markup=False)
    console.print(f"The whole report: {report}", markup=False, soft_wrap=True)


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = {}
    for item in given:
        name, equals, folder = item.partition("=")
        if not (name and equals and folder):
            raise ValueError(f"--encoder takes NAME=FOLDER, as bert=my-encoder; found {item!r}.")
        pairs[name] = _absolute(folder) if Path(folder).exists() else folder
    return pairs
