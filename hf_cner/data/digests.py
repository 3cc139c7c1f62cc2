"""The digest of a file's content."""

from __future__ import annotations

import hashlib
from pathlib import Path

PIECE = 1 << 20  # bytes that are in memory at once


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
