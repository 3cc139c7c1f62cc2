"""What a run reads beside its corpus: encoders, vectors, word lists, each identified by its content.

A file may change under the same name, or move unchanged. A run is resumed, and a result is used again, if the content
is the same.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..data.digests import file_digest

OF_TRAINING = ("model.encoder.name_or_path", "vectors.path", "vectors.bigram_path", "lexicon.path", "lexicon.vectors")
OF_PRETRAINING = ("encoder.name_or_path", "encoder.tokenizer", "lexicon", "entity_model")
# Files of a model's folder; its results and logs hold times, and do not change what it computes.
OF_A_FOLDER = (
    *("*config*.json", "*.safetensors", "*.safetensors.index.json", "*.bin", "*.bin.index.json", "*.pt", "*.pth"),
    *("*.ckpt", "tokenizer*", "vocab*", "*.model"),
)
OF_NO_ENCODER = ("training_args", "optimizer", "scheduler", "scaler", "rng_state", "generation_config")  # first letters


def inputs_of(settings: Mapping[str, object], names: Iterable[str]) -> dict[str, str]:
    """The fingerprint of each setting of `names` (dotted) that has a value."""
    found = {}
    for name in names:
        value: Any = settings
        for key in name.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value:
            found[name] = path_fingerprint(value)
    return found


def read_by(settings: Mapping[str, object]) -> list[str]:
    """The files and folders that a run's settings name: none of them may be written."""
    found = []
    for name in (*OF_TRAINING, *OF_PRETRAINING, "data.data_dir", "data.files", "data.exclude", "model.queries"):
        value: object = settings
        for key in name.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        values = value if isinstance(value, list | tuple) else [value]
        found += [str(item).rpartition("=")[2] for item in values if isinstance(item, str | Path) and str(item)]
    return found


def by_content(settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, object]:
    """A copy of the settings with fingerprints as the values of `names`, so that paths do not matter."""
    copied = copy.deepcopy(dict(settings))
    for name, found in inputs_of(settings, names).items():
        *sections, key = name.split(".")
        place = copied
        for section in sections:
            place = place[section]
        place[key] = found
    return copied


def path_fingerprint(path: str | Path) -> str:
    """16 hexadecimal digits for a file or a model's folder; other values, such as a name on the Hub, are returned
    unchanged.
    """
    place = Path(path).expanduser()
    if place.is_file():
        return file_digest(place)[:16]
    if place.is_dir():
        found = {file for pattern in OF_A_FOLDER for file in place.glob(pattern) if file.is_file()}
        files = sorted(file for file in found if not file.name.startswith(OF_NO_ENCODER))
        return hashlib.sha256("\n".join(f"{file.name} {file_digest(file)}" for file in files).encode()).hexdigest()[:16]
    return str(path)
