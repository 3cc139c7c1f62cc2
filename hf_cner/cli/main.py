"""`hf-cner`: the commands put together, and errors shown as one sentence."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from . import (
    card,
    convert,
    demo,
    evaluate,
    inspect,
    predict,
    presets,
    pretrain,
    push,
    reproduce,
    search,
    settings,
    train,
    vectors,
    version,
)
from .console import debugging, print_error

app = typer.Typer(
    name="hf-cner",
    help="Clinical named entity recognition for Chinese electronic medical records.",
    epilog="`hf-cner COMMAND --help` explains a command and shows examples.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: importing rich would take half of the time
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    inspect,
    convert,
    vectors,
    pretrain,
    train,
    search,
    reproduce,
    evaluate,
    predict,
    card,
    push,
    presets,
    settings,
    demo,
    version,
):
    name = module.__name__.rpartition(".")[2]
    app.command(name)(getattr(module, name))


@app.callback()
def common(
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show where an error comes from (also: HF_CNER_DEBUG=1, or after a command)."),
    ] = False,
) -> None:
    """Clinical named entity recognition for Chinese electronic medical records."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; bad input and missing files end it with one sentence and exit code 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given or debugging()
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a character shows a question mark for it
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app([argument for argument in given if argument != "--debug"])
    except SystemExit as done:
        if not done.code:
            _leave_process_group()
        raise
    except (ValueError, OSError, ImportError, FloatingPointError) as error:
        if debug:
            raise
        print_error(error)
        sys.exit(2)


def _leave_process_group() -> None:
    """Under torchrun: a process that ends with its group's threads still running may be aborted, and torchrun fails."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
