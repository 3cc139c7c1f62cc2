"""One source of settings is merged over another."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

SLOTS = ("encoder", "context", "attention", "interaction", "span_decoder")


def merge(base: Mapping[str, object], layer: Mapping[str, object]) -> dict[str, Any]:
    """`base` with the values of `layer`: sections are merged key by key; a slot of another kind, and every other value,
    is replaced.
    """
    merged = copy.deepcopy(dict(base))
    for key, value in layer.items():
        present = merged.get(key)
        if isinstance(value, Mapping) and isinstance(present, dict):
            other_kind = key in SLOTS and value.get("kind", present.get("kind")) != present.get("kind")
            merged[key] = copy.deepcopy(dict(value)) if other_kind else merge(present, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged
