"""Tensors out of weight files, without running what a file may hold beside them.

`torch.load(weights_only=True)` builds tensors and plain containers and refuses everything else. Before torch 2.6 it
could be tricked (CVE-2025-32434), hence the floor. Floating-point weights become float32, which training needs.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..data.placeholders import check_is_content
from .findings import Findings, first_of
from .locate import SAFETENSORS, WeightFiles

FLOOR = (2, 6)  # of torch, for reading a pickle
# Keys under which training scripts put a state dict, beside epochs and optimisers.
WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "net", "weights")


def read_weights(found: WeightFiles, findings: Findings) -> dict[str, Tensor]:
    """All tensors of the weight files by name, floating-point ones in float32.

    Raises:
        ValueError: a file is damaged, holds anything but tensors, or a weight that is no number; two files hold
            different weights under one name; or a file lacks a weight that the index names.
    """
    state: dict[str, Tensor] = {}
    for path in found.files:
        for name, tensor in _tensors(path, found.kind, findings):
            if name in state and not torch.equal(state[name], tensor):
                raise ValueError(
                    f"{path}: found {name}, which another file holds with other numbers; keep one of them."
                )
            state[name] = tensor
    if not state:
        raise ValueError(f"{found.files[0]} holds no weights; download it again.")
    if missing := sorted((found.names or frozenset()) - set(state)):
        raise ValueError(
            f"{found.files[0].parent}: the index names {first_of(missing)}, which no file holds; copy the files again."
        )
    return state


def _tensors(path: Path, kind: str, findings: Findings) -> Iterator[tuple[str, Tensor]]:
    check_is_content(path)
    entries = _from_safetensors(path) if kind == SAFETENSORS else _from_pickle(path, findings)
    for name, given in entries.items():
        if not _is_plain(given):
            raise ValueError(
                f"{path}: found {name} as a tensor that is quantised, sparse, complex, without values or larger than "
                "what the file holds of it; expected plain numbers; save the encoder again in float32."
            )
        tensor = given.detach()
        if tensor.is_floating_point():
            tensor = tensor.to(torch.float32)
            if not bool(torch.isfinite(tensor).all()):
                raise ValueError(f"{path}: found values in {name} that are not finite; download the file again.")
        yield name, tensor


def _is_plain(tensor: Tensor) -> bool:
    """Whether a tensor holds numbers, each of its own: a view may claim many more than its memory has."""
    if tensor.is_quantized or tensor.layout != torch.strided or tensor.is_meta or tensor.is_complex():
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _from_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no dict)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} is no whole safetensors file ({_first_line(error)}); download it again.") from error


def _from_pickle(path: Path, findings: Findings) -> dict[str, Tensor]:
    if _torch_version() < FLOOR:
        raise ValueError(
            f"{path.name} is a pickle, which is read safely by torch 2.6 or newer alone; found torch "
            f"{torch.__version__}; install a newer one (pip install 'torch>=2.6')."
        )
    try:
        zipped = zipfile.is_zipfile(path)
        if zipped:
            _check_stored(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a pickle protocol that may not be supported
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except Exception as error:  # a damaged pickle raises anything, a KeyError of its bytes for instance
        raise ValueError(_refusal(path, error)) from error
    return dict(_unwrapped(content, path, findings))


def _check_stored(path: Path) -> None:
    """Raise where an archive is compressed: torch.save does not, and a few megabytes could become many gigabytes."""
    with zipfile.ZipFile(path) as archive:
        if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
            raise ValueError("it is a compressed archive")


def _torch_version() -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", torch.__version__)[:2])


def _refusal(path: Path, error: Exception) -> str:
    if named := re.search(r"GLOBAL (\S+)", str(error)):
        name = named[1] if "." in named[1] else f"builtins.{named[1]}"
        return (
            f"{path.name} holds a {name}, not only tensors; nothing of it was run and nothing is read. Take another "
            "copy of the encoder, or let its author save the state_dict alone."
        )
    return (
        f"{path} is no file of weights that torch.save wrote, or is damaged ({_first_line(error)}); download it again."
    )


def _first_line(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [""])[0].split(". ")[0].rstrip(".")[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _unwrapped(content: Any, path: Path, findings: Findings) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors of a state dict, out of the wrappers that training scripts put around it."""
    for _ in range(4):
        if not isinstance(content, Mapping):
            raise ValueError(f"{path.name} holds a {type(content).__name__}; expected weights by name (a state_dict).")
        inside = [key for key in WRAPPERS if isinstance(content.get(key), Mapping) and content[key]]
        if any(isinstance(value, Tensor) for value in content.values()) or not inside:
            break
        if len(inside) > 1:
            raise ValueError(f"{path.name} holds weights under {' and under '.join(inside)}; keep one of them.")
        findings.renamed.append(f"the weights stood under {inside[0]!r} in {path.name}")
        findings.ignored += [str(key) for key in content if key != inside[0]]
        content = content[inside[0]]
    if not any(isinstance(value, Tensor) for value in content.values()):
        raise ValueError(
            f"{path.name} holds {first_of(map(str, content)) or 'nothing'}; expected weights by name, or these under "
            f"one of {', '.join(WRAPPERS)}; save the state_dict alone."
        )
    for name, value in content.items():
        if isinstance(name, str) and isinstance(value, Tensor):
            yield name, value
        else:
            findings.ignored.append(f"{name} ({type(value).__name__})")
