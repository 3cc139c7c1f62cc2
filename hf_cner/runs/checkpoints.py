"""Which checkpoints of a run are whole.

transformers writes them file by file, and the process may be killed at any time. An error while saving (a full disk)
removes the unfinished checkpoint; a kill leaves it, and resuming ignores it.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..data.writing import NotWritten

STATE, WEIGHTS, SHARDS = "trainer_state.json", "model.safetensors", "model.safetensors.index.json"
ADAPTER = "adapter_model.safetensors"
NEEDED = ("optimizer.pt", "scheduler.pt")
_NAME = re.compile(r"checkpoint-(\d+)")
_WRITTEN = re.compile(
    r".*\.(safetensors|index\.json|pth|pt|py|model)|(training_args|scaler)\.(bin|pt)|vocab\.txt|\w*config\.json"
    r"|(tokenizer|special_tokens_map|added_tokens|trainer_state)\.json|README\.md"
)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Only the first is an OSError with a number; safetensors and torch.save have other messages.
_NO_ROOM_MESSAGES = (
    *("No space left on device", "Disk quota exceeded", "File too large", "os error 28", "iostream error"),
    *("PytorchStreamWriter failed writing", "inline_container.cc"),
)


@contextmanager
def whole_or_removed(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Removes the folder when writing it fails.

    Raises:
        OSError: the disk is full; one sentence says what to do.
    """
    try:
        yield
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if getattr(error, "errno", None) in _NO_ROOM or any(text in str(error) for text in _NO_ROOM_MESSAGES):
            last = last_complete_checkpoint(Path(folder).parent)
            advice = f"continue the run from {Path(last).name} (--resume)" if last else "begin again"
            sentence = f"The disk has no room for {folder}, which was removed again; free some space, and {advice}."
            raise NotWritten(errno.ENOSPC, sentence) from error
        raise


def is_checkpoint(path: Path, *, whole: bool = False) -> bool:
    """Whether a folder is a checkpoint of a trainer: `checkpoint-<step>` with a trainer's state.

    Args:
        whole: only a complete checkpoint counts; otherwise also an incomplete one, if a trainer wrote all its files.
    """
    if not _NAME.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
        return False
    if (path / STATE).is_file():
        return True
    names = [inside.name for inside in path.rglob("*") if not inside.is_dir()]
    return not whole and all(_WRITTEN.fullmatch(name) for name in names)


def last_complete_checkpoint(output_dir: str | os.PathLike[str]) -> str | None:
    """The newest checkpoint of a run from which training can continue; None when there is none."""
    folder = Path(output_dir)
    numbered = [(int(match[1]), path) for path in folder.glob("checkpoint-*") if (match := _NAME.fullmatch(path.name))]
    for _, path in sorted(numbered, reverse=True):
        if path.is_dir() and incompleteness(path) is None:
            return str(path)
    return None


def incompleteness(checkpoint: str | os.PathLike[str]) -> str | None:
    """What is missing or cut off in a checkpoint, in words; None if training can be resumed from it."""
    folder = Path(checkpoint)
    if not folder.is_dir():
        return "it is no folder"
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"it has no {STATE}, which is written last"
    except ValueError:
        return f"{STATE} is cut off"
    if not isinstance(state, dict) or "global_step" not in state:
        return f"{STATE} does not hold the state of a Trainer"
    random_states = sorted(folder.glob("rng_state*.pth"))
    if not random_states:
        return "it has no rng_state.pth"
    for name in NEEDED:
        if not (folder / name).is_file():
            return f"it has no {name}"
    for path in [*(folder / name for name in NEEDED), *random_states]:
        if not _is_whole_archive(path):
            return f"{path.name} is cut off"
    return _weights(folder)


def _weights(folder: Path) -> str | None:
    names = [name for name in (WEIGHTS, ADAPTER) if (folder / name).is_file()]
    if (folder / SHARDS).is_file():
        try:
            names = sorted(set(json.loads((folder / SHARDS).read_text(encoding="utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError):
            return f"{SHARDS} is cut off"
    if not names:
        return f"it has no {WEIGHTS}"
    for name in names:
        try:
            with safe_open(folder / name, framework="pt"):  # checks the header against the size of the file
                continue
        except FileNotFoundError:
            return f"it has no {name}"
        except (SafetensorError, OSError):
            return f"{name} is cut off"
    return None


def _is_whole_archive(path: Path) -> bool:
    """Whether a file of `torch.save` is a whole zip archive: its directory is at the very end."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, OSError):
        return False
