"""Sections whose fields come from a class elsewhere: a dataclass of arguments, or a constructor.

The classes are passed as arguments: this folder imports neither models nor trainers.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from pydantic import ConfigDict, Field, ValidationError, create_model

from .denied import DENIED
from .section import Probability, Section
from .sentences import sentence_of, suggestion

WIDER = ("fsdp", "debug", "include_for_metrics")
"""Fields of transformers' arguments that take more than their annotations say."""
OPTIONAL = ("max_grad_norm",)
"""Such fields that may also be null."""


class _Open(Section):
    model_config = ConfigDict(arbitrary_types_allowed=True, use_attribute_docstrings=False)


@functools.cache
def arguments_section(fields_of: type) -> type[Section]:
    """The fields of a dataclass of training arguments that settings may set; all may be left out."""
    hints = typing.get_type_hints(fields_of)
    made: dict[str, Any] = {}
    for field in dataclasses.fields(fields_of):
        if field.name in DENIED:
            continue
        hint = object if field.name in WIDER else hints[field.name]
        about = str(field.metadata.get("help") or "").split("\n")[0]
        made[field.name] = (hint | None if field.name in OPTIONAL else hint, Field(default=None, description=about))
    return create_model(fields_of.__name__, __base__=_Open, **made)


_MADE: dict[tuple[type, frozenset[str]], type[Section]] = {}


def options_section(module_class: type, *, without: frozenset[str] = frozenset()) -> type[Section]:
    """The options of a slot's class: the keyword-only parameters of its constructor; all may be left out.

    Args:
        without: parameters that the model gives, not the slot.
    """
    if (module_class, without) in _MADE:
        return _MADE[module_class, without]
    parameters = inspect.signature(module_class).parameters.values()
    constructor = next(vars(made)["__init__"] for made in module_class.__mro__ if "__init__" in vars(made))
    hints = typing.get_type_hints(constructor)
    made: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.name in without:
            continue
        hint = hints.get(parameter.name, object)
        share = hint is float and parameter.name.endswith("dropout")
        default = None if parameter.default is inspect.Parameter.empty else parameter.default
        made[parameter.name] = (Probability if share else hint, default)
    section: type[Section] = create_model(module_class.__name__, __base__=_Open, **made)
    _MADE[module_class, without] = section
    return section


def check_values(values: Mapping[str, object], section: type[Section], prefix: str) -> None:
    """Raise ValueError, in one sentence, for the first unknown setting or value of another kind.

    Args:
        prefix: of the names in messages, as `training.`
    """
    try:
        section.model_validate(dict(values))
    except ValidationError as error:
        raise ValueError(sentence_of(error, section, prefix=prefix)) from None
    for name, value in values.items():
        words = [word for kind in kinds_of(section, name) if issubclass(kind, Enum) for word in map(_word, kind)]
        if words and isinstance(value, str) and value not in words:
            hint = suggestion(value, words) or f" Choose one of {', '.join(words)}."
            raise ValueError(f"{prefix}{name} is {value!r}, which it does not take.{hint}")


def _word(member: Enum) -> str:
    return str(member.value)


def kinds_of(section: type[Section], name: str) -> set[type]:
    """The classes in the annotation of a setting; `object` if it has none."""
    found: set[type] = set()
    todo: list[object] = [section.model_fields[name].annotation]
    while todo:
        annotation = todo.pop()
        members = typing.get_args(annotation)
        if members and typing.get_origin(annotation) not in (dict, list):
            todo += members
        elif isinstance(annotation, type):
            found.add(annotation)
    return found
