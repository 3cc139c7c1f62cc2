"""A whole table: each row trained with each seed, one after the other, and compared with the published figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..data.writing import atomic_write
from ..inference.checkpoint import CheckpointError
from ..runs.folder import LOG, OtherRun, RunFolder
from ..runs.inputs import path_fingerprint
from ..settings.training import TrainSettings, output_dir_of
from .encoders import Workshop
from .output import held_output
from .pictures import draw
from .plan import NotRun, Request, Say, row_settings
from .protocol import Protocol, prepare
from .report import markdown
from .samples import drop_samples, error_samples
from .summary import summarise
from .tables import Row

# Of one row: a library, a file or memory is missing, or its training diverges.
FAULTS = (ValueError, OSError, ImportError, RuntimeError, FloatingPointError)
WEIGHTS = ("model.safetensors", "training_args.bin")


def reproduce(request: Request, *, say: Say = print) -> dict[str, object]:
    """Train every row of a table that can be trained here, and write the report.

    Finished runs are read, and a run that was cut off is continued. After each row the report is written again:
    OUTPUT_DIR then holds `<table>.md`, `<table>.json` and pictures `<table>-<what>.png`. The report keeps rows of an
    earlier call with the same protocol, scale and settings. A row that fails is listed with the reason, and the next
    row is trained.

    Args:
        request: the table, and what there is to reproduce it with.
        say: called with each line of progress.

    Returns:
        What the JSON file holds; `failed` names the rows that failed.

    Raises:
        ValueError: what `Request.check` and `prepare` raise.
    """
    request.check()
    with held_output(request):
        return _reproduce(request, say)


def _reproduce(request: Request, say: Say) -> dict[str, object]:
    """`reproduce`, in a locked folder."""
    table = request.table
    protocol = prepare(
        table,
        corpus=request.corpus,
        data_dir=request.data_dir,
        test=request.test,
        split=request.split,
        seed=request.seed,
        reading=request.reading,
        on_error=request.on_error,
    )
    say(f"{table.paper}, {table.where}: {protocol.sentence}")
    workshop = Workshop(request, protocol, say)
    workshop.check()
    earlier = _earlier(request, protocol, workshop, say)
    rows: dict[str, dict[str, object]] = {}
    failed: list[str] = []
    chosen = request.chosen_rows()
    for row in chosen:
        if row.preset is not None:  # a setting that does not exist stops here, before anything is trained
            row_settings(request, row, request.seed, protocol.data, encoder=None, vectors=None)
    for number, row in enumerate(chosen, 1):
        say(f"row {number} of {len(chosen)}: {row.name}")
        try:
            rows[row.name] = _run_row(request, row, protocol, workshop, say)
        except NotRun as reason:
            say(f"  not run: {reason}")
            rows[row.name] = {"not_run": str(reason)}
        except FAULTS as error:
            advice = f" (This row alone: --row {row.name!r} --overwrite.)" if isinstance(error, OtherRun) else ""
            say(f"  failed: {error}{advice}")
            rows[row.name] = {"not_run": f"it failed: {error}{advice}".rstrip(".")}
            failed.append(row.name)
        outcome = _outcome(request, protocol, workshop, rows, earlier) | {"failed": failed}
        write_report(outcome, request.output_dir)
    outcome["pictures"], outcome["pictures_left_out"] = draw(outcome, table, request.output_dir)
    write_report(outcome, request.output_dir)
    return outcome


def write_report(outcome: Mapping[str, Any], folder: Path) -> None:
    """`<table>.json` and `<table>.md`, each whole or not at all."""
    name = outcome["table"]["name"]
    with atomic_write(folder / f"{name}.json") as stream:
        json.dump(outcome, stream, ensure_ascii=False, indent=2)
        stream.write("\n")
    with atomic_write(folder / f"{name}.md") as stream:
        stream.write(markdown(outcome))


def _run_row(request: Request, row: Row, protocol: Protocol, workshop: Workshop, say: Say) -> dict[str, object]:
    if row.preset is None:
        raise NotRun("the paper cites its figure; there is no such system here")
    encoder, vectors = workshop.encoder(row), workshop.vectors(row)
    runs, logs, samples = [], [], dict[str, Any]()
    for number in range(request.seeds):
        seed = request.seed + number
        settings = row_settings(request, row, seed, protocol.data, encoder=encoder, vectors=vectors)
        results, log = _run(settings, protocol, request, say)
        runs.append((seed, results))
        logs.append(log)
        folder = Path(output_dir_of(settings))
        if number == 0 and request.table.samples:
            samples = {"samples": _samples(folder, protocol, say)}
        if not request.keep_models:
            for name in WEIGHTS:
                (folder / name).unlink(missing_ok=True)
    found = summarise(runs, logs, protocol.reported)
    begins = "pretrained encoder" if encoder else "static vectors" if vectors else "random characters"
    return {**found, "begins_with": begins, **samples}


def _samples(folder: Path, protocol: Protocol, say: Say) -> dict[str, object] | None:
    try:
        return error_samples(folder, protocol.parts[protocol.reported])
    except CheckpointError:  # the figures are reported without samples
        say(f"  no error samples: the weights in {folder} were not kept; --overwrite trains them again")
        return None


def _run(
    settings: TrainSettings, protocol: Protocol, request: Request, say: Say
) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Results and log of one run, which is trained unless it is finished."""
    from ..training.parts import split_of
    from ..training.questions import queries_of
    from ..training.record import begin_in
    from ..training.run import train_on

    folder = RunFolder(output_dir_of(settings))
    try:
        settings = settings.with_queries(queries_of(settings, protocol.types))
    except ValueError as error:
        raise NotRun(f"it asks a question for each type: {error}") from error
    if request.overwrite or not folder.finished():
        say(f"  seed {settings.seed}: training in {folder.path}")
        about = {"protocol": protocol.sentence, "table": request.table.name}
        if not request.overwrite:  # else another folder takes the name, which has none
            drop_samples(folder.path)
        results = train_on(
            protocol.parts, protocol.types, settings, about=about, resume=True, overwrite=request.overwrite
        )
    else:
        # Raises OtherRun if it began with other settings or data.
        begin_in(folder, settings, split_of(protocol.parts))
        results = folder.read_results()
        say(f"  seed {settings.seed}: read from {folder.path}")
    log: list[dict[str, object]] = json.loads((folder.path / LOG).read_text(encoding="utf-8"))
    return results, log


def _earlier(request: Request, protocol: Protocol, workshop: Workshop, say: Say) -> dict[str, object]:
    """Of the report that stands in the folder, if it was measured as this call measures: `rows` by name, and `made`."""
    path = request.output_dir / f"{request.table.name}.json"
    nothing: dict[str, object] = {"rows": {}, "made": {}}
    if not path.is_file():
        return nothing
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        say(f"  {path.name} is damaged, and is replaced; the runs are read from their own folders")
        return nothing
    same = _measured_by(request, protocol, workshop)
    if {key: found.get(key) for key in same} != json.loads(json.dumps(same)):
        say(f"  {path.name} was made under another protocol or with other settings, and is replaced")
        return nothing
    return {"rows": {row["name"]: row for row in found["rows"]}, "made": found["made"]}


def _measured_by(request: Request, protocol: Protocol, workshop: Workshop) -> dict[str, object]:
    """What must be equal for two rows of one report."""
    return {
        "scale": request.scale,
        "protocol": protocol.about() | {"seeds": [request.seed + n for n in range(request.seeds)]},
        "settings": list(request.assignments),
        "given": {key: path_fingerprint(name) for key, name in request.encoders.items()},
        "made_from": workshop.about(),
    }


def _outcome(
    request: Request,
    protocol: Protocol,
    workshop: Workshop,
    rows: Mapping[str, Mapping[str, object]],
    earlier: Mapping[str, Any],
) -> dict[str, object]:
    table = request.table
    chosen, kept = {row.name for row in request.chosen_rows()}, earlier["rows"]
    reported = [row for row in table.rows if row.name in chosen or row.name in kept]
    entries = [_entry(row, rows.get(row.name)) if row.name in chosen else kept[row.name] for row in reported]
    ran = [row for row, entry in zip(reported, entries, strict=True) if entry["ours"]]
    about = {key: getattr(table, key) for key in ("name", "title", "paper", "where", "corpus", "notes", "types")}
    return {
        "table": about | {"times": list(table.times), "samples": list(table.samples), "rows": len(table.rows)},
        **_measured_by(request, protocol, workshop),
        "small": request.small_rows(ran),
        "encoders": dict(request.encoders),
        "vectors": request.vectors,
        "made": earlier["made"] | workshop.made,
        "unlabelled_left_out": workshop.left_out,
        "rows": entries,
        "pictures": [],
        "pictures_left_out": [],
    }


def _entry(row: Row, ours: Mapping[str, object] | None) -> dict[str, object]:
    published = {"published": row.published, "published_per_type": row.per_type}
    about = {"name": row.name, "preset": row.preset, "doubtful": row.doubtful, "note": row.note, **published}
    if ours is None:
        return {
            **about,
            "ours": None,
            "not_run": "not yet: the reproduction was cut off; repeat the command to continue it",
        }
    if "not_run" in ours:
        return {**about, "ours": None, "not_run": ours["not_run"]}
    return {**about, "ours": dict(ours), "not_run": ""}
