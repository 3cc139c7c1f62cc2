"""Presets: one YAML file for each named system, with its paper, its table and its settings.

A file may name another preset as its `base` and give only what differs; `_aliases.yaml` holds other names.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

from omegaconf import OmegaConf

from .merging import merge

ABOUT = ("description", "paper", "table")  # what a preset says about itself; everything else in its file is a setting


@dataclass(frozen=True)
class Preset:
    """A named system. `paper` and `table` name the published row that it follows, or are empty.

    `aliases` are other names for it, `base` is the preset that its file builds on, or empty.
    """

    name: str
    description: str
    paper: str
    table: str
    settings: dict[str, Any]
    aliases: tuple[str, ...] = ()
    base: str = ""


def preset_names() -> list[str]:
    """Names of all presets, sorted; files that begin with an underscore are none."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml") and not name.startswith("_"))


@functools.cache
def aliases() -> Mapping[str, str]:
    """Other names of presets, each with the name of its file."""
    return MappingProxyType({other: str(name) for other, name in read_yaml("_aliases.yaml").items()})


def canonical_name(name: str) -> str:
    """The name of a preset's file, of any of its names.

    Raises:
        ValueError: there is none of this name; the sentence says which names come nearest.
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
        ValueError: there is none of this name; the sentence says which names come nearest.
    """
    name = canonical_name(name)
    content = read_yaml(f"{name}.yaml")
    about = {key: str(content.pop(key, "") or "") for key in ABOUT}
    others = tuple(other for other, target in aliases().items() if target == name)
    if base := str(content.pop("base", "") or ""):
        content = merge(load_preset(base), content)
    return Preset(name=name, settings={**content, "preset": name}, aliases=others, base=base, **about)


def load_preset(name: str) -> dict[str, Any]:
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
    """In which shape a published encoder that presets name lies on the Hub."""

    name: str
    type: str
    weights: str
    vocabulary: str

    def __str__(self) -> str:
        return f"{self.name}: {self.type}; weights: {self.weights}; vocabulary: {self.vocabulary}"


@functools.cache
def encoders() -> Mapping[str, EncoderShape]:
    """The published encoders that presets name, by their names on the Hub."""
    return MappingProxyType({name: EncoderShape(name, **about) for name, about in read_yaml("_encoders.yaml").items()})


def encoder_of(preset: Preset) -> EncoderShape | None:
    """The published encoder that a preset names; None where it has one of its own."""
    encoder = preset.settings.get("model", {}).get("encoder", {})
    return encoders().get(str(encoder.get("name_or_path"))) if encoder.get("kind") == "pretrained" else None


def read_yaml(file_name: str) -> dict[str, Any]:
    """A YAML file of this package as plain Python objects."""
    text = resources.files(__name__).joinpath(file_name).read_text(encoding="utf-8")
    content = OmegaConf.to_container(OmegaConf.create(text))
    return {str(key): value for key, value in content.items()} if isinstance(content, dict) else {}


def suggestion(name: str, names: Iterable[str], *, prefix: str = "") -> str:
    """` Did you mean …?` with the nearest of the names, each behind the prefix; nothing when none is near."""
    near = difflib.get_close_matches(name.lower(), list(names), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(prefix + found for found in near)}?" if near else ""
