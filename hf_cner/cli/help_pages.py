"""Help and usage faults in the language of the locale. Typer has English only, and wraps lines only at blanks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any  # depending on its version, typer has its own copies of click's classes

import typer

from ..data.shown import printable
from .languages import chinese, in_chinese

_UNWRAPPED = "\b\n"  # typer does not wrap such a paragraph
_DEFAULT = re.compile(r"\[(default: |required)")
_WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef“”"
_PIECE = re.compile(rf"\s+|[（“\[《]*[{_WIDE}]|[^\s{_WIDE}\[]+|\[")
_EXAMPLES = re.compile("Examples?:")
_BREAKS_BEFORE_NONE_OF = "，。；：、）！？”》"


def command_of(app: typer.Typer) -> Any:
    """The command that typer makes from the app, with its help in Chinese."""
    command = typer.main.get_command(app)
    _translate(command)
    return command


def paragraphs(text: str | None) -> Iterator[str]:
    """The paragraphs of a help text as in the catalogue: one line each, without examples."""
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        if paragraph and not paragraph.startswith("\b"):
            yield " ".join(paragraph.split())


def commands(command: Any) -> Iterator[Any]:
    """A command and all its subcommands."""
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from commands(below)


def show_usage_fault(error: Any) -> None:
    """Print the fault of the options or arguments, and the usage of the command, to standard error."""
    if not chinese():
        error.show()
        return
    if error.ctx is not None:
        typer.echo(error.ctx.get_usage(), err=True)
        typer.echo(f"运行“{error.ctx.command_path} {error.ctx.help_option_names[0]}”查看帮助。\n", err=True)
    typer.echo(f"错误：{in_chinese(printable(error.format_message(), lines=True))}", err=True)


def _translate(root: Any) -> None:
    for command in commands(root):
        short = next(paragraphs(command.help), "")
        said = in_chinese(short)
        command.short_help = re.split("[。；]", said)[0] if said != short else None
        command.help, command.epilog = _text(command.help), _text(command.epilog)
        for parameter in command.params:
            if getattr(parameter, "help", None):
                parameter.help = in_chinese(" ".join(parameter.help.split()))
    base: Any = root.context_class.formatter_class

    class Formatter(base):
        """Headings in Chinese, lines as wide as a terminal shows them."""

        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, prefix or "用法：")

        def write_heading(self, heading: str) -> None:
            self.write(f"{'':>{self.current_indent}}{in_chinese(heading)}：\n")

        def write_text(self, text: str) -> None:
            parts = text.split("\n\n")
            width = self.width - self.current_indent
            super().write_text("\n\n".join(p if p.startswith("\b") else _UNWRAPPED + wrapped(p, width) for p in parts))

        def write_dl(self, rows: Any, col_max: int = 30, col_spacing: int = 2) -> None:
            pairs = list(rows)
            first = min(max((len(name) for name, _ in pairs), default=0), col_max) + col_spacing
            width = max(self.width - first - 2, 10)
            said = [(name, _UNWRAPPED + wrapped(_described(text), width) if text else text) for name, text in pairs]
            super().write_dl(said, col_max, col_spacing)

    for command in commands(root):
        command.context_class = type("Context", (command.context_class,), {"formatter_class": Formatter})


def _text(text: str | None) -> str | None:
    """A help text with its paragraphs translated, and the heading of its examples."""
    if not text:
        return text
    parts = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        _EXAMPLES.sub("示例：", p, count=1) if p.startswith("\b") else in_chinese(" ".join(p.split())) for p in parts
    )


def _described(text: str) -> str:
    said = in_chinese(text)
    return _DEFAULT.sub(lambda found: "[必填" if found[1] == "required" else "[默认：", said)


def wrapped(text: str, width: int) -> str:
    """Lines of at most `width` columns: between words, and between two Chinese characters, not before punctuation."""
    from rich.cells import cell_len

    lines = [""]
    for piece in _PIECE.findall(text):
        stop = piece in _BREAKS_BEFORE_NONE_OF
        if lines[-1] and not stop and cell_len(lines[-1] + piece) > width - 2:  # place for punctuation
            lines.append(piece.lstrip())
        else:
            lines[-1] += piece if lines[-1] else piece.lstrip()
    return "\n".join(line.rstrip() for line in lines)
