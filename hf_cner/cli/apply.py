"""`hf-cner apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import messages


def apply(
    corrections: Annotated[
        list[Path],
        typer.Argument(
            metavar="CORRECTIONS",
            help="Files of corrections, as the page of `hf-cner review` saves them.",
            show_default=False,
        ),
    ],
    data: Annotated[
        Path, typer.Option("--data", help="The JSON lines from which the review was made.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Training data to write, as JSON lines.", show_default=False)
    ],
    into: Annotated[
        Path | None,
        typer.Option("--into", help="Training data to which the reviewed documents are added.", show_default=False),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log", help="Log of all decisions, with person and time [default: OUTPUT.log.jsonl].", show_default=False
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also documents that nobody marked as done.")] = False,
    prefer: Annotated[
        str, typer.Option("--prefer", help="The person who decides if people disagree.", show_default=False)
    ] = "",
) -> None:
    """Make training data from the decisions of people on the page of a review.

    The documents that are marked as done are written, without the scores of the model. Nothing is written if a decision
    does not fit: the text has changed, an entity is missing, or people disagree. Each conflict is named with its
    document and offset. The log only grows.

    \b
    Examples:
      hf-cner apply notes.corrections.jsonl --data notes.jsonl -o gold.jsonl
      hf-cner apply a.jsonl b.jsonl --data notes.jsonl --into train.jsonl -o train2.jsonl --prefer 王医生
      hf-cner apply train.corrections.jsonl --data train.jsonl --all -o train2.jsonl
    """
    import json
    from datetime import datetime, timezone

    from ..data.documents import read_jsonl, to_row
    from ..data.endings import JSON, JSON_LINES
    from ..data.problems import DataError
    from ..data.reading.names import without_gz
    from ..data.writing import atomic_write, check_output
    from ..viewer.correction_log import log_lines, refuse_conflicts
    from ..viewer.corrections import apply_corrections, merged, read_corrections, without_scores

    rows = (*JSON_LINES, JSON)
    log = output.with_name(f"{without_gz(output.name).removesuffix('.jsonl')}.log.jsonl") if log is None else log
    check_output(output, inputs=(*corrections, data, into, log), endings=rows)
    check_output(log, inputs=(*corrections, data, into), endings=rows)
    before = log_lines(log)
    read = [correction for path in corrections for correction in read_corrections(path)]
    if prefer and prefer not in {correction.by for correction in read}:
        people = ", ".join(sorted({correction.by for correction in read}))
        raise ValueError(f"--prefer {prefer}: nobody of this name corrected anything; the names are {people}.")
    documents = list(read_jsonl(data, gold="required"))
    applied = apply_corrections(documents, read, prefer=prefer)
    seen = [d for d, done in zip(applied.documents, applied.done, strict=True) if done or everything]
    base = list(read_jsonl(into, gold="required")) if into is not None else []
    result = merged(base, [without_scores(document) for document in seen], applied.conflicts)
    refuse_conflicts(applied.conflicts)
    if not seen:
        raise DataError(
            f"{data}: found no document that is marked as done among {len(documents):,}; expected at least one; mark "
            "them on the page, or say --all to take every document unchanged."
        )
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with atomic_write(output) as stream, atomic_write(log) as kept:
        for document in result:
            stream.write(json.dumps(to_row(document), ensure_ascii=False) + "\n")
        kept.writelines(before)
        for correction in applied.corrections:
            row = {**correction.to_row(), "from": correction.where, "into": output.name, "applied": now}
            kept.write(json.dumps(row, ensure_ascii=False) + "\n")
    counts = ", ".join(f"{name} {count}" for name, count in sorted(applied.counts().items()))
    left = len(documents) - len(seen)
    behind = f"; {left:,} documents that are not marked as done were left out (--all takes them)" if left else ""
    said = f"{len(result):,} documents in {output}, {len(seen):,} of them reviewed ({counts}){behind}"
    messages().print(said, markup=False, soft_wrap=True)
