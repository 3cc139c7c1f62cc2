"""`export.json`: the description of an exported graph, and the check that its folder is whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from ..data.digests import file_digest
from ..data.files import read_text
from ..data.json_text import kind_of, parse_json
from ..data.shown import brief
from ..modeling.windows import check_windows

MANIFEST = "export.json"
FORMAT = 1
_ENDINGS = {"onnx": "onnx", "openvino": "xml", "torch": "pt2"}
GRAPHS = {backend: (f"model.{ending}", f"decoder.{ending}") for backend, ending in _ENDINGS.items()}
"""Backend -> its graphs: the whole model, and the decoder alone for documents that are joined from windows."""
PRECISIONS = ("fp32", "int8")


class GraphError(ValueError):
    """An exported graph that cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Manifest:
    """The content of `export.json`.

    Attributes:
        backend: one of `GRAPHS`.
        precision: one of `PRECISIONS`.
        weights: hash of the weights from which the graph was made, see `inference.checkpoint.weights_hash`.
        labels: of the last axis of the emissions.
        scheme: of the tags.
        entity_types, windows: as in the model's configuration.
        positions: how many ids the encoder takes at most; None for any number.
        token_types: whether the graph takes `token_type_ids`.
        files: names and SHA-256 of the folder's graphs.
        versions: of the packages that made it.
        agreement: the result of `--verify`; empty without it.
        calibrated: texts on which the ranges of int8 were measured; 0 if each batch has its own.
    """

    backend: str
    precision: str
    weights: str
    labels: list[str]
    scheme: str
    entity_types: list[str]
    windows: dict[str, Any]
    positions: int | None
    token_types: bool
    files: dict[str, str]
    versions: dict[str, str] = field(default_factory=dict)
    agreement: dict[str, Any] = field(default_factory=dict)
    calibrated: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"format": FORMAT, **asdict(self)}


def is_exported(folder: str | PathLike[str]) -> bool:
    """Whether this is the folder of an exported graph."""
    return (Path(folder) / MANIFEST).is_file()


def read_manifest(folder: str | PathLike[str], *, backend: str | None = None) -> Manifest:
    """The manifest of a folder, after its graphs were checked.

    Args:
        folder: as `hf-cner export` wrote it.
        backend: the backend that the graph must be for; None for any.

    Raises:
        GraphError: no such folder, a folder with a checkpoint, a manifest that is broken or of a later version, a graph
            that is missing, changed or for another backend.
    """
    path = Path(folder) / MANIFEST
    if backend is not None and backend not in GRAPHS:
        raise GraphError(f"Unknown backend {backend!r}; choose one of {', '.join(GRAPHS)}.")
    if not path.is_file():
        if (Path(folder) / "config.json").is_file():
            form = backend or "onnx"
            raise GraphError(
                f"{folder} holds a checkpoint and no exported graph; export it: hf-cner export --model {folder} "
                f"--to {form} --output EXPORTED, and give EXPORTED."
            )
        raise GraphError(f"{path} is missing; give the folder that hf-cner export wrote.")
    manifest = _parsed(path)
    if backend is not None and backend != manifest.backend:
        raise GraphError(
            f"{folder} is a graph for {manifest.backend}, not for {backend}; export the model with --to {backend}."
        )
    for name, digest in manifest.files.items():
        check_file(Path(folder) / name, digest)
    return manifest


def _parsed(path: Path) -> Manifest:
    try:
        found = parse_json(read_text(path))
    except ValueError as error:
        raise GraphError(f"{path} is broken ({error}); export the model again.") from error
    if not isinstance(found, dict):
        raise GraphError(f"{path} is broken (found a JSON {kind_of(found)}, expected an object); export again.")
    written = found.pop("format", None)
    if written != FORMAT:
        raise GraphError(f"{path} is of format {brief(written)}, and this version reads {FORMAT}; export again.")
    try:
        manifest = Manifest(**found)
        faults = [
            manifest.backend not in GRAPHS,
            manifest.precision not in PRECISIONS,
            not _are_names(manifest.labels) or not _are_names(manifest.entity_types),
            not isinstance(manifest.windows, dict) or not isinstance(manifest.scheme, str),
            not isinstance(manifest.positions, int | None) or not isinstance(manifest.calibrated, int),
            not isinstance(manifest.files, dict) or not set(GRAPHS[manifest.backend]) <= set(manifest.files),
            any(Path(name).name != name for name in manifest.files),
            not isinstance(manifest.token_types, bool),
        ]
        if not any(faults):
            check_windows(manifest.windows)
            types = {label.partition("-")[2] for label in manifest.labels if label != "O"}
            if types != set(manifest.entity_types) or len(set(manifest.labels)) < len(manifest.labels):
                raise ValueError("its labels are not those of its entity types")
    except ValueError as error:
        raise GraphError(f"{path} is broken ({error}); export the model again.") from error
    except (AttributeError, TypeError, KeyError) as error:
        raise GraphError(f"{path} is broken (its keys are not those of an export); export the model again.") from error
    if any(faults):
        raise GraphError(f"{path} is broken (a value is of the wrong kind); export the model again.")
    return manifest


def _are_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


def check_file(path: Path, digest: str) -> None:
    """Raise GraphError for a graph that is missing or was changed."""
    if not path.is_file():
        raise GraphError(f"{path} is missing, which {MANIFEST} names; copy the whole folder.")
    if file_digest(path) != digest:
        raise GraphError(
            f"{path} is not the graph that {MANIFEST} describes (another SHA-256); copy the whole folder, or export "
            "the model again."
        )
