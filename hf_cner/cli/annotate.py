"""`hf-cner annotate`."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import messages
from .decoding import DecodingOption, QueriesOption, ThresholdOption
from .options import Device, Model

SAID_ABOVE = 100_000_000  # bytes of an input, which are searched in a minute


def annotate(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="A file of .parquet, .jsonl or .csv, a folder of such files (folders like year=2024/ are kept), "
            "or a URL of one that fsspec knows.",
            show_default=False,
        ),
    ],
    out: Annotated[str, typer.Argument(metavar="OUT", help="Folder or URL for the shards.", show_default=False)],
    model: Model,
    engine: Annotated[str, typer.Option("--engine", help="local (processes of this machine) or ray (a cluster).")] = (
        "local"
    ),
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Models that work at the same time [default: one for each core or GPU].", min=1),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", help="Of each worker on a CPU.", min=1)] = 1,
    shard_rows: Annotated[int, typer.Option("--shard-rows", help="Approximate rows of a shard.", min=1)] = 10_000,
    text_column: Annotated[str, typer.Option("--text-column", help="Column or key of the texts.")] = "text",
    id_column: Annotated[str, typer.Option("--id-column", help="Column or key of the ids, if there are any.")] = "id",
    allow_duplicate_ids: Annotated[
        bool, typer.Option("--allow-duplicate-ids", help="Do not look for repeated ids.")
    ] = False,
    scores: Annotated[bool, typer.Option(help="Give each entity its probability; --no-scores is faster.")] = True,
    batch_tokens: Annotated[
        int | None, typer.Option("--batch-tokens", help="Characters in one pass of the model.")
    ] = None,
    queries: QueriesOption = None,
    decoding: DecodingOption = None,
    threshold: ThresholdOption = None,
    device: Device = None,
) -> None:
    """Find the entities of very many notes, shard by shard, so that the job may be killed at any moment.

    The same command continues an interrupted job. Rows keep their order and their columns, and get `entities` and
    `error`. A row that cannot be read gets an error, and is counted. The output has the same bytes whatever the number
    of workers, and however often the job was killed.

    \b
    Examples:
      hf-cner annotate notes.parquet OUT --model MODEL
      hf-cner annotate notes/ OUT --model MODEL --workers 8
      hf-cner annotate s3://bucket/notes s3://bucket/OUT --model MODEL --engine ray --workers 64
    """
    from ..data.problems import DataError
    from ..data.queries import read_queries
    from ..scale.engines import engine_of, refuse_duplicates, run_job
    from ..scale.identity import code_version, folder_hash
    from ..scale.plan import claim, make_plan
    from ..scale.worker import Settings
    from .decoding import decoding_options, refuse_missing_model
    from .shards import default_workers, job_bar, say_what_came

    run = engine_of(engine)
    refuse_missing_model(model)
    options = decoding_options(None, decoding, threshold) | {
        "queries": None if queries is None else read_queries(queries),
        "scores": scores,
        "batch_tokens": batch_tokens,
        "device": device,
    }
    settings = Settings(model, options, text_column, id_column, allow_duplicate_ids, threads)
    plan = make_plan(source, out, shard_rows=shard_rows)
    if plan.left_out:
        names = ", ".join(plan.left_out[:3])
        messages().print(f"left out: {len(plan.left_out):,} files of other kinds ({names}, …)", markup=False)
    columns = {"text_column": text_column, "id_column": id_column}
    chosen = {**options, **columns, "shard_rows": shard_rows, "threads": threads}
    claim(out, plan, {"model": folder_hash(model), "options": chosen, "code": code_version()})
    if not allow_duplicate_ids and len(plan.tasks) > 1:
        if sum(task.size for task in plan.tasks) > SAID_ABOVE:
            messages().print("looking for repeated ids (--allow-duplicate-ids skips this)", markup=False)
        refuse_duplicates(plan, settings)
    with job_bar(len(plan.tasks)) as show:
        for progress in run_job(plan, settings, engine=run, workers=workers or default_workers(device)):
            show(progress)
    say_what_came(progress, out)
    if progress.faults:
        more = f" (and {len(progress.faults) - 1:,} more, listed above)" if len(progress.faults) > 1 else ""
        raise DataError(f"{progress.faults[0].rstrip('.')}{more}; the other shards are done.")
