"""The three bundled notes of the demonstration: invented, and not part of the sample corpus."""

from __future__ import annotations

from importlib import resources

from ..data.documents import Document


def sample_notes() -> list[Document]:
    """The notes, in the order of their names."""
    folder = resources.files("hf_cner.data") / "sample" / "notes"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".txt")), key=lambda entry: entry.name)
    return [Document(entry.read_bytes().decode("utf-8"), id=f"note {entry.name}") for entry in files]
