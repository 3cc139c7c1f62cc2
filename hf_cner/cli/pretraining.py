"""Settings of `hf-cner pretrain` from its options, and what a run came to, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ..settings.merging import merge
from ..settings.pretraining import PretrainingSettings
from ..settings.reading import parse_assignments, read_settings_file
from ..settings.section import fault_of_layer
from .outcome import duration
from .texts import dropped_line


def settings_from(config: Path | None, options: Mapping[str, Any], assignments: Sequence[str]) -> PretrainingSettings:
    """The settings of a file, overlaid with the options that were given and with `key=value` texts."""
    settings = read_settings_file(config) if config is not None else {}
    if fault := fault_of_layer(PretrainingSettings, settings):
        raise ValueError(f"{config}: {fault}")
    settings = merge(settings, _given(options))
    return PretrainingSettings.of(merge(settings, parse_assignments(assignments)))


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left out."""
    kept = {key: _given(value) if isinstance(value, Mapping) else value for key, value in options.items()}
    return {key: value for key, value in kept.items() if value is not None and value != {}}


def render(outcome: Mapping[str, Any], console: Console) -> None:
    """Print what `pretraining.run.pretrain` returns."""
    data = outcome["data"]
    lines = [f"{data['documents']['train']:,} documents, {data['characters']['train']:,} characters in windows"]
    entities = data["entities"]
    if "in_no_text" in entities:
        missing = ", ".join(entities["first_in_no_text"])
        lines.append(
            f"lexicon: {entities['words']:,} words, of which {entities['in_no_text']:,} stand in no text"
            + (f" ({missing}{', …' if entities['in_no_text'] > 5 else ''})" if missing else "")
        )
    held_out = outcome["metrics"]["held_out"]
    if held_out is None:
        lines.append("no text was held out, so nothing was measured")
    else:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in held_out.items())
        lines.append(f"held out, {data['documents']['held_out']:,} documents: {figures}")
    size = f"{outcome['parameters']:,} parameters, {outcome['epochs']:g} epochs"
    lines.append(f"{size}, {duration(outcome['seconds'])}")
    if data.get("dropped"):
        lines.append(dropped_line(data["dropped"]))
    if data["left_out"]:
        lines.append(f"Left out of the data: {len(data['left_out'])} faulty places, listed in results.json")
    lines.append(f"The encoder lies in {outcome['checkpoint']}")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
