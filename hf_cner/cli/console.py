"""The consoles of the commands: results go to standard output, progress and problems to standard error."""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from typing import TYPE_CHECKING, TextIO

from ..data.shown import clipped
from .faults import LONGEST_SENTENCE, one_line
from .languages import chinese, translated

if TYPE_CHECKING:
    from rich.console import Console

    from ..data.problems import Problems
    from ..data.unknown_characters import UnknownShare

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
PLAIN_WIDTH = 120  # of tables for a file or a pipe, which have no width


def results() -> Console:
    """The console of standard output."""
    return _screen(stderr=False)


def messages() -> Console:
    """The console of standard error."""
    return _screen(stderr=True)


def _screen(*, stderr: bool) -> Console:
    """A console that prints texts as they are: no `[b]` or `:x:` in them is markup or an emoji."""
    from .screen import Screen

    shown = sys.stderr if stderr else sys.stdout
    width = None if shown.isatty() else PLAIN_WIDTH
    return Screen(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def no_loading_bars() -> None:
    """Switch off transformers' bars for loading: the commands have their own bars."""
    from ..data.bars import bars_off

    bars_off()


def say_what_was_left_out(problems: Problems) -> None:
    """Print, after reading, the files that were left out, and with `--on-error skip` the faults."""
    for note in problems.notes.values():
        messages().print(note, markup=False, soft_wrap=True)
    if problems.items:
        messages().print(problems.summary(), style="yellow", markup=False, soft_wrap=True)


def say_what_is_unknown(found: UnknownShare) -> None:
    """Print the share of unknown characters, if there are any; a warning above 2 %."""
    if found.unknown:
        warn = found.is_notable()
        sentence = f"warning: {found}" if warn else str(found)
        messages().print(sentence, style="yellow" if warn else None, markup=False, soft_wrap=True)


def print_error(sentence: str) -> None:
    """One clear sentence instead of a traceback."""
    sentence = one_line(sentence)
    shown = f"错误：{translated(sentence)}" if chinese() else f"error: {sentence}"
    messages().print(shown, style="bold red", markup=False, soft_wrap=True)


def only_printable() -> None:
    """Escape acting characters in logs and warnings of libraries, and show a warning as one line."""
    logging.setLogRecordFactory(_PrintableRecord)
    warnings.showwarning = _show_warning


class _PrintableRecord(logging.LogRecord):
    def getMessage(self) -> str:
        plain = _COLOURS.sub("", super().getMessage())  # transformers writes headings in bold
        return clipped(plain, LONGEST_SENTENCE, lines=True)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    messages().print(f"warning: {one_line(str(message))}", style="yellow", markup=False, soft_wrap=True)


def debugging() -> bool:
    """Whether tracebacks are wanted: `HF_CNER_DEBUG` is set to anything but 0."""
    return os.environ.get("HF_CNER_DEBUG", "0") not in ("", "0")
