"""What tests of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hf_cner import read_corpus
from hf_cner.cli.main import main


@pytest.fixture
def call() -> Callable[..., int]:
    """Runs `hf-cner` with these arguments, and gives its exit status."""

    def run(*arguments: object) -> int:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return int(ended.value.code or 0)

    return run


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Eighty texts of the sample, one per line."""
    path = tmp_path / "notes.txt"
    lines = (document.text.replace("\n", " ") for document in read_corpus("sample")[:80])
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
