"""A slot of the model, `{"kind": ..., **options}`, turned into the module that it describes."""

import inspect
import types
from collections.abc import Collection, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Union, get_args, get_origin, get_type_hints

from torch import nn

KINDS: dict[Any, tuple[type, str]] = {
    bool: (bool, "true or false"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "a word"),
    Sequence: (Sequence, "a list"),
    Mapping: (Mapping, "a dict"),
    type(None): (type(None), "left out"),
}
"""The types that annotations of options may name, and their names in errors."""


def options_of(module_class: type[nn.Module]) -> dict[str, inspect.Parameter]:
    """The options that a slot may give to a class: the keyword-only parameters of its constructor, by name."""
    parameters = inspect.signature(module_class.__init__).parameters.values()
    return {p.name: p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def require_positive(values: Mapping[str, int | Sequence[int]]) -> None:
    """Raise ValueError for the first option that is, or contains, anything but a whole number of at least 1."""
    for name, value in values.items():
        members = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        if not members or any(isinstance(m, bool) or not isinstance(m, int) or m < 1 for m in members):
            raise ValueError(f"{name} must be at least 1, in whole numbers; found {value!r}.")


def _members(annotation: Any) -> Collection[Any]:
    """The types in an annotation such as `Sequence[int] | None`; empty if they cannot be checked here."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [kind for member in get_args(annotation) for kind in (_members(member) or [Any])]
    if any(Any in (member, *get_args(member)) for member in get_args(annotation)):  # the class checks the members
        return []
    return [get_origin(annotation) or annotation]


def _check_kind(what: str, value: Any, annotation: Any) -> None:
    """Raise ValueError if a value has none of the types in an annotation; the class checks the rest."""
    kinds = _members(annotation)
    if not kinds or not set(kinds) <= set(KINDS) or (isinstance(value, bool) and bool in kinds):
        return
    wrong = isinstance(value, bool) or (isinstance(value, str) and str not in kinds)  # a str is a Sequence as well
    if wrong or not isinstance(value, tuple(KINDS[kind][0] for kind in kinds)):
        raise ValueError(f"The {what} must be {' or '.join(KINDS[kind][1] for kind in kinds)}; found {value!r}.")


def build(
    slot_name: str,
    slot: Mapping[str, Any],
    table: Mapping[str, type[nn.Module]],
    *sizes: Any,
    given: Mapping[str, Any] | None = None,
) -> Any:
    """Build the module of one slot.

    Args:
        slot_name: what error messages call the slot, e.g. "context".
        slot: `{"kind": ..., **options}` as it stands in the configuration; it is not changed.
        table: the class of each kind.
        sizes: positional arguments from the model: the input size, and for decoders the labels.
        given: further arguments from the model and not from the configuration (e.g. the attention implementation); a
            class gets only those that it takes, and a slot cannot set them.

    Raises:
        ValueError: no kind, an unknown kind, an option that the kind does not take, or a missing option. The class
            checks the values of options.
    """
    given = dict(given or {})
    if not isinstance(slot, Mapping) or "kind" not in slot:
        raise ValueError(
            f'The {slot_name} must be a dict {{"kind": …, options}} with a kind from {sorted(table)}; found {slot!r}.'
        )
    options = dict(slot)
    kind = options.pop("kind")
    if not isinstance(kind, str) or kind not in table:
        raise ValueError(f"Unknown {slot_name} kind {kind!r}; choose one of {sorted(table)}.")
    accepted = options_of(table[kind])
    valid = sorted(set(accepted) - set(given))
    if unknown := sorted(set(options) - set(valid)):
        takes = f"it takes {valid}" if valid else "it takes none"
        raise ValueError(f"The {slot_name} kind {kind!r} has no option {', '.join(map(repr, unknown))}; {takes}.")
    hints = get_type_hints(table[kind].__init__) if options else {}
    for name, value in options.items():
        _check_kind(f"{slot_name} option {name}", value, hints.get(name, Any))
    options.update({name: value for name, value in given.items() if name in accepted})
    missing = [p.name for p in accepted.values() if p.default is inspect.Parameter.empty and p.name not in options]
    if missing:
        raise ValueError(f"The {slot_name} kind {kind!r} needs the option {', '.join(map(repr, missing))}.")
    return table[kind](*sizes, **options)
