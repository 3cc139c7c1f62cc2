"""One module per exchange format, and the table that names them.

A module has ``NAME``, ``DESCRIPTION``, ``read(path, *, problems) -> Iterator[Document]`` and
``write(documents, path) -> Written``, both perhaps with keyword options of their own. To add a format, write such a
module and one line in ``FORMATS``.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

from ..problems import DataError

# Name of the format → module in this folder; modules are imported when they are needed.
FORMATS = {
    "jsonl": "jsonl",
    "conll": "conll",
    "mrc": "mrc",
}


def format_module(name: str) -> ModuleType:
    """The module of a format.

    Raises:
        DataError: there is no format of that name; the message has the nearest names.
    """
    wanted = name.lower().replace("_", "-")
    if wanted not in FORMATS:
        near = get_close_matches(wanted, FORMATS, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "give one of these."
        raise DataError(f"There is no format {name!r}; known are {', '.join(FORMATS)}: {hint}")
    return import_module(f".{FORMATS[wanted]}", __name__)
