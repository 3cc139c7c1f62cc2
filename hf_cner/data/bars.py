"""The progress bars of transformers and datasets, which are switched for the whole process: only here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


def bars_off() -> None:
    """No bar from now on: the commands have bars of their own."""
    from transformers.utils import logging

    logging.disable_progress_bar()


@contextmanager
def no_bars() -> Iterator[None]:
    """No bar for every file that is loaded or saved; afterwards as before."""
    from transformers.utils import logging

    before = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if before:
            logging.enable_progress_bar()
