"""The values that a search tries for one setting: a range of numbers, or choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import JsonValue, ValidationError

from .section import Section
from .sentences import sentence_of

Choice: TypeAlias = str | int | float | bool | None


class Choices(Section):
    """Some values, without an order."""

    choices: list[Choice]

    def ends(self) -> list[Choice]:
        """The values to check; if these are valid, all are."""
        return self.choices

    def plain(self) -> JsonValue:
        """The form in a file of a space."""
        return list(self.choices)


class Range(Section):
    """Numbers from `low` to `high`, both included; whole numbers if both ends (and the step) are whole."""

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    def ends(self) -> list[Choice]:
        """The values to check; if these are valid, all are."""
        return [self.low, self.high]

    def whole(self) -> bool:
        """Whether the numbers are whole."""
        return all(isinstance(number, int) for number in (self.low, self.high, self.step or 1))

    def of_fractions(self) -> Range:
        """The range with fractions, also if its ends are whole."""
        step = None if self.step is None else float(self.step)
        return self.model_copy(update={"low": float(self.low), "high": float(self.high), "step": step})

    def plain(self) -> JsonValue:
        """The form in a file of a space."""
        return self.given()


Varied: TypeAlias = Range | Choices


def read_varied(name: str, values: object) -> Varied:
    """The values of one setting, from a file or an option.

    Raises:
        ValueError: neither a list of numbers or words nor `{low, high}`, or an impossible range.
    """
    if isinstance(values, list):
        if not values or any(isinstance(value, (list, dict)) for value in values):
            raise ValueError(f"The choices of {name} must be numbers or words, at least one; found {values!r}.")
        try:
            return Choices.model_validate({"choices": values})
        except ValidationError as error:
            raise ValueError(f"The choices of {name}: {sentence_of(error, Choices)}") from None
    if not isinstance(values, Mapping) or not {"low", "high"} <= set(values) <= set(Range.model_fields):
        raise ValueError(
            f"{name} must be given a list of choices, or {{low: …, high: …}}, with log: true or step: … if wanted; "
            f"found {values!r}."
        )
    try:
        found = Range.model_validate(dict(values))
    except ValidationError:
        raise ValueError(
            f"The range of {name} must be given in numbers, with log true or false; found {dict(values)!r}."
        ) from None
    if found.low >= found.high or (found.log and found.low <= 0):
        raise ValueError(f"The range of {name} must go up, and with log begin above 0; found {dict(values)!r}.")
    if found.step is not None and (found.log or found.step <= 0):
        raise ValueError(f"The step of {name} must be above 0, and there is none with log; found {dict(values)!r}.")
    return found
