"""Which files of a folder hold an encoder's weights."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from ..data.placeholders import check_is_content
from ..modeling.weight_files import PICKLES
from .findings import first_of

SAFETENSORS, PICKLE = "safetensors", "pickle"
# Names that libraries give to weights, in the order in which they are looked for.
USUAL = (
    ("model.safetensors", SAFETENSORS),
    ("model.safetensors.index.json", SAFETENSORS),
    ("pytorch_model.bin", PICKLE),
    ("pytorch_model.bin.index.json", PICKLE),
)
SUFFIXES = {SAFETENSORS: (".safetensors",), PICKLE: PICKLES}
# What training leaves beside weights, and what belongs to a tokenizer.
NO_WEIGHTS = ("training_args", "optimizer", "scheduler", "scaler", "rng_state", "adapter_model", "tokenizer")
# Weights of other libraries -> the library.
FOREIGN = {
    "*.h5": "TensorFlow",
    "*.ckpt.index": "TensorFlow",
    "*.ckpt-*.index": "TensorFlow",
    "*.msgpack": "Flax",
    "*.pdparams": "PaddlePaddle",
    "*.onnx": "ONNX",
    "*.gguf": "GGUF",
    "*.ot": "rust-bert",
}
CONVERTED = dict.fromkeys(("TensorFlow", "Flax"), ", or convert these with transformers below 5")
UNFINISHED = ("*.incomplete", "*.part", "*.crdownload", "*.aria2")  # what programs call a download until it is whole
PART, MOST = r"(?P<stem>.{1,100})-\d{5}-of-(?P<count>(?!00000)\d{5})", 1_000  # of weights in several files
LARGEST_JSON = 16 * 2**20  # bytes; the index of a very large model has some 100 kB


@dataclass(frozen=True)
class WeightFiles:
    """The files that hold an encoder's weights, in the order in which they are read.

    `names` says, where there is an index, which weights it promises.
    """

    kind: str
    files: tuple[Path, ...]
    names: frozenset[str] | None = None

    def __str__(self) -> str:
        first = self.files[0].name
        return first if len(self.files) == 1 else f"{first} and {len(self.files) - 1} more files"


def weight_files(folder: Path) -> WeightFiles:
    """The weight files of a folder; safetensors before a pickle, one file before an index.

    Raises:
        ValueError: there are none, only those of another library, several that could be meant, an index that is
            broken or names files outside the folder, or a missing shard.
    """
    for name, kind in USUAL:
        if (folder / name).is_file():
            return _sharded(folder / name, kind) if name.endswith(".json") else WeightFiles(kind, (folder / name,))
    if parts := _parts(folder):
        return parts
    for kind, suffixes in SUFFIXES.items():
        found = sorted(p for p in folder.iterdir() if p.suffix in suffixes and p.is_file() and _is_weights(p))
        if len(found) > 1:
            raise ValueError(
                f"{folder}: found {len(found)} files that may hold the encoder's weights "
                f"({first_of(path.name for path in found)}); expected one, or an index; leave only the one that is "
                f"meant, or call it {'model.safetensors' if kind == SAFETENSORS else 'pytorch_model.bin'}."
            )
        if found:
            return WeightFiles(kind, tuple(found))
    raise ValueError(_nothing(folder))


def _parts(folder: Path) -> WeightFiles | None:
    """Numbered parts whose index is missing: their names say how many there are. None where there are no parts."""
    for kind, ending in ((SAFETENSORS, ".safetensors"), (PICKLE, ".bin")):
        found = [(path, re.fullmatch(PART, path.stem)) for path in sorted(folder.glob(f"*-of-*{ending}"))]
        if numbered := [(path, part) for path, part in found if part and _is_weights(path)]:
            stem, count = numbered[0][1]["stem"], numbered[0][1]["count"]
            numbers = range(1, min(int(count), MOST) + 1)
            parts = [folder / f"{stem}-{number:05}-of-{count}{ending}" for number in numbers]
            missing = [part.name for part in parts if not part.is_file()]
            if missing:
                raise ValueError(_missing(folder, missing, f"the name of {numbered[0][0].name}", int(count)))
            return WeightFiles(kind, tuple(parts))
    return None


def _missing(folder: Path, missing: list[str], said_by: str, count: int) -> str:
    return (
        f"{folder}: found no {first_of(missing)}; expected {count:,} files, as {said_by} says; copy all the parts of "
        "the weights."
    )


def _is_weights(path: Path) -> bool:
    return not path.name.startswith(NO_WEIGHTS)


def _nothing(folder: Path) -> str:
    if found := other_content(folder):
        return found
    return f"{folder}: found no weights; expected model.safetensors or pytorch_model.bin; copy them there."


def other_content(folder: Path) -> str | None:
    """What a folder holds in place of an encoder's weights, as a sentence; None where it is nothing that is known."""
    if (folder / "adapter_config.json").is_file():
        return (
            f"{folder} holds an adapter of the peft library, not an encoder; merge it into its encoder "
            "(merge_and_unload), and save that."
        )
    for pattern, library in FOREIGN.items():
        if found := sorted(folder.glob(pattern)) or sorted(folder.glob(f"*/{pattern}")):
            name = found[0].relative_to(folder).as_posix()
            return (
                f"{folder}: found weights of {library} alone ({name}); expected model.safetensors or "
                f"pytorch_model.bin; choose a published copy for PyTorch{CONVERTED.get(library, '')}."
            )
    if cut_off := sorted(path.name for pattern in UNFINISHED for path in folder.glob(pattern)):
        return f"{folder}: found {first_of(cut_off)}, a download that was cut off; download the encoder again."
    for name, _ in USUAL:
        if inside := sorted(folder.glob(f"*/{name}")):
            return f"{folder} holds no weights, but its folder {inside[0].parent.name} does; name {inside[0].parent}."
    return None


def _sharded(index: Path, kind: str) -> WeightFiles:
    content = read_json(index)
    weight_map = content.get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ValueError(
            f"{index}: found no weight_map; expected one that names the file of each weight; copy it again."
        )
    for name, shard in weight_map.items():
        if not isinstance(shard, str) or not _stays_inside(shard):
            raise ValueError(
                f"{index}: found {shard!r} as the file of {name}; expected the name of a file in the same folder; do "
                "not use this folder if you did not make the index yourself."
            )
    shards = sorted(set(weight_map.values()))
    missing = [shard for shard in shards if not (index.parent / shard).is_file()]
    if missing:
        raise ValueError(_missing(index.parent, missing, index.name, len(shards)))
    return WeightFiles(kind, tuple(index.parent / shard for shard in shards), frozenset(map(str, weight_map)))


def _stays_inside(name: str) -> bool:
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    return bool(name) and not (windows.drive or windows.root or posix.is_absolute() or ".." in windows.parts)


def read_json(path: Path) -> dict[str, object]:
    """The object in a JSON file.

    Raises:
        ValueError: it is a pointer of Git LFS, too large, no JSON in UTF-8, too deeply nested, or no object.
    """
    check_is_content(path)
    if path.stat().st_size > LARGEST_JSON:
        raise ValueError(f"{path}: found {path.stat().st_size:,} bytes; expected a JSON file of at most 16 MB.")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # JSON and encoding errors alike
        found = "nesting that is too deep" if isinstance(error, RecursionError) else str(error)
        raise ValueError(f"{path} is no JSON file in UTF-8 ({found}); copy it again.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: found a JSON {type(content).__name__}; expected an object; copy the file again.")
    return content
