"""Settings of a run: defaults < preset < configuration file < command line, merged and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from . import canonical_name, load_preset, read_yaml, suggestion
from .merging import SLOTS, merge
from .values import check_fields, check_like

Settings = dict[str, Any]


def default_settings() -> Settings:
    """Every setting with its default."""
    return read_yaml("_defaults.yaml")


def resolve_settings(
    preset: str | None = None,
    *,
    config: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
    assignments: Sequence[str] = (),
    arguments: type | None = None,
) -> Settings:
    """Merge all sources of settings; a later one wins: defaults, preset, configuration file, options, assignments.

    A source that gives a slot another `kind` replaces the whole slot: options of a BiLSTM mean nothing to an IDCNN.

    Args:
        preset: name of a preset, or an alias of one.
        config: a YAML file of settings, e.g. the `settings.yaml` beside a checkpoint. Its `preset` is used when none is
            given here.
        options: nested settings, e.g. those of the command line's own options.
        assignments: `key.of.setting=value` texts, values in YAML.
        arguments: the dataclass whose fields the section `training` takes; not checked when left out.

    Raises:
        ValueError: an unknown preset or key (with the nearest one), a value of another kind than its setting takes, an
            assignment without `=`, or a file that cannot be read.
    """
    from_file = read_settings_file(config) if config is not None else {}
    name = preset or from_file.get("preset")
    name = canonical_name(str(name)) if name else None
    layers = [
        load_preset(name) if name else {},
        {**from_file, "preset": name},
        options or {},
        parse_assignments(assignments),
    ]
    settings = default_settings()
    for layer in layers:
        check_keys(layer, default_settings(), arguments)
        settings = merge(settings, layer)
    encoder = settings["model"]["encoder"]
    if encoder.get("name_or_path") and Path(encoder["name_or_path"]).is_dir():
        encoder["name_or_path"] = str(Path(encoder["name_or_path"]).absolute())  # no card takes that for a Hub's name
    return settings


def read_settings_file(path: Path | str) -> Settings:
    """Settings of a YAML file."""
    try:
        content = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except FileNotFoundError:
        raise ValueError(f"There is no configuration file {path}.") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file in UTF-8: {error}.") from error
    except (YAMLError, OmegaConfBaseException, OSError) as error:
        raise ValueError(f"{path} is not a YAML file of settings: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds a {type(content).__name__}; a file of settings holds `key: value` lines.")
    return {str(key): value for key, value in content.items()}


def parse_assignments(assignments: Sequence[str], *, option: str = "--set") -> Settings:
    """`["model.context.hidden_size=64"]` as nested settings; `option` is what error messages name."""
    settings: Settings = {}
    for assignment in assignments:
        key, equals, _ = assignment.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"{option} takes key=value, as in training.num_train_epochs=3; found {assignment!r}.")
        try:
            parsed = OmegaConf.to_container(OmegaConf.from_dotlist([assignment]), resolve=True)
        except (YAMLError, OmegaConfBaseException) as error:
            raise ValueError(f"{option} {assignment!r} cannot be read: {' '.join(str(error).split())}") from error
        if isinstance(parsed, dict):
            settings = merge(settings, {str(name): value for name, value in parsed.items()})
    return settings


def check_keys(
    layer: Mapping[str, Any], valid: Mapping[str, Any], arguments: type | None = None, path: str = ""
) -> None:
    """Raise one sentence when `layer` has a key that no setting has (with the nearest one), or a value of another kind.

    Args:
        valid: the settings with their defaults.
        arguments: the dataclass behind the section `training`.
        path: of the section, with a dot behind it.
    """
    for key, value in layer.items():
        full = f"{path}{key}"
        if key not in valid:
            hint = (
                suggestion(str(key), valid, prefix=path) or f" Valid here: {', '.join(path + name for name in valid)}."
            )
            raise ValueError(f"There is no setting {full}.{hint}")
        default = valid[key]
        if not isinstance(default, Mapping):
            check_like(full, value, default)
        elif full == "training" and value is None:
            continue
        elif not isinstance(value, Mapping):
            kept = "fields of CnerTrainingArguments" if full == "training" else ", ".join(default)
            raise ValueError(f"The setting {full} is a section of keys ({kept}); found {value!r}.")
        elif full == "training":
            if arguments is not None:
                check_fields(value, arguments, "training.")
        elif key not in SLOTS:
            check_keys(value, default, arguments, f"{full}.")
