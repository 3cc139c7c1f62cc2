"""`hf-cner presets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from .json_report import Json, check_json, report_console, write_json
from .options import preset_names

if TYPE_CHECKING:
    from rich.console import Console


def presets(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Show the settings of the preset of this name, or of this alias.",
            show_default=False,
            autocompletion=preset_names,
        ),
    ] = None,
    json_file: Json = None,
) -> None:
    """List the presets with paper, table and aliases of each, or show one preset's resolved settings.

    The published encoders that presets name follow, with their files.

    \b
    Examples:
      hf-cner presets
      hf-cner presets idcnn-mha-crf
      hf-cner presets bert-bigru-att-crf      # an alias: what P2 calls bert-bigru-mha-crf
    """
    check_json(json_file)
    console = report_console(json_file)
    write_json(json_file, _list(console) if name is None else _show(name, console))


def _list(console: Console) -> list[dict[str, object]]:
    from rich.table import Column, Table

    from ..settings.preset import encoders, list_presets, papers

    preset_column, alias_column = Column("preset", no_wrap=True), Column("aliases", overflow="fold")
    table = Table(preset_column, "paper", "table", alias_column, "description")
    for preset in list_presets():
        table.add_row(preset.name, preset.paper, preset.table, "\n".join(preset.aliases), preset.description)
    console.print(table)
    for short, title in papers().items():
        console.print(f"{short}  {title}", markup=False, soft_wrap=True)
    console.print("Published encoders that presets name:")
    for shape in encoders().values():
        console.print(f"  {shape}", markup=False, soft_wrap=True)
    shown = ("name", "paper", "table", "aliases", "description", "base")
    return [{key: getattr(preset, key) for key in shown} for preset in list_presets()]


def _show(name: str, console: Console) -> Mapping[str, object]:
    from ..settings.preset import encoder_of, read_preset
    from ..settings.resolve import resolve_settings
    from ..settings.yaml_text import dump_yaml

    if shape := encoder_of(read_preset(name)):
        console.print(f"# The encoder is published as {shape}", markup=False, soft_wrap=True)
    found = resolve_settings(name).to_dict()
    console.print(dump_yaml(found).rstrip(), markup=False, soft_wrap=True)
    return found
