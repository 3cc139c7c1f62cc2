"""`import_encoder`: a published encoder as a folder that plain transformers loads."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from ..data.digests import file_digest
from ..data.folders import new_folder
from ..modeling.weight_files import open_to_readers
from .configuration import config_file
from .fetch import BESIDE_WEIGHTS
from .findings import Findings
from .load import quiet
from .locate import weight_files
from .page import page
from .published import open_encoder

WRITTEN = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md")
LARGEST_HASHED = 64 * 2**20  # bytes, of the files beside the weights


def import_encoder(
    name_or_path: str | os.PathLike[str], out: str | os.PathLike[str], *, model_type: str | None = None
) -> Findings:
    """Read a published encoder, and write it as `config.json`, safetensors, `tokenizer.json` and a page.

    Args:
        name_or_path: a folder or a name on the Hub, as `open_encoder` takes it.
        out: a new folder; it takes its name when it is whole.
        model_type: of the encoder, where its configuration does not say it.

    Returns:
        What was found.

    Raises:
        ValueError: what `open_encoder` and its `load` raise, or `out` exists already.
    """
    target = Path(out).expanduser()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target} is there already; nothing is replaced: give the name of a new folder.")
    opened = open_encoder(name_or_path, model_type=model_type, setting="FOLDER-OR-NAME")
    model = opened.load()
    with new_folder(target, writes=_is_ours) as folder:
        with quiet():
            model.save_pretrained(folder, max_shard_size="1000GB")
        opened.tokenizer.save_pretrained(folder)
        open_to_readers(folder)
        text = page(opened.findings, digests(opened.folder), parameters=model.num_parameters())
        (folder / "README.md").write_text(text, encoding="utf-8")
    return opened.findings


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the files that an encoder was read from, by name."""
    files = {config_file(folder), *weight_files(folder).files}
    for pattern in BESIDE_WEIGHTS:
        files |= {path for path in folder.glob(pattern) if path.is_file() and path.stat().st_size <= LARGEST_HASHED}
    return {path.name: file_digest(path) for path in sorted(files)}


def _is_ours(name: PurePosixPath) -> bool:
    return str(name) in WRITTEN
