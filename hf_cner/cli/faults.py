"""The end of a command: one sentence and an exit code for every kind of exception.

Errors about bad input and a broken environment are sentences already: `ValueError` of this package, `OSError`,
`ImportError`. Every other error is called a fault of hf_cner, or of the library that raised it.
"""

from __future__ import annotations

import errno
import sys
from typing import NamedTuple

from ..data.room import NotWritten, no_room
from ..data.shown import clipped
from ..data.stores import store_fault

DONE, FAULT, BAD_INPUT, INTERRUPTED, CLOSED_PIPE = 0, 1, 2, 130, 141
LONGEST_SENTENCE = 2000  # characters: an error never prints a document
_OWN = "hf_cner"


class Ending(NamedTuple):
    """The sentence and the exit code."""

    sentence: str
    code: int


def ending(error: BaseException) -> Ending:
    """The end of a command after an exception."""
    if isinstance(error, KeyboardInterrupt):
        return Ending("interrupted.", INTERRUPTED)
    if isinstance(error, BrokenPipeError) or (isinstance(error, OSError) and error.errno == errno.EPIPE):
        return Ending("the program that read the output has closed it, so the output is not whole.", CLOSED_PIPE)
    if _is_memory(error):
        said = f" ({_message(error)})" if str(error) else ""
        advice = "give a smaller --batch-tokens, smaller batches or a smaller file"
        return Ending(f"found too little memory{said}; expected enough for what is computed; {advice}.", BAD_INPUT)
    if (full := no_room(error)) is not None and not isinstance(full, NotWritten):
        where = f"{full.filename}: " if full.filename else ""
        found = f"{where}found a disk that takes no more ({full.strerror})"
        expected = "expected room for what is written, and for temporary files"
        return Ending(f"{found}; {expected}; make room, and give the command again.", BAD_INPUT)
    library = _library(error)
    if isinstance(error, OSError | ImportError | FloatingPointError) or (
        isinstance(error, ValueError) and library is None
    ):
        return Ending(_message(error) or type(error).__name__, BAD_INPUT)
    if library is not None and (store := store_fault(error)) is not None:
        return Ending(store, BAD_INPUT)
    whose = _OWN if library is None else f"{_OWN} or of {library}"
    said = f": {_message(error)}" if str(error) else ""
    return Ending(f"this is a fault of {whose}: {type(error).__name__}{said} (`--debug` shows where)", FAULT)


def one_line(text: str) -> str:
    """A message as a bounded line without acting characters."""
    return clipped(" ".join(text[: 10 * LONGEST_SENTENCE].split()), LONGEST_SENTENCE)


def _message(error: BaseException) -> str:
    """The message; KeyError shows only the representation of its key, and OSError its number."""
    return one_line(str(error))


def _is_memory(error: BaseException) -> bool:
    named = type(error).__name__ == "OutOfMemoryError"  # of torch, which is not imported here
    return isinstance(error, MemoryError) or named or "can't allocate memory" in str(error)[:1000]


def _library(error: BaseException) -> str | None:
    """The package whose code raised the error; None for this package or the standard library alone."""
    roots = []
    trace = error.__traceback__
    while trace is not None:
        roots.append(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        trace = trace.tb_next
    for root in reversed(roots):
        if root == _OWN:
            return None
        if root and root not in sys.stdlib_module_names and root != "__main__":
            return root
    return None
