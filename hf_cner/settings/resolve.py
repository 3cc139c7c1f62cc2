"""Settings of a run: defaults < preset < configuration file < command line, merged and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .merging import merge
from .preset import canonical_name, load_preset
from .pretraining import PretrainingSettings
from .ranges import check_ranges
from .reading import Plain, parse_assignments, read_settings_file
from .section import fault_of_layer
from .training import TrainSettings


def resolve_settings(
    preset: str | None = None,
    *,
    config: Path | str | None = None,
    options: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
) -> TrainSettings:
    """Merge all sources of settings; a later one wins: defaults, preset, configuration file, options, assignments.

    A source that gives a slot another `kind` replaces the whole slot: an IDCNN has no options of a BiLSTM. The options
    of slots and the names of training arguments are checked by `hf_cner.training.checks`, which imports their classes.

    Args:
        preset: name of a preset, or an alias of one.
        config: a YAML file of settings, e.g. the `settings.yaml` beside a checkpoint. Its `preset` is used if none is
            given here.
        options: nested settings, e.g. those of the command line's own options.
        assignments: `key.of.setting=value` texts, values in YAML.

    Raises:
        ValueError: an unknown preset or key (with the nearest name), a value of another kind than its setting takes, an
            assignment without `=`, or a file that cannot be read.
    """
    from_file: Plain = read_settings_file(config) if config is not None else {}
    if fault := fault_of_layer(TrainSettings, from_file):
        raise ValueError(f"{config}: {fault}")
    name = preset or from_file.get("preset")
    name = canonical_name(str(name)) if name else None
    settings: Mapping[str, object] = TrainSettings().to_dict()
    for layer in (
        load_preset(name) if name else {},
        {**from_file, "preset": name},
        options or {},
        parse_assignments(assignments),
    ):
        if fault := fault_of_layer(TrainSettings, layer):
            raise ValueError(fault)
        settings = merge(settings, layer)
    resolved = TrainSettings.of(settings)
    check_ranges(resolved.training, prefix="training.")
    encoder = resolved.model.encoder
    if encoder.name_or_path and Path(encoder.name_or_path).is_dir():  # so that no card takes it for a name on the Hub
        encoder = encoder.model_copy(update={"name_or_path": str(Path(encoder.name_or_path).absolute())})
        resolved = resolved.model_copy(update={"model": resolved.model.model_copy(update={"encoder": encoder})})
    return resolved


def resolve_pretraining(
    config: Path | None, options: Mapping[str, object], assignments: Sequence[str]
) -> PretrainingSettings:
    """The settings of a pretraining: those of a file, then options, then `key=value` texts; the last wins.

    Raises:
        ValueError: as `resolve_settings`.
    """
    settings: Mapping[str, object] = read_settings_file(config) if config is not None else {}
    if fault := fault_of_layer(PretrainingSettings, settings):
        raise ValueError(f"{config}: {fault}")
    settings = merge(settings, _given(options))
    resolved = PretrainingSettings.of(merge(settings, parse_assignments(assignments)))
    check_ranges(resolved.training, prefix="training.")
    return resolved


def _given(options: Mapping[str, object]) -> dict[str, object]:
    """Without the values that are None."""
    kept = {key: _given(value) if isinstance(value, Mapping) else value for key, value in options.items()}
    return {key: value for key, value in kept.items() if value is not None and value != {}}
