"""Presets: one YAML file for each named system, with its paper, its table and its settings.

A file may name another preset as its `base` and give only what differs; `_aliases.yaml` holds other names.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from .merging import merge
from .reading import Plain
from .sentences import suggestion
from .training import TrainSettings
from .yaml_text import parse_yaml

if TYPE_CHECKING:
    from importlib.abc import Traversable

ABOUT = ("description", "paper", "table")  # about the preset itself; all other keys in its file are settings


@dataclass(frozen=True)
class Preset:
    """A named system. `paper` and `table` name the published row that it follows, or are empty.

    `aliases` are other names for it, `base` is the preset that its file builds on, or empty.
    """

    name: str
    description: str
    paper: str
    table: str
    settings: Plain
    aliases: tuple[str, ...] = ()
    base: str = ""


def preset_names() -> list[str]:
    """Names of all presets, sorted; files that begin with an underscore are none."""
    files = (entry.name for entry in _folder().iterdir())
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml") and not name.startswith("_"))


@functools.cache
def aliases() -> Mapping[str, str]:
    """Other names of presets, each with the name of its file."""
    return MappingProxyType({other: str(name) for other, name in read_yaml("_aliases.yaml").items()})


def canonical_name(name: str) -> str:
    """The name of a preset's file for any of its names.

    Raises:
        ValueError: there is no such preset; the sentence names the nearest.
    """
    names, others = preset_names(), aliases()
    if name in names:
        return name
    if name in others:
        return others[name]
    hint = suggestion(name, [*names, *others])
    raise ValueError(f"There is no preset {name!r}.{hint} `hf-cner presets` lists all of them.")


def read_preset(name: str) -> Preset:
    """Read one preset, by any of its names.

    Raises:
        ValueError: there is no such preset; the sentence names the nearest.
    """
    name = canonical_name(name)
    content = read_yaml(f"{name}.yaml")
    about = {key: str(content.pop(key, "") or "") for key in ABOUT}
    others = tuple(other for other, target in aliases().items() if target == name)
    if base := str(content.pop("base", "") or ""):
        content = merge(load_preset(base), content)
    return Preset(name=name, settings={**content, "preset": name}, aliases=others, base=base, **about)


def load_preset(name: str) -> Plain:
    """The settings of a preset, those of its base included, with its name under `preset`."""
    return read_preset(name).settings


def list_presets() -> list[Preset]:
    """All presets, by name."""
    return [read_preset(name) for name in preset_names()]


def papers() -> dict[str, str]:
    """The papers by the short names, P1 to P5, that presets and docstrings use."""
    return {short: str(title) for short, title in read_yaml("_papers.yaml").items()}


@dataclass(frozen=True)
class EncoderShape:
    """The files of a published encoder on the Hub."""

    name: str
    type: str
    weights: str
    vocabulary: str

    def __str__(self) -> str:
        return f"{self.name}: {self.type}; weights: {self.weights}; vocabulary: {self.vocabulary}"


@functools.cache
def encoders() -> Mapping[str, EncoderShape]:
    """The published encoders that presets name, by their names on the Hub."""
    found = {}
    for name, about in read_yaml("_encoders.yaml").items():
        assert isinstance(about, dict)
        found[name] = EncoderShape(name, **{key: str(value) for key, value in about.items()})
    return MappingProxyType(found)


def encoder_of(preset: Preset) -> EncoderShape | None:
    """The published encoder that a preset names; None where it has one of its own."""
    return encoders().get(str(TrainSettings.of(preset.settings).model.encoder.name_or_path))


def read_yaml(file_name: str) -> Plain:
    """A YAML file beside the presets."""
    content = parse_yaml(_folder().joinpath(file_name).read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}


def _folder() -> Traversable:
    return resources.files(__package__).joinpath("presets")
