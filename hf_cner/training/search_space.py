"""What a hyper-parameter search varies: settings by their dotted names, each with a range or choices."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from ..modeling.attention import ATTENTIONS
from ..modeling.context import CONTEXTS
from ..modeling.decoders import DECODERS
from ..modeling.encoders import ENCODERS
from ..modeling.interaction import INTERACTIONS
from ..modeling.mrc_decoders import MRC_DECODERS
from ..modeling.slots import options_of
from ..presets import suggestion
from ..presets.merging import SLOTS, merge
from ..presets.settings import default_settings, read_settings_file
from ..presets.values import check_fields, check_kind, check_like, field_kinds
from .arguments import CnerTrainingArguments

Space = dict[str, Any]
"""Dotted name of a setting to `{"low", "high"}` with `log` or `step` where wanted, or to a list of choices."""

RATES = {"low": 1e-4, "high": 1e-2, "log": True}
PRETRAINED_RATES = {"low": 5e-6, "high": 1e-4, "log": True}
DROPOUTS = {"low": 0.0, "high": 0.6, "step": 0.05}
SIZES = [64, 128, 256]
BY_SLOT = ("training.slot_learning_rates.", "training.slot_weight_decays.")
OF_THE_DEVICE = ("bf16", "fp16", "auto_bf16", "bf16_full_eval", "fp16_full_eval", "tf32", "use_cpu", "torch_compile")
SIZED = ("hidden_size", "filters", "size")  # options of slots that say how large their layers are


def default_space(settings: Mapping[str, Any], *, encoder: bool = False, fixed: Collection[str] = ()) -> Space:
    """The downstream slots' learning rates, dropouts and sizes (P5 tunes those, and not the encoder's).

    Args:
        settings: of the run; a slot of kind "none" has nothing to vary.
        encoder: also the encoder's learning rate and, where it is an option, its dropout.
        fixed: names of settings that are left as they are.
    """
    space: Space = {"model.dropout": dict(DROPOUTS)}
    for slot in SLOTS:
        chosen = settings["model"].get(slot)
        if not chosen or chosen.get("kind") == "none" or (slot == "encoder" and not encoder):
            continue
        pretrained = chosen["kind"] == "pretrained"
        space[f"training.slot_learning_rates.{slot}"] = dict(PRETRAINED_RATES if pretrained else RATES)
        options = options_of(_class_of(settings, slot))
        single = "num_layers" in options and chosen.get("num_layers", 1) == 1  # dropout stands between layers
        if "dropout" in options and not single:
            space[f"model.{slot}.dropout"] = dict(DROPOUTS)
        if slot != "encoder":
            space.update({f"model.{slot}.{name}": list(SIZES) for name in SIZED if name in options})
    return {name: values for name, values in space.items() if name not in fixed}


def read_space(path: str | Path) -> Space:
    """The space in a YAML file: `model.dropout: {low: 0.1, high: 0.5}`, or nested; a list holds choices."""
    space = names_in(read_settings_file(path))
    if not space:
        raise ValueError(f"{path} names nothing to vary; expected lines such as `model.dropout: [0.1, 0.3]`.")
    return space


def space_of(
    settings: Mapping[str, Any],
    *,
    path: str | Path | None = None,
    more: Mapping[str, Any] | None = None,
    encoder: bool = False,
    fixed: Collection[str] = (),
) -> Space:
    """The space of a file, or else the default one, and what is varied beside it.

    Args:
        settings, encoder: as for `default_space`.
        path: of the file.
        more: nested settings with ranges for values.
        fixed: names of settings that were given a value; the default space leaves them out.

    Raises:
        ValueError: a setting that is given a value and a range, or a file that cannot be read.
    """
    if path is not None and encoder:
        raise ValueError("A space from a file is taken as it is: leave out --encoder, or --space.")
    space = default_space(settings, encoder=encoder, fixed=fixed) if path is None else read_space(path)
    space |= names_in(more or {})
    for name in fixed:
        if name in space:
            raise ValueError(f"{name} is given a value (--set) and varied as well; leave one of the two out.")
    return space


def check_space(space: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Raise ValueError, in one sentence, at the first name that is no setting to vary, or the first impossible value.

    Args:
        settings: of the run, which say what kind each slot is.
    """
    if not space:
        raise ValueError("There is nothing to vary: the search space is empty.")
    for name, values in space.items():
        _check_name(name, settings)
        _check_values(name, values)
        if isinstance(values, list):
            for value in values:
                _check_choice(name, value, settings)
        elif _is_of_words(name):
            raise ValueError(f"{name} takes words, of which there is no range; give a list of choices.")
        else:
            for value in with_kinds_of_numbers({name: values}, settings)[name].values():
                if value is not None and not isinstance(value, bool):
                    _check_choice(name, value, settings)


def with_kinds_of_numbers(space: Mapping[str, Any], settings: Mapping[str, Any]) -> Space:
    """The space with ranges of fractions where the setting is one: `{low: 0, high: 1}` of a dropout is no 0 or 1."""
    found = dict(space)
    for name, values in space.items():
        if isinstance(values, Mapping) and _is_fraction(name, settings):
            found[name] = {
                key: float(v) if key in ("low", "high", "step") and v is not None else v for key, v in values.items()
            }
    return found


def _is_fraction(name: str, settings: Mapping[str, Any]) -> bool:
    section, key, *rest = _keys(name)
    if section == "training" and rest:
        return True  # a rate or a decay of a slot
    if section == "training":
        defaults = {field.name: field.default for field in dataclasses.fields(CnerTrainingArguments)}
        return isinstance((settings.get("training") or {}).get(key, defaults[key]), float)
    if not rest:
        return True  # of the model itself only shares are varied
    return isinstance(settings["model"][key].get(rest[0], options_of(_class_of(settings, key))[rest[0]].default), float)


def _keys(name: str) -> list[str]:
    """Of the nested settings; the rate of a part of a slot, as `span_decoder.crf`, is one key."""
    return name.split(".", 2) if name.startswith(BY_SLOT) else name.split(".")


def suggest(trial: Any, space: Mapping[str, Any]) -> dict[str, Any]:
    """One value for each name, from Optuna's trial; asked again, a trial gives the same values."""
    found = {}
    for name, values in space.items():
        if isinstance(values, Sequence):
            found[name] = trial.suggest_categorical(name, list(values))
            continue
        whole = all(isinstance(values[end], int) for end in ("low", "high")) and isinstance(values.get("step", 1), int)
        ask = trial.suggest_int if whole else trial.suggest_float
        step = {"step": values["step"]} if values.get("step") is not None else {}
        found[name] = ask(name, values["low"], values["high"], log=bool(values.get("log")), **step)
    return found


def with_values(settings: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with some of them, by their dotted names, set to other values."""
    changed = copy.deepcopy(dict(settings))
    for name, value in values.items():
        nested: Any = value
        for key in reversed(_keys(name)):
            nested = {key: nested}
        changed = merge(changed, nested)
    return changed


def names_in(nested: Mapping[str, Any], prefix: str = "") -> Space:
    """Nested settings by their dotted names; a range is one value."""
    space: Space = {}
    for key, value in nested.items():
        inner = isinstance(value, Mapping) and not {"low", "high"} & set(value)
        space.update(names_in(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": value})
    return space


def _class_of(settings: Mapping[str, Any], slot: str) -> type[nn.Module]:
    asks = settings["model"].get("interaction") is not None
    tables: dict[str, Mapping[str, type[nn.Module]]] = {
        "encoder": ENCODERS,
        "context": CONTEXTS,
        "attention": ATTENTIONS,
        "interaction": INTERACTIONS,
        "span_decoder": MRC_DECODERS if asks else DECODERS,
    }
    kind = settings["model"][slot]["kind"]
    if kind not in tables[slot]:
        raise ValueError(f"Unknown {slot} kind {kind!r}; choose one of {sorted(tables[slot])}.")
    return tables[slot][kind]


def _check_name(name: str, settings: Mapping[str, Any]) -> None:
    parts = name.split(".")
    if parts[0] == "model" and len(parts) == 3 and parts[1] in SLOTS:
        chosen = settings["model"].get(parts[1])
        if not chosen or chosen.get("kind") == "none":
            raise ValueError(f"{name} cannot be varied: the model has no {parts[1]}.")
        options = set(options_of(_class_of(settings, parts[1])))
        where = f"the {parts[1]} kind {chosen['kind']!r}"
    elif parts[0] == "model" and len(parts) == 2:
        options = {key for key, value in default_settings()["model"].items() if isinstance(value, float)}
        where = "model"
    elif parts[0] == "training" and parts[-1] in OF_THE_DEVICE:
        raise ValueError(
            f"{name} cannot be varied: device and precision are those of the whole search; set it (--set)."
        )
    elif parts[0] == "training" and len(parts) == 2:
        options, where = set(field_kinds(CnerTrainingArguments)), "training"
    elif name.startswith(BY_SLOT):
        if parts[2] == "encoder" and (settings.get("training") or {}).get("freeze_encoder"):
            raise ValueError(
                f"{name} cannot be varied: the encoder is frozen, and nothing in it learns; let it learn with "
                "--set training.freeze_encoder=false, or leave it out."
            )
        options, where, parts = {s for s in SLOTS if settings["model"].get(s)}, parts[1], parts[:3]
    else:
        raise ValueError(
            f"{name} cannot be varied; give model.dropout, an option of a slot (model.context.hidden_size), a field of "
            "training, or a slot's learning rate (training.slot_learning_rates.context)."
        )
    if parts[-1] not in options:
        hint = suggestion(parts[-1], options, prefix=name.rpartition(parts[-1])[0])
        hint = hint or f" It has {', '.join(sorted(options))}."
        raise ValueError(f"There is no {name} to vary in {where}.{hint}")


def _check_values(name: str, values: Any) -> None:
    if isinstance(values, list):
        if not values or any(isinstance(value, (list, dict)) for value in values):
            raise ValueError(f"The choices of {name} must be numbers or words, at least one; found {values!r}.")
        return
    if not isinstance(values, Mapping) or not {"low", "high"} <= set(values) <= {"low", "high", "log", "step"}:
        raise ValueError(
            f"{name} must be given a list of choices, or {{low: …, high: …}} with log: true or step: … where wanted; "
            f"found {values!r}."
        )
    numbers = [values[key] for key in ("low", "high", "step") if values.get(key) is not None]
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) or not math.isfinite(n) for n in numbers):
        raise ValueError(f"The range of {name} must be given in numbers; found {values!r}.")
    if values["low"] >= values["high"] or (values.get("log") and values["low"] <= 0):
        raise ValueError(f"The range of {name} must go up, and with log begin above 0; found {values!r}.")
    if values.get("step") is not None and (values.get("log") or values["step"] <= 0):
        raise ValueError(f"The step of {name} must be above 0, and there is none with log; found {values!r}.")


def _is_of_words(name: str) -> bool:
    section, key, *rest = _keys(name)
    kinds = field_kinds(CnerTrainingArguments)[key] if section == "training" and not rest else None
    return kinds is not None and not kinds & {int, float}


def _check_choice(name: str, value: Any, settings: Mapping[str, Any]) -> None:
    section, key, *rest = _keys(name)
    if name.startswith(BY_SLOT):
        check_kind(name, value, (float,))
    elif section == "training":
        check_fields({key: value}, CnerTrainingArguments, "training.")
    elif not rest:
        check_kind(name, value, (float,))
    elif (default := options_of(_class_of(settings, key))[rest[0]].default) is not inspect.Parameter.empty:
        check_like(name, value, default)
