"""The examples of all corpora and formats as files: what a test of every entry of the registry begins with."""

from __future__ import annotations

from pathlib import Path

from hf_cner.data.registry import REGISTRY, entry, formats, published

ON_DISK = [name for name in REGISTRY if name != "sample"]  # the sample is bundled
PUBLISHED = [name for name in published() if name != "sample"]
READ = [name for name in formats() if entry(name).reads]
WRITTEN = [name for name in formats() if entry(name).writes]
OPTIONS = {
    "mrc": {"queries": {"症状": "有哪些症状？", "身体部位": "有哪些身体部位？"}}
}  # what a writer cannot do without


def make(name: str, folder: Path) -> Path | None:
    """A new folder with the example of a corpus or format; None for the bundled sample, which needs none."""
    if name == "sample":
        return None
    for file, content in entry(name).example.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
    return folder
