"""The manifest of an annotated shard: what it was made from, and the counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any

from ..data.problems import DataError
from ..data.shown import brief, printable
from .report import ShardReport
from .source import filesystem
from .target import written

Made = Mapping[str, Any]  # input, model, options and code version, or other names with plain values


def manifest_of(target: str) -> str:
    """The manifest's name: hidden, so that readers of a whole folder ignore it."""
    path = PurePosixPath(target)
    return f"{target[: len(target) - len(path.name)]}.{path.name}.manifest"


def read_manifest(path: str) -> dict[str, Any] | None:
    """The content of a manifest; None if there is none.

    Raises:
        DataError: it is damaged.
    """
    system, inner, _ = filesystem(path)
    try:
        data = system.cat_file(inner)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("made_of"), dict):
        raise DataError(
            f"{printable(path)}: found a damaged manifest; expected what a shard was made of, as a JSON object; remove "
            "it, and the shard."
        )
    return found


def write_manifest(path: str, made_of: Made, **more: Any) -> None:
    """Write a manifest whole. Equal content gives equal bytes: no time is written."""
    text = json.dumps({"about": "Made by hf-cner annotate.", "made_of": made_of, **more}, ensure_ascii=False, indent=1)
    with written(path) as output:
        output.write(text.encode() + b"\n")


def refuse_other(where: str, before: Made, now: Made, advice: str) -> None:
    """Raise DataError, with the names and values that differ, if a result was made from other inputs."""
    before, now = json.loads(json.dumps([before, now]))
    differing = [
        f"{name} ({_short(before.get(name))}, not {_short(now.get(name))})"
        for name in [*before, *(name for name in now if name not in before)]
        if before.get(name) != now.get(name)
    ]
    if differing:
        raise DataError(
            f"{printable(where)}: found what was made with another {' and another '.join(differing)}; expected the "
            f"same; {advice}."
        )


def flat(made_of: Made) -> dict[str, Any]:
    """The values under flat names, for a sentence."""
    options, code = made_of.get("options", {}), made_of.get("code", {})
    return {
        **{name: value for name, value in made_of.items() if name not in ("options", "code")},
        **{f"setting of {name}": value for name, value in options.items()},
        **{f"version of {name}": value for name, value in code.items()},
    }


def _short(value: object) -> str:
    return f"{value[:12]}…" if isinstance(value, str) and len(value) == 64 else brief(value)


def counts(report: ShardReport) -> dict[str, int]:
    """The numbers of a report, for a manifest."""
    return {name: value for name, value in asdict(report).items() if name != "done_before"}
