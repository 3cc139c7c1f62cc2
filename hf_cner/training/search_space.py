"""What a hyper-parameter search varies: settings by their dotted names, each with a range or choices."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..settings.fields import arguments_section, kinds_of
from ..settings.merging import SLOTS, merge
from ..settings.reading import read_settings_file
from ..settings.section import Section
from ..settings.sentences import suggestion
from ..settings.training import ModelSettings, TrainSettings
from ..settings.varied import Choice, Choices, Range, Varied, read_varied
from .arguments import CnerTrainingArguments
from .checks import argument_names, check_arguments, check_settings, class_of, options_of_slot

if TYPE_CHECKING:
    import optuna


Space = dict[str, object]
"""Dotted name of a setting -> `{"low", "high"}`, perhaps with `log` or `step`, or a list of choices."""

RATES = {"low": 1e-4, "high": 1e-2, "log": True}
PRETRAINED_RATES = {"low": 5e-6, "high": 1e-4, "log": True}
DROPOUTS = {"low": 0.0, "high": 0.6, "step": 0.05}
SIZES = [64, 128, 256]
BY_SLOT = ("training.slot_learning_rates.", "training.slot_weight_decays.")
OF_THE_DEVICE = ("bf16", "fp16", "auto_bf16", "bf16_full_eval", "fp16_full_eval", "tf32", "use_cpu", "torch_compile")
SIZED = ("hidden_size", "filters", "size")  # options of slots that set the sizes of their layers


def default_space(settings: TrainSettings, *, encoder: bool = False, fixed: Collection[str] = ()) -> Space:
    """The downstream slots' learning rates, dropouts and sizes (P5 tunes those, and not the encoder's).

    Args:
        settings: of the run; an empty slot has nothing to vary.
        encoder: also the encoder's learning rate, and its dropout if it has that option.
        fixed: names of settings that are left as they are.
    """
    space: Space = {"model.dropout": dict(DROPOUTS)}
    for slot, chosen in settings.model.slots().items():
        if _is_empty(settings, slot) or (slot == "encoder" and not encoder):
            continue
        fine_tuned = getattr(class_of(settings, slot), "fine_tuned", False)
        space[f"training.slot_learning_rates.{slot}"] = dict(PRETRAINED_RATES if fine_tuned else RATES)
        options = options_of_slot(settings, slot).model_fields
        single = "num_layers" in options and chosen.options.get("num_layers", 1) == 1  # dropout stands between layers
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
    settings: TrainSettings,
    *,
    path: str | Path | None = None,
    more: Mapping[str, object] | None = None,
    encoder: bool = False,
    fixed: Collection[str] = (),
) -> Space:
    """The space of a file, or the default space, with further settings to vary.

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


def read_values(space: Mapping[str, object], settings: TrainSettings) -> dict[str, Varied]:
    """The space with ranges and choices that were checked.

    The range of a fraction holds fractions: `{low: 0, high: 1}` of a dropout is not the choice of 0 or 1.

    Args:
        settings: of the run; they name the kind of each slot.

    Raises:
        ValueError: a name that is no setting to vary, or a value that it does not take, in one sentence.
    """
    if not space:
        raise ValueError("There is nothing to vary: the search space is empty.")
    found: dict[str, Varied] = {}
    for name, values in space.items():
        _check_name(name, settings)
        varied = read_varied(name, values)
        if isinstance(varied, Range):
            if _is_of_words(name):
                raise ValueError(f"{name} takes words, of which there is no range; give a list of choices.")
            varied = varied.of_fractions() if _is_fraction(name, settings) else varied
        for value in varied.ends():
            _check_choice(name, value, settings)
        found[name] = varied
    return found


def suggest(trial: optuna.Trial, space: Mapping[str, Varied]) -> dict[str, Choice]:
    """One value for each name, from Optuna's trial; the same values each time."""
    return {name: _suggested(trial, name, values) for name, values in space.items()}


def _suggested(trial: optuna.Trial, name: str, values: Varied) -> Choice:
    if isinstance(values, Choices):
        chosen: Choice = trial.suggest_categorical(name, values.choices)
        return chosen
    step = values.step
    if values.whole():
        return trial.suggest_int(name, int(values.low), int(values.high), log=values.log, step=int(step or 1))
    return trial.suggest_float(name, values.low, values.high, log=values.log, step=step)


def with_values(settings: TrainSettings, values: Mapping[str, Choice]) -> TrainSettings:
    """The settings with some of them, by their dotted names, set to other values."""
    changed: dict[str, object] = dict(settings.given())
    for name, value in values.items():
        nested: object = value
        for key in reversed(_keys(name)):
            nested = {key: nested}
        assert isinstance(nested, dict)
        changed = merge(changed, nested)
    return TrainSettings.of(changed)


def _keys(name: str) -> list[str]:
    """The keys of a dotted name; the rate of a part of a slot, such as `span_decoder.crf`, is one key."""
    return name.split(".", 2) if name.startswith(BY_SLOT) else name.split(".")


def names_in(nested: Mapping[str, object], prefix: str = "") -> Space:
    """Nested settings by their dotted names; a range is one value."""
    space: Space = {}
    for key, value in nested.items():
        if isinstance(value, Mapping) and not {"low", "high"} & set(value):
            space |= names_in(value, f"{prefix}{key}.")
        else:
            space[f"{prefix}{key}"] = value
    return space


def _is_empty(settings: TrainSettings, slot: str) -> bool:
    """Whether a slot is frozen."""
    return bool(getattr(class_of(settings, slot), "is_empty", False))


def _default(section: type[Section], name: str) -> object:
    return section.model_fields[name].default


def _is_fraction(name: str, settings: TrainSettings) -> bool:
    section, key, *rest = _keys(name)
    if section == "training" and rest:
        return True  # a rate or a decay of a slot
    if section == "training":
        defaults = {field.name: field.default for field in dataclasses.fields(CnerTrainingArguments)}
        return isinstance(settings.training.get(key, defaults[key]), float)
    if not rest:
        return True  # of the model itself only shares are varied
    return isinstance(_default(options_of_slot(settings, key), rest[0]), float)


def _check_name(name: str, settings: TrainSettings) -> None:
    parts = name.split(".")
    if parts[0] == "model" and len(parts) == 3 and parts[1] in SLOTS:
        chosen = settings.model.slot(parts[1])
        if chosen is None or _is_empty(settings, parts[1]):
            raise ValueError(f"{name} cannot be varied: the model has no {parts[1]}.")
        options = set(options_of_slot(settings, parts[1]).model_fields)
        where = f"the {parts[1]} kind {chosen.kind!r}"
    elif parts[0] == "model" and len(parts) == 2:
        options = {key for key in ModelSettings.model_fields if isinstance(_default(ModelSettings, key), float)}
        where = "model"
    elif parts[0] == "training" and parts[-1] in OF_THE_DEVICE:
        raise ValueError(
            f"{name} cannot be varied: device and precision are those of the whole search; set it (--set)."
        )
    elif parts[0] == "training" and len(parts) == 2:
        options, where = set(argument_names()), "training"
    elif name.startswith(BY_SLOT):
        if parts[2] == "encoder" and settings.training.get("freeze_encoder"):
            raise ValueError(
                f"{name} cannot be varied: the encoder is frozen, and nothing in it learns; let it learn with "
                "--set training.freeze_encoder=false, or leave it out."
            )
        options, where, parts = set(settings.model.slots()), parts[1], parts[:3]
    else:
        raise ValueError(
            f"{name} cannot be varied; give model.dropout, an option of a slot (model.context.hidden_size), a field of "
            "training, or a slot's learning rate (training.slot_learning_rates.context)."
        )
    if parts[-1] not in options:
        hint = suggestion(parts[-1], options, prefix=name.rpartition(parts[-1])[0])
        hint = hint or f" It has {', '.join(sorted(options))}."
        raise ValueError(f"There is no {name} to vary in {where}.{hint}")


def _is_of_words(name: str) -> bool:
    section, key, *rest = _keys(name)
    if section != "training" or rest:
        return False
    kinds = kinds_of(arguments_section(CnerTrainingArguments), key)
    return object not in kinds and not kinds & {int, float}


def _check_choice(name: str, value: Choice, settings: TrainSettings) -> None:
    """Raise ValueError if the run's settings do not take the value."""
    section, *_ = _keys(name)
    changed = with_values(settings, {name: value})
    if section == "training":
        check_arguments(changed)
    else:
        check_settings(changed)
