"""Presets: one YAML file for each named system, with its paper, its table and its settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from omegaconf import OmegaConf

ABOUT = ("description", "paper", "table")  # what a preset says about itself; everything else in its file is a setting


@dataclass(frozen=True)
class Preset:
    """A named system. `paper` and `table` name the published row that it follows, or are empty."""

    name: str
    description: str
    paper: str
    table: str
    settings: dict[str, Any]


def preset_names() -> list[str]:
    """Names of all presets, sorted; files that begin with an underscore are none."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml") and not name.startswith("_"))


def read_preset(name: str) -> Preset:
    """Read one preset.

    Raises:
        ValueError: there is none of this name; the sentence says which names come nearest.
    """
    names = preset_names()
    if name not in names:
        raise ValueError(f"There is no preset {name!r}.{suggestion(name, names)} `hf-cner presets` lists all of them.")
    content = read_yaml(f"{name}.yaml")
    about = {key: str(content.pop(key, "") or "") for key in ABOUT}
    return Preset(name=name, settings={"preset": name, **content}, **about)


def load_preset(name: str) -> dict[str, Any]:
    """The settings of a preset, as they stand in its file, with its name under `preset`."""
    return read_preset(name).settings


def list_presets() -> list[Preset]:
    """All presets, by name."""
    return [read_preset(name) for name in preset_names()]


def papers() -> dict[str, str]:
    """The papers by the short names, P1 to P5, that presets and docstrings use."""
    return {short: str(title) for short, title in read_yaml("_papers.yaml").items()}


def read_yaml(file_name: str) -> dict[str, Any]:
    """A YAML file of this package as plain Python objects."""
    text = resources.files(__name__).joinpath(file_name).read_text(encoding="utf-8")
    content = OmegaConf.to_container(OmegaConf.create(text))
    return {str(key): value for key, value in content.items()} if isinstance(content, dict) else {}


def suggestion(name: str, names: Iterable[str], *, prefix: str = "") -> str:
    """` Did you mean …?` with the nearest of the names, each behind the prefix; nothing when none is near."""
    near = difflib.get_close_matches(name.lower(), list(names), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(prefix + found for found in near)}?" if near else ""
