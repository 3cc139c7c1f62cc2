"""`hf-cner corpora`."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import results


def corpora(
    name: Annotated[
        str | None, typer.Argument(help="Show one of them, with the options that it takes.", show_default=False)
    ] = None,
) -> None:
    """List the corpora and formats: what --corpus, --to and --format take, which can be read, and which written.

    \b
    Examples:
      hf-cner corpora
      hf-cner corpora conll
    """
    from rich.table import Table

    from ..data.registry import entries, entry

    console = results()
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
        return
    table = Table("name", "what", "read", "written")
    for found in entries():
        written = ("a folder" if found.folder else "a file") if found.writes else ""
        table.add_row(found.name, found.description, "yes" if found.reads else "", written)
    console.print(table)
