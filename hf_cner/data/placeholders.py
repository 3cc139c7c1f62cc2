"""Files that only stand in the place of a published one: empty, a pointer of Git LFS, a web page."""

from __future__ import annotations

from pathlib import Path


def check_is_content(path: Path) -> None:
    """Raise a ValueError when a file is empty, or only stands in the place of the published one."""
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
