"""The program that exported a JSON row without our keys, for messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ..shown import brief

_ANNOTATIONS = ("entities", "label", "labels", "annotations", "spans", "result")


def export_of(row: Mapping[str, Any]) -> str:
    """The program with such rows, and the format that reads them; empty if nothing is recognised."""
    keys = set(row)
    label = row.get("label")
    if (keys & {"annotations", "completions"} and "data" in keys) or {"result", "from_name"} & keys:
        return "Label Studio's export: read it as label-studio"
    if _are(label, dict) or {"annotator", "lead_time"} <= keys:
        return "Label Studio's short export (JSON-MIN): read it as label-studio"
    if _are(label, list) or (_are(row.get("labels"), list) and not _are(row.get("entities"), dict)):
        return "doccano's export: read it as doccano"
    if _are(row.get("entities"), dict) and "start_offset" in row["entities"][0]:
        return "doccano's export with relations: read it as doccano"
    if "_input_hash" in keys or (_are(row.get("spans"), dict) and "tokens" in keys):
        return "Prodigy's export"
    if keys & {"ner_tags", "tags"} and keys & {"tokens", "words"}:
        return "a data set of tokens and tags: write it as CoNLL files"
    if "originalText" in keys:
        return "a row of CCKS-2019: read it as ccks2019"
    if {"context", "answers"} <= keys:
        return "a row of questions and answers: read it as mrc"
    return ""


def instead_of(key: str, row: Mapping[str, object], others: Sequence[str] = ()) -> str:
    """The content of a row without `key`: all its keys, and the likely export or key.

    Args:
        others: other usual words for the key.
    """
    keys = ", ".join(brief(name) for name in list(row)[:12]) or "nothing"
    if export := export_of(row):
        return f"{keys} (this is {export})"
    names = [name for name in row if isinstance(name, str)]
    folded = {name.casefold(): name for name in names}
    near = [folded[word] for word in (key, *others) if word in folded]
    near = near or [folded[word] for word in get_close_matches(key, folded, n=1, cutoff=0.7)]
    return f"{keys} (is {brief(near[0])} meant?)" if near else keys


def stands_elsewhere(key: str, row: Mapping[str, object]) -> bool:
    """Whether the annotations of `key` seem to be under another key of the row."""
    if key in row:
        return bool(filled_beside(key, row))
    names = [name for name in row if isinstance(name, str)]
    return any(isinstance(row.get(name), list) and row[name] for name in _ANNOTATIONS) or bool(
        get_close_matches(key, [name.casefold() for name in names], n=1, cutoff=0.7)
    )


def filled_beside(key: str, row: Mapping[str, Any]) -> str:
    """Another key that holds annotations while `key` holds an empty list; else empty."""
    others = (name for name in _ANNOTATIONS if name != key and (_are(row.get(name), dict) or _are(row.get(name), list)))
    return next(others, "") if row.get(key) == [] else ""


def _are(value: object, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, kind) for item in value)
