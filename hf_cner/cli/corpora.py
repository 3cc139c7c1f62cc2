"""`hf-cner corpora`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .json_report import Json, check_json, report_console, write_json
from .options import corpus_names

if TYPE_CHECKING:
    from ..data.registry import Entry


def corpora(
    name: Annotated[
        str | None,
        typer.Argument(help="Show one entry with its options.", show_default=False, autocompletion=corpus_names),
    ] = None,
    json_file: Json = None,
) -> None:
    """List the corpora and formats, which --corpus, --to and --format take, and whether they can be read and written.

    \b
    Examples:
      hf-cner corpora
      hf-cner corpora conll
    """
    from rich.table import Table

    from ..data.registry import entries, entry

    check_json(json_file)
    console = report_console(json_file)
    if name is not None:
        found = entry(name)
        console.print(f"{found.name}: {found.description}", markup=False, soft_wrap=True)
        for what, said in (
            ("its files", found.layout),
            ("types", ", ".join(found.entity_types) or "those of the data"),
            ("licence", found.licence),
            ("options of reading", ", ".join(found.reading_options) if found.reads else "it is not read"),
            ("options of writing", ", ".join(found.writing_options) if found.writes else "it is not written"),
        ):
            console.print(f"  {what}: {said or 'none'}", markup=False, soft_wrap=True)
        for file, content in found.example.items():
            console.print(f"  {file}, for example:\n{content.rstrip()}", markup=False, soft_wrap=True)
        write_json(json_file, _plain(found))
        return
    table = Table("name", "what", "read", "written")
    for found in entries():
        written = ("a folder" if found.folder else "a file") if found.writes else ""
        table.add_row(found.name, found.description, "yes" if found.reads else "", written)
    console.print(table)
    write_json(json_file, [_plain(found) for found in entries()])


def _plain(found: Entry) -> dict[str, object]:
    return {
        "name": found.name,
        "description": found.description,
        "files": found.layout,
        "types": list(found.entity_types),
        "licence": found.licence,
        "reads": found.reads,
        "writes": found.writes,
        "options_of_reading": found.reading_options,
        "options_of_writing": found.writing_options,
    }
