"""Which files hold the weights of a folder: safetensors alone, in one file or in parts. Free of torch."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

HUB_SECONDS = 5.0  # in which the Hub must answer whether it has them
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_PART = re.compile(r"[\w.-]{1,200}\.safetensors")


def check_weights(folder: Path) -> None:
    """Raise ValueError if a folder's weights are only a pickle, or when a part of them is missing.

    transformers reports a folder that does not exist, or has no weights.
    """
    if not folder.is_dir():
        return
    if not any(folder.glob("*.safetensors")):
        refuse_pickles(folder)
    for index in folder.glob("*.safetensors.index.json"):
        try:
            content = json.loads(index.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:  # errors of JSON, of the encoding and of deep nesting
            raise ValueError(f"{index} is broken ({error}); copy the file again.") from error
        parts_of(content, index)


def open_to_readers(folder: Path) -> None:
    """Give the weights of a folder the permissions of its configuration, which follow the umask.

    safetensors makes files that only their owner can read, so another user or a service could not load the model.
    """
    config = folder / "config.json"
    if config.is_file():
        for weights in folder.glob("*.safetensors"):
            weights.chmod(config.stat().st_mode & 0o777)


def refuse_pickles(folder: Path) -> None:
    """Raise ValueError for a folder without safetensors that holds a pickle of weights."""
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    if weights := [name for name in pickles if name != "training_args.bin"]:
        raise ValueError(
            f"{folder} holds its weights only as a pickle ({', '.join(weights)}), which can run any code when it is "
            "loaded, so it is refused; save it again with model.save_pretrained, which writes safetensors. Of a "
            "published encoder `hf-cner encoder import FOLDER OUT` reads the tensors alone."
        )


def parts_of(content: object, index: Path) -> list[Path]:
    """The files that an index of weights in parts names.

    Args:
        content: of the index.
        index: its file.

    Raises:
        ValueError: an index that is broken or names something else than files of its folder, or a missing part.
    """
    weight_map = content.get("weight_map") if isinstance(content, Mapping) else None
    if not isinstance(weight_map, Mapping) or not weight_map:
        raise ValueError(f"{index} is broken (it has no weight_map); copy the file again.")
    for part in weight_map.values():
        if not isinstance(part, str) or not _PART.fullmatch(part):
            raise ValueError(
                f"{index} is broken (found {part!r:.80} as a part of the weights, expected the name of a safetensors "
                "file in the folder); copy the file again."
            )
    parts = [index.parent / part for part in sorted(set(weight_map.values()))]
    if missing := [part for part in parts if not part.is_file()]:
        raise ValueError(f"{missing[0]} is missing, which {index.name} names; copy all the parts of the weights.")
    return parts
