"""The command that installs an optional package, from the source until hf_cner is published."""

from __future__ import annotations


def install(extra: str) -> str:
    """The command that installs an extra, e.g. `search`; without a name, the package itself."""
    place = f".[{extra}]" if extra else "."
    return f"pip install '{place}' in the folder of hf_cner's source"
