"""The faults that pydantic finds, as one sentence in the words of the settings."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Fault: TypeAlias = Mapping[str, Any]
"""One fault of pydantic: type, loc, input, ctx and msg."""

KINDS = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a word",
    "list_type": "a list",
    "sequence_str": "a list",
    "dict_type": "keys",
    "mapping_type": "keys",
    "none_required": "null",
}
"""Type of a fault -> what the setting takes, in the words of the sentence."""

MEMBERS = ("int", "float", "str", "bool", "list", "dict", "constrained-int", "constrained-float")
"""Pydantic's names for the members of a union, which are no settings."""

BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

MANY = 20  # of names that are listed
LONGEST = 60  # characters of a name that is shown


def suggestion(name: str, names: Iterable[str], *, prefix: str = "") -> str:
    """` Did you mean …?` with the nearest names after the prefix; empty if none is near."""
    near = difflib.get_close_matches(name.lower(), list(names), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(prefix + found for found in near)}?" if near else ""


def unknown(name: str, names: Iterable[str], *, prefix: str = "") -> str:
    """The sentence for an unknown setting."""
    known = list(names)
    hint = suggestion(name, known, prefix=prefix)
    if not hint and len(known) <= MANY:
        hint = f" Valid here: {', '.join(prefix + found for found in known)}." if known else " There is none here."
    return f"There is no setting {prefix}{name}.{hint}"


def takes(name: str, kinds: Collection[str], value: object) -> str:
    """The sentence for a value of another kind; `kinds` are types of faults, the keys of `KINDS`."""
    wanted = set(kinds) - ({"int_type"} if "float_type" in kinds else set())  # whole numbers are numbers
    found = list(dict.fromkeys(KINDS[kind] for kind in KINDS if kind in wanted))
    hint = ""
    if isinstance(value, bool) and "a word" in found:
        hint = " (a bare no, yes, on or off is true or false in YAML; put it in quotes)"
    elif isinstance(value, (int, float)) and "a word" in found:
        hint = f' (a bare number; put it in quotes, as "{value}")'
    return f"{name} takes {' or '.join(found)}; found {_shown(value)}{hint}."


def sentence_of(error: ValidationError, section: type[BaseModel], *, prefix: str = "") -> str:
    """One sentence for the first fault.

    Args:
        section: the section that was checked; it knows the valid names.
        prefix: of the names, as `training.`
    """
    faults = [fault for fault in error.errors(include_url=False) if fault["type"] != "missing"]
    first = (faults or error.errors(include_url=False))[0]
    place = _Place(first, section)
    kinds = [_kind(fault) for fault in faults if _Place(fault, section).path == place.path]
    return _sentence(first, kinds, place, prefix)


def _kind(fault: Fault) -> str:
    """The type of a fault; `Sequence` is the only class in our annotations."""
    return "list_type" if fault.get("ctx", {}).get("class") == "Sequence" else str(fault["type"])


class _Place:
    """The place of a fault.

    Attributes:
        path: the dotted name's parts, without the members of unions that pydantic tried.
        around: the section that holds the value.
        inside: the section that the value should be; None for other values.
    """

    def __init__(self, fault: Fault, section: type[BaseModel]) -> None:
        self.path: list[str] = []
        self.around = section
        self.inside: type[BaseModel] | None = section
        for part in fault["loc"]:
            if self.inside is None:  # within a list or open keys
                if part not in MEMBERS and "[" not in str(part):
                    self.path.append(_name(part))
                continue
            self.around = self.inside
            self.path.append(_name(part))
            field = self.around.model_fields.get(str(part))
            self.inside = None if field is None else next(_sections(field.annotation), None)

    def about(self) -> str:
        """The values of open keys, in the words of the field's docstring."""
        field = self.around.model_fields.get(self.path[-1])
        text = (field.description or "" if field else "").partition(";")[0].rstrip(".")
        return text[:1].lower() + text[1:]


def _sections(annotation: object) -> Iterator[type[BaseModel]]:
    """The classes of sections that an annotation names."""
    from pydantic import BaseModel

    if isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for member in get_args(annotation):
        yield from _sections(member)


def _sentence(fault: Fault, kinds: list[str], place: _Place, prefix: str) -> str:
    name = prefix + ".".join(place.path)
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        *before, last = place.path
        return unknown(last, place.around.model_fields, prefix=prefix + "".join(f"{part}." for part in before))
    if kind == "value_error":  # one of our validators, which names the setting
        return str(context["error"])
    if kind == "missing":
        return f"The setting {name} is missing; give it a value."
    if kind in ("model_type", "dict_type") and set(kinds) <= {"model_type", "dict_type"}:
        keys = place.about() if place.inside is None else ", ".join(place.inside.model_fields)
        return f"The setting {name} is a section of keys{f' ({keys})' if keys else ''}; found {_shown(value)}."
    if kind == "literal_error":
        return f"{name} is {_shown(value)}; choose one of {_choices(context)}."
    if kind in BOUNDS:
        key, words = BOUNDS[kind]
        return f"{name} is {_shown(value)}; it must be {words} {_bound(context[key])}."
    if kind == "finite_number":
        return f"{name} is {value}; it must be a finite number."
    if set(kinds) & set(KINDS):
        return takes(name, kinds, value)
    return f"{name} cannot be {_shown(value)}: {fault['msg']}."


def _name(part: str | int) -> str:
    """A part of a name for a sentence: on one line, and not too long."""
    text = str(part)
    return text if len(text) <= LONGEST and text.isprintable() else repr(text[:LONGEST]) + "…" * (len(text) > LONGEST)


def _bound(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _choices(context: Mapping[str, object]) -> str:
    return str(context["expected"]).replace("'", "").replace(" or ", ", ")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
