"""What a checkpoint folder must hold, checked before anything is loaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.files import read_text
from ..data.json_text import kind_of, parse_json
from ..data.models import AUTO_CLASSES, TOKENIZER_FILES
from ..data.shown import brief
from ..modeling.weight_files import HUB_SECONDS, parts_of, refuse_pickles

if TYPE_CHECKING:
    import torch

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says what is wrong and what to do."""


def is_local(name_or_path: str | os.PathLike[str]) -> bool:
    """Whether this is a folder on this machine; else it is a name on the Hub.

    Raises:
        CheckpointError: it can only be a path, and there is no such folder.
    """
    name = os.fspath(name_or_path)
    if Path(name).is_dir():
        return True
    if Path(name).is_file():
        raise CheckpointError(f"{name} is a file; give the checkpoint's folder, which holds {CONFIG}.")
    looks_like_path = name.startswith((".", "~", os.sep)) or name.count("/") > 1 or name.endswith("/") or "\\" in name
    if looks_like_path or (Path(name).parent.is_dir() and Path(name).parent != Path(".")):
        raise CheckpointError(f"There is no folder {name}; give the folder of a checkpoint, or its name on the Hub.")
    return False


def local_copy(name_or_path: str | os.PathLike[str]) -> Path:
    """The folder of a checkpoint; a name on the Hub is fetched into the Hub's cache, unless it is there.

    Raises:
        CheckpointError: no such folder, or a name that the Hub does not give; it is asked once.
    """
    if is_local(name_or_path):
        return Path(name_or_path)
    from huggingface_hub import constants, snapshot_download

    name = os.fspath(name_or_path)
    try:
        wanted = ["*.json", "*.safetensors", "*.txt"]
        return Path(snapshot_download(name, allow_patterns=wanted, etag_timeout=HUB_SECONDS))
    except Exception as error:  # of the client's own library, which changed between its versions
        first = next(iter(str(error).splitlines()), type(error).__name__)
        if constants.HF_HUB_OFFLINE:
            first = "HF_HUB_OFFLINE is set, and the Hub's cache holds no copy of it"
        raise CheckpointError(
            f"{name} is no folder here, and could not be read from the Hub ({first}). Check the name; or set "
            "HF_ENDPOINT to a mirror of the Hub that this machine reaches; or copy the model's folder here, and set "
            "HF_HUB_OFFLINE=1 so that nothing asks the network."
        ) from error


def check_folder(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The configuration of a checkpoint folder that has everything that is needed to predict.

    Raises:
        CheckpointError: a file is missing or broken, the weights are a pickle, or the model is another package's.
    """
    path = Path(folder)
    config = _config(path)
    check_model_type(config.get("model_type"), path)
    if not (path / WEIGHTS).is_file() and not (path / INDEX).is_file():
        with _named():
            refuse_pickles(path)
        raise CheckpointError(f"{path / WEIGHTS} is missing; copy it too, or save the model with save_pretrained.")
    weight_files(path)
    for name in TOKENIZER_FILES:
        if not (path / name).is_file():
            raise CheckpointError(
                f"{path} has no whole tokenizer ({name} is missing), so no text can be read; save the tokenizer that "
                "the model was trained with into this folder by tokenizer.save_pretrained."
            )
        _json(path / name)
    return config


def check_model_type(model_type: object, name: str | os.PathLike[str]) -> None:
    """Raise CheckpointError unless the checkpoint is one of this package's."""
    if not isinstance(model_type, str) or model_type not in AUTO_CLASSES:
        raise CheckpointError(
            f"{os.fspath(name)} is a checkpoint of another kind (model_type {brief(model_type)}); hf_cner reads its "
            f"own: {', '.join(AUTO_CLASSES)}. To start from another encoder, train with from_encoder_pretrained."
        )


def _config(path: Path) -> dict[str, object]:
    if not (path / CONFIG).is_file():
        adapter = (path / "adapter_config.json").is_file()
        advice = "it is a PEFT adapter: merge it into its model first" if adapter else "is this a checkpoint's folder?"
        raise CheckpointError(f"{path / CONFIG} is missing; {advice}")
    return _json(path / CONFIG)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint, as its index names them if there are several.

    Raises:
        CheckpointError: what `parts_of` raises.
    """
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    content = _json(folder / INDEX)
    with _named():
        return parts_of(content, folder / INDEX)


@contextmanager
def _named() -> Iterator[None]:
    """Turns errors of the portable checks into CheckpointError."""
    try:
        yield
    except ValueError as error:
        raise CheckpointError(str(error)) from None


def _json(path: Path) -> dict[str, object]:
    try:
        found = parse_json(read_text(path))
    except ValueError as error:  # JSON and encoding errors alike
        raise CheckpointError(f"{path} is broken ({error}); copy the file again.") from error
    if not isinstance(found, dict):
        raise CheckpointError(
            f"{path} is broken (found a JSON {kind_of(found)}, expected an object); copy the file again."
        )
    return found


def weights_hash(model: torch.nn.Module) -> str:
    """A hash of a model's weights: the name, the shape, and the first and last 32 numbers of each tensor."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        ends = torch.cat([tensor.flatten()[:32], tensor.flatten()[-32:]]).double().cpu()
        digest.update(f"{name} {tuple(tensor.shape)} {ends.tolist()}\n".encode())
    return digest.hexdigest()[:16]
