"""Where the commands print: results to standard output, progress and problems to standard error."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from ..data.problems import Problems
    from ..data.unknown_characters import UnknownShare

PLAIN_WIDTH = 120  # of tables that go to a file or a pipe, where no terminal says how wide it is


def results() -> Console:
    """The console of standard output."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


def messages() -> Console:
    """The console of standard error."""
    from rich.console import Console

    return Console(stderr=True, width=None if sys.stderr.isatty() else PLAIN_WIDTH, highlight=False)


def no_loading_bars() -> None:
    """Keep transformers from showing a bar for every checkpoint that it opens: the commands have bars of their own."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def say_what_was_left_out(problems: Problems) -> None:
    """After reading with `--on-error skip`: how many things were left out, and the first of them."""
    if problems.items:
        messages().print(problems.summary(), style="yellow", markup=False, soft_wrap=True)


def say_what_is_unknown(found: UnknownShare) -> None:
    """How many characters the model's vocabulary lacks, where there are any: a warning above 2 %."""
    if found.unknown:
        warn = found.is_notable()
        sentence = f"warning: {found}" if warn else str(found)
        messages().print(sentence, style="yellow" if warn else None, markup=False, soft_wrap=True)


def print_error(error: BaseException) -> None:
    """One clear sentence instead of a traceback."""
    sentence = " ".join(str(error).split()) or type(error).__name__
    messages().print(f"error: {sentence}", style="bold red", markup=False, soft_wrap=True)


def debugging() -> bool:
    """Whether tracebacks are wanted: `HF_CNER_DEBUG` is set to anything but 0."""
    return os.environ.get("HF_CNER_DEBUG", "0") not in ("", "0")
