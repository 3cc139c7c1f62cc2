"""What a finished run says about itself, as plain data."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

CONFIG, RESULTS, LOG = "config.json", "results.json", "training_log.json"
# Keys whose values are places on this machine.
_LOCAL = {"path", "bigram_path", "vectors", "queries", "lexicon"}
# Keys whose values are left out: the name of a folder of records may be a patient's.
_PRIVATE = {"output_dir", "data_dir", "checkpoint", "logging_dir", "files", "exclude", "test_file"}
_ABSOLUTE = re.compile(r"~/|\.{1,2}/|/[^/]+/|[A-Za-z]:[\\/]|\\\\")
_ORIGINS = ("_name_or_path", "name_or_path")


class RunError(ValueError):
    """No card can be made from a folder; the message says why, and what to do."""


@dataclass(frozen=True)
class Run:
    """A trained model's own account: configuration, results, and the log of the training."""

    config: dict[str, Any]
    results: dict[str, Any]
    log: list[dict[str, Any]] = field(default_factory=list)


def read_run(folder: str | os.PathLike[str]) -> Run:
    """The run that wrote a model's folder.

    Raises:
        RunError: a file is missing or broken, a figure is no finite number, or the folder holds folds.
    """
    path = Path(folder)
    if not (path / CONFIG).is_file() and any(path.glob("fold-*")):
        folds = ", ".join(sorted(found.name for found in path.glob("fold-*")))
        raise RunError(f"{path} holds the folds of a cross-validation ({folds}); name one of them.")
    run = Run(_read(path / CONFIG, dict), _read(path / RESULTS, dict), _read(path / LOG, list, needed=False))
    metrics = run.results.get("metrics")
    if not isinstance(metrics, dict) or not metrics:
        raise RunError(f"{path / RESULTS} has no metrics; it is not what `hf-cner train` writes.")
    check_finite(metrics, f"{path / RESULTS}: metrics")
    return run


def check_finite(value: object, name: str) -> None:
    """Raise RunError unless every number in nested data is finite."""
    for key, number in _numbers(value, name):
        if not math.isfinite(number):
            raise RunError(f"{key} is {number}; a card can only hold finite numbers: evaluate the model again.")


def without_places(value: object, key: str = "") -> Any:
    """Nested data without the places of this machine: of a path its last part is kept, NaN becomes None.

    The places of the records and of the run become None.
    """
    if key in _PRIVATE and isinstance(value, str | list | tuple):
        return None
    if isinstance(value, dict):
        return {name: without_places(item, str(name)) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_places(item, key) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str) and (key in _LOCAL or _ABSOLUTE.match(value)):
        return PurePath(value.replace("\\", "/")).name
    return value


def without_origins(value: object) -> Any:
    """Nested data of a configuration; of the place of a model or tokenizer only its last part is kept."""
    if isinstance(value, dict):
        return {
            name: without_places(item) if name in _ORIGINS else without_origins(item) for name, item in value.items()
        }
    return [without_origins(item) for item in value] if isinstance(value, list) else value


def _numbers(value: object, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{name}.{key}")
    elif isinstance(value, float):
        yield name, value


def _read(path: Path, kind: type, *, needed: bool = True) -> Any:
    if not path.is_file():
        if not needed:
            return kind()
        advice = "is this the folder of a model?" if path.name == CONFIG else "from it the card is made."
        raise RunError(f"{path} is missing; {advice} `hf-cner train` writes it beside the model.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # JSON and encoding errors alike
        raise RunError(f"{path} is broken ({error}); copy the file again, or train again.") from error
    if not isinstance(found, kind):
        raise RunError(f"{path} is broken: found a {type(found).__name__}, expected a {kind.__name__}.")
    return found
