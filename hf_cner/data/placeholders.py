"""Recognising files that replace a published file: empty, a pointer of Git LFS, a web page."""

from __future__ import annotations

from pathlib import Path


def check_is_content(path: Path) -> None:
    """Raise ValueError for an empty file, a pointer of Git LFS or a web page."""
    with path.open("rb") as stream:
        head = stream.read(64)
    if not head:
        raise ValueError(f"{path} is empty; download it again.")
    if head.startswith(b"version https://git-lfs"):
        raise ValueError(
            f"{path} is a pointer of Git LFS, not the file itself; run `git lfs pull` in that folder, or download the "
            "file with `hf download`."
        )
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise ValueError(f"{path} is a web page, not the file itself; download it with `hf download`.")
