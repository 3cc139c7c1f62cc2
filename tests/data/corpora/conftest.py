"""Tiny invented corpora on disk."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

WriteSection = Callable[..., tuple[Path, Path]]


@pytest.fixture
def write_section(tmp_path: Path) -> WriteSection:
    """Write one section of one record: its text, and its annotations as (mention, start, end, type) lines."""

    def write(
        section: str,
        number: int,
        text: str | None,
        lines: list[tuple[object, ...]] | str | None = (),  # type: ignore[assignment]
        *,
        folder: str | None = None,
        gz: bool = False,
    ) -> tuple[Path, Path]:
        place = tmp_path / (folder or section)
        place.mkdir(parents=True, exist_ok=True)
        ending = ".gz" if gz else ""
        text_path = place / f"{section}-{number}.txtoriginal.txt{ending}"
        path = place / f"{section}-{number}.txt{ending}"
        if not isinstance(lines, str | None):
            lines = "".join("\t".join(map(str, line)) + "\r\n" for line in lines)
        for file, content in ((text_path, text), (path, lines)):
            if content is not None:
                data = content.encode()
                file.write_bytes(gzip.compress(data) if gz else data)
        return text_path, path

    return write
