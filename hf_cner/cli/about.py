"""Facts for a model's card besides the run: the named system, its paper, the corpus and its licence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..data.registry import REGISTRY, entry
from ..hub.card import About, readable_name
from ..hub.dataset_card import licence_id
from ..settings.preset import papers, preset_names, read_preset


def about_model(folder: Path, results: dict[str, Any], *, repo: str = "", licence: str | None = None) -> About:
    """The corpus and the preset that the results name.

    Args:
        folder: without `repo`, its name is the model's name.
        licence: of the model, by the Hub's name. Default: the corpus's, if that is open and no part of the model was
            trained on other texts; else `other`.
    """
    from ..modeling.encoders import ENCODERS

    settings = results.get("settings") or {}
    said: dict[str, Any] = {}
    preset = settings.get("preset")
    if preset in preset_names():
        found = read_preset(str(preset))
        said["system"] = f"Preset `{preset}`: {found.description}"
        if found.paper:
            table = f"; {found.table}" if found.table else ""
            said["paper"] = f"{papers()[found.paper]}, called {found.paper} here{table}"
    name = (results.get("data") or {}).get("corpus")
    own = "other"
    if name in REGISTRY:
        corpus = entry(str(name))
        said |= {"corpus": corpus.description, "corpus_licence": corpus.licence, "corpus_citation": corpus.citation}
        encoder = ENCODERS.get(((settings.get("model") or {}).get("encoder") or {}).get("kind", ""))
        vectors = any((settings.get("vectors") or {}).values())
        if encoder is not None and encoder.learns_from_corpus and not vectors:
            own = licence_id(corpus.licence)
    return About(name=repo.rpartition("/")[2] or readable_name(folder), repo=repo, licence=licence or own, **said)
