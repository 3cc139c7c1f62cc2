"""`hf-cner`: all commands, and errors as one sentence."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ..data.problems import is_panic
from ..data.shown import printable
from . import (
    annotate,
    apply,
    card,
    convert,
    corpora,
    dataset,
    demo,
    encoder,
    errors,
    evaluate,
    export,
    inspect,
    predict,
    presets,
    pretrain,
    push,
    reproduce,
    review,
    search,
    serve,
    settings,
    space,
    train,
    vectors,
    version,
)
from .console import debugging, only_printable, print_error
from .faults import BAD_INPUT, CLOSED_PIPE, DONE, INTERRUPTED, ending
from .help_pages import command_of, show_usage_fault
from .languages import chinese, choose

# The class of all usage errors; depending on its version, typer has a copy of click or uses click.
_USAGE_FAULT: type[typer.BadParameter] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)

app = typer.Typer(
    name="hf-cner",
    help="Clinical named entity recognition for Chinese electronic medical records.",
    epilog="`hf-cner COMMAND --help` explains a command and shows examples. Exit codes: 0 done; 1 a fault of hf_cner "
    "or of a library; 2 wrong usage, input or environment; 130 interrupted; 141 the program that read the output "
    "closed it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: importing rich would take half of the time
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    inspect,
    convert,
    dataset,
    vectors,
    pretrain,
    train,
    search,
    reproduce,
    evaluate,
    export,
    errors,
    predict,
    annotate,
    serve,
    review,
    apply,
    card,
    push,
    space,
    corpora,
    presets,
    settings,
    demo,
    version,
):
    name = module.__name__.rpartition(".")[2]
    app.command(name)(getattr(module, name))
app.add_typer(encoder.app, name="encoder")


@app.callback()
def common(
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show where an error comes from (also: HF_CNER_DEBUG=1, or after a command)."),
    ] = False,
) -> None:
    """Clinical named entity recognition for Chinese electronic medical records."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an exception ends it with one sentence and an exit code, see `faults`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given or debugging()
    if sys.stderr is None:  # closed by the caller; messages are then lost
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        print_error("Standard output is closed; a command writes its results there; redirect it to a file or a pipe.")
        sys.exit(BAD_INPUT)
    for stream in (sys.stdout, sys.stderr):  # a question mark for a character that the terminal cannot show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    only_printable()
    choose()
    try:
        code = _run([argument for argument in given if argument != "--debug"])
    except BaseException as error:
        if debug or not (isinstance(error, Exception) or is_panic(error)):
            raise
        sentence, code = ending(error)
        if code == CLOSED_PIPE:
            _let_go_of_output()
        print_error(sentence)
    if code == DONE:
        _leave_process_group()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Run a command and return its exit code; usage errors are explained here."""
    try:
        run = functools.partial(command_of(app), prog_name=app.info.name) if chinese() else app
        code = run(arguments, standalone_mode=False)
        sys.stdout.flush()  # a closed pipe can still be reported here
    except _USAGE_FAULT as error:
        error.message = printable(error.message, lines=True)
        show_usage_fault(error)
        return error.exit_code
    except typer.Abort:  # typer takes the end of an input for an interruption
        print_error("an input ended before everything was read; expected a whole one; give it again.")
        return BAD_INPUT
    except SystemExit as error:  # typer takes a closed pipe for a normal end
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise
    if code == INTERRUPTED:  # likewise Ctrl-C
        print_error(ending(KeyboardInterrupt()).sentence)
    return code if isinstance(code, int) else DONE


def _let_go_of_output() -> None:
    """Write nothing more to a closed pipe; else the interpreter reports an error at its end."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (open until the end)


def _leave_process_group() -> None:
    """Under torchrun: a process that ends while threads of its group run may be aborted, and torchrun fails."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
