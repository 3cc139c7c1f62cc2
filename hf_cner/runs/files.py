"""The files that a run writes: the names of all versions, so that older runs are recognised too."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path, PurePosixPath

import yaml

from ..data.kept import Kind
from .checkpoints import is_checkpoint

SETTINGS, RESULTS, LOG, SPLIT = "settings.yaml", "results.json", "training_log.json", "split.json"
SAVING = "saving.tmp"
CHANGING = frozenset({SETTINGS, RESULTS, LOG, SPLIT, "samples.json"})  # a resumed run writes them again
_OF_A_MODEL = re.compile(
    r"(adapter_)?model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json|(adapter_|generation_)?config\.json"
    r"|training_args\.bin|(tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json|vocab\.txt|.*\.model"
)
_CODE = re.compile(r"(\w+)\.py")
_FOLD = re.compile(r"fold-\d+")


def _begun(folder: Path) -> bool:
    """Whether a folder without a list holds the settings of a run, judged by the keys that every run has."""
    try:
        settings = yaml.load((folder / SETTINGS).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return False
    return isinstance(settings, dict) and "output_dir" in settings and ("model" in settings or "objective" in settings)


def _changing(folder: Path, name: PurePosixPath) -> bool:
    """Whether a file is a run's by its name and its place alone."""
    first, *rest = name.parts
    if not rest:
        return first in CHANGING
    if _FOLD.fullmatch(first):
        return _run_file(folder / first, PurePosixPath(*rest))
    return first == SAVING or is_checkpoint(folder / first) or (first == "runs" and ".tfevents." in name.name)


def _written(folder: Path, name: PurePosixPath) -> bool:
    """Whether an older version wrote a file of this name into a run's folder."""
    if len(name.parts) > 1:
        return False
    code = _CODE.fullmatch(name.name)
    return bool(_OF_A_MODEL.fullmatch(name.name)) or (code is not None and code[1] in _code_of_checkpoints(folder))


def _run_file(folder: Path, name: PurePosixPath) -> bool:
    return _changing(folder, name) or _written(folder, name)


def _code_of_checkpoints(folder: Path) -> frozenset[str]:
    """Names of code files that a checkpoint carries: those of this version, and those that its own entries import."""
    found = set(_code_of_this_version())
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        entries = [str(name).partition(".")[0] for name in (config.get("auto_map") or {}).values()]
        entries += [str(task["impl"]).partition(".")[0] for task in (config.get("custom_pipelines") or {}).values()]
        for entry in entries:
            code = (folder / f"{entry}.py").read_text(encoding="utf-8")
            found |= {entry, *re.findall(r"^\s*from\s+\.(\w+)\s+import", code, re.MULTILINE)}
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return frozenset(found)  # a damaged file names no more files
    return frozenset(found)


@cache
def _code_of_this_version() -> frozenset[str]:
    from .. import modeling

    return frozenset(path.stem for place in modeling.__path__ for path in Path(place).glob("*.py"))


RUN = Kind(begun=_begun, written=_written, changing=_changing)
