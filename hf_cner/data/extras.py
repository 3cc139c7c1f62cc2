"""How an optional package of hf_cner is installed, until there is a published one: from its source."""

from __future__ import annotations


def install(extra: str) -> str:
    """The command that installs an extra, e.g. `search`; an empty one is the package itself."""
    place = f".[{extra}]" if extra else "."
    return f"pip install '{place}' in the folder of hf_cner's source"
