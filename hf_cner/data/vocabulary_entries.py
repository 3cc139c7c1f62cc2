"""The vocabulary in one file of an encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .encoder_vocabulary import Kind

WORD_START, WORD_INSIDE = "▁", "##"  # the marks of SentencePiece's and WordPiece's pieces
_SPARSE, _HOLES = 2, 10_000  # ids up to twice the entries, and some more if there are few


@dataclass(frozen=True, kw_only=True)
class Entries:
    """The content of one file. `frame` is (around one text, around two); `lower_case` is None if it is not given."""

    pieces: Mapping[str, int]
    kind: Kind
    source: Path
    specials: Mapping[str, str] = field(default_factory=dict)
    frame: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    lower_case: bool | None = None
    findings: tuple[str, ...] = ()


def check_ids(pieces: Mapping[str, int], source: Path) -> None:
    """Raise ValueError for ids far beyond the number of entries: each id below the highest costs a row."""
    highest = max(pieces.values(), default=0)
    if highest > _SPARSE * len(pieces) + _HOLES:
        raise ValueError(
            f"{source} gives an entry the id {highest:,}, and there are {len(pieces):,} entries; ids are numbered "
            "from 0 without such gaps: fetch the encoder's file again."
        )


def byte_level(source: object) -> str:
    """The sentence that refuses a byte-level vocabulary."""
    return (
        f"The vocabulary of {source} is byte-level: its pieces are bytes, not characters, so it has no id for a "
        "Chinese character; choose an encoder with a WordPiece or SentencePiece vocabulary."
    )
