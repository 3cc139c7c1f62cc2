"""Whether a value is of the kind that a setting takes; where it is not, one sentence says so."""

from __future__ import annotations

import dataclasses
import os
import types
import typing
from collections.abc import Collection, Mapping
from enum import Enum
from functools import cache
from typing import Any

from . import suggestion

OPTIONAL = ("seed", "data.split.seed", "lexicon.min_length", "lexicon.max_length", "encoder.min_count")
"""Numbers that may be left out (null)."""
WIDER = ("fsdp", "debug", "include_for_metrics", "max_grad_norm")
"""Fields of transformers' arguments that take more than their annotations say."""
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word", list: "a list", dict: "keys"}


def check_like(name: str, value: Any, default: Any) -> None:
    """Raise ValueError where a value cannot stand for a default: words for numbers, fractions for whole ones.

    Without a default there is nothing to hold it against; what is no number may be left out (null).
    """
    if default is None or (value is None and (name in OPTIONAL or not isinstance(default, (bool, int, float)))):
        return
    check_kind(name, value, (list if isinstance(default, (list, tuple)) else type(default),))


def check_kind(name: str, value: Any, kinds: Collection[type]) -> None:
    """Raise ValueError where a value is of none of the kinds, which are keys of `WORDS`, or NoneType."""
    found: dict[type, bool] = {
        bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool),
        float: isinstance(value, (int, float)) and not isinstance(value, bool),
        str: isinstance(value, (str, os.PathLike, Enum, int, float)) and not isinstance(value, bool),
        list: isinstance(value, (list, tuple)),
        dict: isinstance(value, Mapping),
        types.NoneType: value is None,
    }
    if not any(found[kind] for kind in kinds):
        hint = " (a bare no, yes, on or off is one in YAML; put it in quotes)" if isinstance(value, bool) else ""
        raise ValueError(f"{name} takes {' or '.join(WORDS[k] for k in WORDS if k in kinds)}; found {value!r}{hint}.")


def check_fields(given: Mapping[str, Any], fields_of: type, prefix: str) -> None:
    """Raise ValueError at the first of the values that is no field of a dataclass, or not of its field's kind.

    Args:
        fields_of: the dataclass; a field whose annotation says more than kinds of values is not checked.
        prefix: what stands before a name in messages, as `training.`
    """
    kinds = field_kinds(fields_of)
    for name, value in given.items():
        if name not in kinds:
            raise ValueError(f"There is no setting {prefix}{name}.{suggestion(str(name), kinds, prefix=prefix)}")
        if (of_field := kinds[name]) is not None:
            check_kind(f"{prefix}{name}", value, of_field)


@cache
def field_kinds(fields_of: type) -> dict[str, frozenset[type] | None]:
    """By field of a dataclass, the kinds of values that it takes; None where any may be."""
    hints = typing.get_type_hints(fields_of)
    return {
        field.name: None if field.name in WIDER else _kinds(hints[field.name])
        for field in dataclasses.fields(fields_of)
    }


def _kinds(hint: Any) -> frozenset[type] | None:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        members = [_kinds(member) for member in typing.get_args(hint)]
        return None if None in members else frozenset().union(*filter(None, members))
    if origin is typing.Literal:
        return frozenset(type(value) for value in typing.get_args(hint))
    if isinstance(origin or hint, type) and issubclass(origin or hint, Enum):
        return frozenset({str})
    kind = origin or hint
    return frozenset({kind}) if kind in {*WORDS, types.NoneType} else None
