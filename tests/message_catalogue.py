"""`make messages`: brings the Chinese catalogue up to date, and lists what has no Chinese.

Translations are written by hand into hf_cner/locale/zh_CN/LC_MESSAGES/hf_cner.po. A message is a paragraph of the
commands' help, or a sentence in which {name} stands for what the program puts there. This adds the paragraphs that the
catalogue lacks, makes those obsolete (#~) that no longer stand in the package, and compiles the .mo.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from pathlib import Path
from typing import Any

import typer
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from hf_cner.cli import languages
from hf_cner.cli.help_pages import commands, paragraphs
from hf_cner.cli.main import app

PACKAGE = Path(languages.__file__).parents[1]
PO = languages.CATALOGUE.with_suffix(".po")
OF_TYPER = "typer"  # the comment of a message that is none of ours


def catalogue() -> Catalog:
    """What the .po says."""
    with PO.open("rb") as stream:
        return read_po(stream, locale="zh_CN", domain="hf_cner")


def compiled(said: Catalog) -> bytes:
    """The .mo of a catalogue."""
    stream = io.BytesIO()
    write_mo(stream, said)
    return stream.getvalue()


def help_messages() -> list[str]:
    """Every paragraph of every command's help, and the help of every argument and option, in their order."""
    found: dict[str, None] = {}
    for command in commands(typer.main.get_command(app)):
        options = [getattr(parameter, "help", None) for parameter in command.params]
        for text in (command.help, command.epilog, *options):
            found.update(dict.fromkeys(paragraphs(text)))
    return list(found)


def named_commands() -> dict[str, Any]:
    """Every command by its name on the command line: "train", …, "encoder", "encoder import"."""
    found = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        found[name] = command
        found |= {f"{name} {below}": one for below, one in getattr(command, "commands", {}).items()}
    return found


def stale(said: Catalog) -> list[str]:
    """Messages that the package can no longer show: a part between two places stands nowhere in its code."""
    code = "\n".join(
        node.value
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    known = set(help_messages())
    ours = [m.id for m in said if m.id and OF_TYPER not in m.auto_comments and m.id not in known]
    return [message for message in ours if not all(part in code for part in _parts(message))]


def _parts(message: str) -> list[str]:
    """What stands between places and between clauses, since a sentence may be put together of several."""
    between = " ".join(languages.PLACE.split(message)[::2])
    clauses = re.split(r"[;:.?,()'`]|\b(?:found|expected|which has no|and|or|with)\b|  +", between)
    return [clause.strip() for clause in clauses if len(clause.strip()) > 2]


def main() -> None:
    """Update, compile and list."""
    said = catalogue()
    for message in stale(said):
        entry = said[message]
        said.delete(message)
        said.obsolete[message] = entry
        print(f"no longer shown: {message}")
    for message in help_messages():
        if message not in said:
            said.add(message)
    missing = [entry.id for entry in said if entry.id and not entry.string]
    print(*(f"not in Chinese: {message}" for message in missing), sep="\n")
    with PO.open("wb") as stream:
        write_po(stream, said, width=120, sort_output=False, omit_header=False)
    languages.CATALOGUE.write_bytes(compiled(said))
    print(f"{len(said) - len(missing)} messages in Chinese, {len(missing)} without.", file=sys.stderr)


if __name__ == "__main__":
    main()
