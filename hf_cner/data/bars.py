"""The progress bars of transformers and datasets; they are switched for the whole process, and only here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


def bars_off() -> None:
    """Switch these bars off: the commands have their own."""
    from transformers.utils import logging

    logging.disable_progress_bar()


@contextmanager
def no_bars() -> Iterator[None]:
    """Switch these bars off while the block runs."""
    from transformers.utils import logging

    before = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if before:
            logging.enable_progress_bar()
