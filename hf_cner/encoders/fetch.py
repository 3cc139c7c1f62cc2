"""From a folder or a name on the Hub to a folder on this machine, without waiting for a missing network.

transformers asks the Hub for every file of an encoder, also for those that it holds already, and repeats a failed
question five times: 23 seconds on a machine without a network. Here a whole copy in the cache is used as it is;
otherwise one question is asked, and only the needed files are fetched.
"""

from __future__ import annotations

import os
import re
from fnmatch import fnmatch
from pathlib import Path

from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.file_download import repo_folder_name

from ..modeling.weight_files import HUB_SECONDS
from .findings import first_of
from .locate import weight_files

NAME = r"([\w.-]{1,96}/)?[\w.-]{1,96}"  # of an encoder on the Hub
BESIDE_WEIGHTS = ("*.json", "*.txt", "*.model", "*.vocab")  # configuration and vocabulary
VOCABULARIES = ("tokenizer.json", "vocab.txt", "*.model", "vocab.json", "*.vocab")
# Weights, the best first: the files of the first pattern that is there are fetched, and of no other.
WEIGHTS = (
    "model.safetensors",
    "model-*.safetensors",
    "pytorch_model.bin",
    "pytorch_model-*.bin",
    "*.safetensors",
    "*.bin",
)


def local_folder(name_or_path: str | os.PathLike[str], *, setting: str = "model.encoder.name_or_path") -> Path:
    """The folder of an encoder: the one that is named, a whole copy in the Hub's cache, or a new one fetched there.

    Args:
        name_or_path: a folder, or a name on the Hub.
        setting: what the sentence tells the user to set.

    Raises:
        ValueError: a file, a folder that is not there, no name of the Hub, or a name that cannot be fetched.
    """
    name = os.fspath(name_or_path)
    place = Path(name).expanduser()
    if place.is_dir():
        return place
    if place.exists():
        raise ValueError(f"{name} is a file; expected the folder that holds the encoder's weights and config.json.")
    if place.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1 or "\\" in name:
        raise ValueError(f"{_missing(name)} (there is no such folder); set {setting} to one that is there.")
    if not re.fullmatch(NAME, name):
        raise ValueError(
            f"{_missing(name)} (it is no folder here, and no name of the Hub); set {setting} to one of these."
        )
    return cached(name) or _fetched(name, setting)


def cached(name: str) -> Path | None:
    """A whole copy of a published encoder in the Hub's cache, `main` before others; None when there is none."""
    place = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")
    ref = place / "refs" / "main"
    main = ref.read_text(encoding="utf-8").strip() if ref.is_file() else ""
    copies = sorted(place.glob("snapshots/*"), key=lambda copy: (copy.name != main, copy.name))
    return next((copy for copy in copies if copy.is_dir() and _is_whole(copy)), None)


def _is_whole(folder: Path) -> bool:
    if not any(folder.glob("*config*.json")) or not any(any(folder.glob(pattern)) for pattern in VOCABULARIES):
        return False
    try:
        weight_files(folder)
    except ValueError:
        return False
    return True


def _fetched(name: str, setting: str) -> Path:
    if constants.HF_HUB_OFFLINE:
        raise ValueError(_advice(name, setting, "HF_HUB_OFFLINE is set, and the Hub's cache holds no whole copy of it"))
    try:
        found = HfApi().model_info(name, timeout=HUB_SECONDS)
        names = [sibling.rfilename for sibling in found.siblings or []]
        return Path(snapshot_download(name, revision=found.sha, allow_patterns=wanted(names)))
    except Exception as error:  # of the client's own library, which changed between its versions
        lines = str(error).strip().splitlines()
        raise ValueError(_advice(name, setting, ": ".join([type(error).__name__, *lines[:1]]))) from error


def wanted(names: list[str]) -> list[str]:
    """The needed ones of an encoder's files on the Hub, with one form of the weights."""
    top = [name for name in names if "/" not in name]
    beside = [name for name in top if any(fnmatch(name, pattern) for pattern in BESIDE_WEIGHTS)]
    for pattern in WEIGHTS:
        if weights := [name for name in top if fnmatch(name, pattern)]:
            return [*beside, *weights]
    raise ValueError(f"it holds no weights for PyTorch there, only {first_of(sorted(names), 5)}")


def _missing(name: str) -> str:
    return f"The encoder {name!r} is not on this machine"


def _advice(name: str, setting: str, reason: str) -> str:
    return (
        f"{_missing(name)} and could not be fetched from {constants.ENDPOINT} ({reason}). Set HF_ENDPOINT to a mirror "
        "of the Hub that this machine reaches; or copy the encoder's folder here (config.json, weights, vocabulary), "
        f"name it as {setting}, and set HF_HUB_OFFLINE=1 so that nothing asks the network. `hf-cner encoder import "
        "FOLDER OUT` shows what such a folder holds. Presets with a static encoder need none."
    )
