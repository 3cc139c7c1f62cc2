"""The bundled sample corpus: invented text in the style of CCKS-2017's four sections, with its five types.

Every sentence was invented for this package. For demonstrations, not for published figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

from ..documents import Document, read_jsonl
from ..problems import Problems
from .ccks2017 import ENTITY_TYPES

NAME = "sample"
DESCRIPTION = "INVENTED text in the style of CCKS-2017, five types, flat; bundled with the package."
LICENCE = "Apache-2.0, as the package."
CITATION = """\
@misc{hfcnersample,
  title = {An invented sample corpus in the style of {CCKS}-2017},
  author = {{The hf\\_cner authors}},
  note = {Part of the package hf-cner}
}
"""
LAYOUT = "nothing: it is bundled"
EXAMPLE: dict[str, str] = {}

__all__ = ["CITATION", "DESCRIPTION", "ENTITY_TYPES", "EXAMPLE", "LAYOUT", "LICENCE", "NAME", "read"]


def read(folder: Path | None = None, *, problems: Problems) -> Iterator[Document]:
    """Yield the bundled sections; ``folder`` is ignored."""
    with as_file(files("hf_cner.data") / "sample" / "sections.jsonl") as path:
        yield from read_jsonl(path, problems=problems)
