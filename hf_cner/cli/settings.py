"""`hf-cner settings`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from .json_report import Json, check_json, report_console, write_json
from .options import ConfigFile, preset_names


class Command(str, Enum):
    """The command of the settings."""

    train = "train"
    pretrain = "pretrain"
    search = "search"


def settings(
    schema: Annotated[
        bool,
        typer.Option("--schema", help="Print a JSON schema, with which an editor completes and checks YAML files."),
    ] = False,
    command: Annotated[Command, typer.Option("--for", help="The command that reads them.")] = Command.train,
    preset: Annotated[
        str | None, typer.Option("--preset", help="Print the settings of this preset.", autocompletion=preset_names)
    ] = None,
    config: ConfigFile = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any setting; may be repeated.", show_default=False),
    ] = None,
    json_file: Json = None,
) -> None:
    """Check settings and print them with every default, or print the schema of a settings file.

    Nothing is trained or written. Editors with the YAML language server complete a YAML file whose first line is `#
    yaml-language-server: $schema=train.schema.json`.

    \b
    Examples:
      hf-cner settings --preset bilstm-mha-crf
      hf-cner settings --config mine.yaml --set training.num_train_epochs=5
      hf-cner settings --schema > train.schema.json
      hf-cner settings --schema --for pretrain > pretrain.schema.json
    """
    from ..settings.yaml_text import dump_yaml

    check_json(json_file, inputs=(config,))
    found = _schema(command) if schema else _resolved(command, preset, config, assignments or [])
    text = json.dumps(found, ensure_ascii=False, indent=2) if schema else dump_yaml(found).rstrip()
    report_console(json_file).print(text, markup=False, soft_wrap=True)
    write_json(json_file, found)


def _schema(command: Command) -> Mapping[str, object]:
    from ..training.schemas import schema_of

    return schema_of(command.value)


def _resolved(
    command: Command, preset: str | None, config: Path | None, assignments: list[str]
) -> Mapping[str, object]:
    if command is Command.search:
        raise ValueError(
            "A search takes the settings of train, and a space: --for search has a schema alone (--schema)."
        )
    if command is Command.pretrain:
        from ..settings.resolve import resolve_pretraining

        if preset is not None:
            raise ValueError("There are no presets of pretraining; leave --preset out.")
        return resolve_pretraining(config, {}, assignments).to_dict()
    from ..settings.resolve import resolve_settings

    found = resolve_settings(preset, config=config, assignments=assignments)
    from ..training.checks import check_settings  # needs torch, so faults of form are found before

    check_settings(found)
    return found.to_dict()
