"""The options of a command about a corpus, as settings; options that were not given are left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .options import NO_TABLE, OnError, Table, reading_options


def data_settings(
    corpus: str,
    data_dir: Path | None,
    split: Mapping[str, Any] | None,
    reading: Mapping[str, Any],
    on_error: OnError | None,
) -> dict[str, Any]:
    """The section `data` of a training."""
    place = None if data_dir is None else str(data_dir)
    return _given(corpus=corpus, data_dir=place, split=split, on_error=on_error and on_error.value) | dict(reading)


def reading_settings(
    reading: list[str] | None,
    input_scheme: str | None,
    input_separator: str | None,
    input_column: int | None,
    *,
    table: Table = NO_TABLE,
) -> dict[str, Any]:
    """The settings for reading the files of a corpus."""
    told = reading_options(reading, table=table) or None
    return _given(input_scheme=input_scheme, input_separator=input_separator, input_column=input_column, reading=told)


def _given(**options: object) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
