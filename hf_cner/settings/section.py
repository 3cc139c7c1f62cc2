"""The base of all sections of settings: frozen, without unknown keys, with one sentence for each fault."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from os import PathLike, fspath
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
)

from .sentences import sentence_of

Plain = dict[str, JsonValue]
Read = TypeVar("Read", bound="Section")


class Section(BaseModel):
    """A section of settings; its values were checked when they were read."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    @classmethod
    def of(cls: type[Read], given: Mapping[str, object]) -> Read:
        """The section from plain values; missing settings have their defaults.

        Raises:
            ValueError: an unknown setting (with the nearest name), or a value that its setting does not take.
        """
        try:
            return cls.model_validate(plain(given))
        except ValidationError as error:
            raise ValueError(sentence_of(error, cls)) from None

    def to_dict(self) -> Plain:
        """Every setting with its value, in plain values."""
        found: Plain = self.model_dump(mode="json")
        return found

    def given(self) -> Plain:
        """The settings that were given a value, as plain values; `of` makes the same section from them."""
        found: Plain = self.model_dump(mode="json", exclude_unset=True)
        return found


def fault_of_layer(section: type[Section], layer: Mapping[str, object]) -> str | None:
    """The fault of a part of the settings, as one sentence; missing settings are no fault."""
    try:
        section.model_validate(plain(layer))
    except ValidationError as error:
        if any(fault["type"] != "missing" for fault in error.errors(include_url=False)):
            return sentence_of(error, section)
    return None


def plain(value: object) -> object:
    """The value with paths as texts, members of an enumeration as their values, and tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, Enum):
        return plain(value.value)
    return fspath(value) if isinstance(value, PathLike) else value


def _alone(value: object) -> object:
    return [value] if isinstance(value, (str, PathLike)) else value


def _or_empty(value: object) -> object:
    return {} if value is None else value


STRATEGIES = ("eval_strategy", "save_strategy", "logging_strategy")
"""Training arguments for which `no` is a valid word; YAML reads it as false."""


def _with_words(value: object) -> object:
    if not isinstance(value, Mapping):
        return _or_empty(value)
    return {key: "no" if key in STRATEGIES and inner is False else inner for key, inner in value.items()}


Probability = Annotated[float, Field(ge=0, lt=1)]
Rate = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Part = Annotated[int, Field(gt=0)] | Annotated[float, Field(gt=0)]  # whole numbers stay whole: 8:2 is no 8.0:2.0
Texts = Annotated[list[str], BeforeValidator(_alone)]  # a single value need not be a list
Options = Annotated[dict[str, JsonValue], BeforeValidator(_or_empty)]
Arguments = Annotated[dict[str, JsonValue], BeforeValidator(_with_words)]
"""Training arguments by name."""
