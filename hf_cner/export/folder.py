"""The folder of an exported model: graphs, tokenizer, `export.json` and a card."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from .. import __version__
from ..data.digests import file_digest
from ..data.documents import Document
from ..data.folders import new_folder
from ..data.models import CARD, TOKENIZER_FILES
from ..inference.checkpoint import weights_hash
from ..runtime.manifest import GRAPHS, MANIFEST, Manifest, read_manifest
from ..runtime.predictor import GraphPredictor
from .graph import ExportError, check_exportable, positions, trace
from .int8 import MOST_DOCUMENTS, batches_of, quantise
from .verify import GraphAgreement, compare
from .write import NAMES, WRITERS, check_target

if TYPE_CHECKING:
    from ..inference.predictor import Predictor

WRITTEN = {*NAMES, MANIFEST, CARD, *TOKENIZER_FILES, "special_tokens_map.json"}
PACKAGES = {"onnx": ("torch", "onnxscript"), "openvino": ("torch", "openvino"), "torch": ("torch",)}


def export_model(
    predictor: Predictor,
    folder: str | os.PathLike[str],
    *,
    to: str = "onnx",
    precision: str = "fp32",
    documents: Sequence[Document] = (),
    calibration: Sequence[Document] = (),
    overwrite: bool = False,
    inputs: Sequence[str | os.PathLike[str]] = (),
) -> GraphAgreement | None:
    """Write a model as graphs of another backend, with its decoder inside.

    Args:
        predictor: the model in float32 on the CPU, with its tokenizer.
        folder: the new folder, written whole or not at all.
        to: `onnx`, `openvino` or `torch`.
        precision: `fp32`, or for ONNX `int8`.
        documents: texts on which graph and model are compared; the result is returned, and written into the folder.
        calibration: for int8, texts on which the ranges of activations are measured, and of which nothing else is kept;
            without them each batch has its own ranges.
        overwrite: replace an earlier result.
        inputs: files that the caller reads, which are never replaced.

    Raises:
        ExportError: a model, target or precision that cannot be exported, or a package that is not installed.
    """
    check_target(to, precision)
    if calibration and precision != "int8":
        raise ExportError(f"Calibration is for int8, and the precision is {precision}; choose int8, or leave it out.")
    model = predictor.model
    check_exportable(model, to)
    if model.dtype != torch.float32 or model.device.type != "cpu":
        raise ExportError(f"The model is {model.dtype} on {model.device}; load it with dtype=torch.float32 on the CPU.")
    with new_folder(folder, writes=lambda name: str(name) in WRITTEN, overwrite=overwrite, inputs=inputs) as target:
        token_types = predictor.table.token_types is not None
        dtype = torch.float32 if to == "openvino" else torch.float64  # OpenVINO has no float64 on the CPU
        WRITERS[to][0](trace(model, token_types=token_types, onnx=to != "torch", dtype=dtype), target)
        if precision == "int8":
            quantise(target / GRAPHS[to][0], batches_of(predictor, calibration))
        predictor.tokenizer.save_pretrained(target)
        config = model.config
        manifest = Manifest(
            backend=to,
            precision=precision,
            calibrated=min(len(calibration), MOST_DOCUMENTS),
            weights=weights_hash(model),
            labels=list(model.span_decoder.labels),
            scheme=config.span_decoder.get("scheme", "BIOES"),
            entity_types=list(config.entity_types),
            windows=dict(config.windows),
            positions=positions(model),
            token_types=token_types,
            files={path.name: file_digest(path) for path in sorted(target.iterdir()) if path.name in NAMES},
            versions={"hf_cner": __version__} | {name: version(name) for name in PACKAGES[to]},
        )
        return _finish(predictor, manifest, target, documents)


def verify_export(
    predictor: Predictor, folder: str | os.PathLike[str], documents: Sequence[Document]
) -> GraphAgreement | None:
    """Compare an exported graph with its model, and write the result into its folder.

    Raises:
        ExportError: the graph was made of other weights.
        GraphError: the folder holds no whole graph.
    """
    manifest = read_manifest(folder)
    if manifest.weights != weights_hash(predictor.model):
        raise ExportError(
            f"{folder} was exported from other weights than this model has: the model was changed, or is another "
            f"model; export it again with --to {manifest.backend} --overwrite."
        )
    with new_folder(folder, writes=lambda name: str(name) in WRITTEN, overwrite=True) as target:
        for path in Path(folder).iterdir():
            if path.name in WRITTEN - {MANIFEST, CARD}:
                shutil.copyfile(path, target / path.name)
        return _finish(predictor, manifest, target, documents)


def _finish(
    predictor: Predictor, manifest: Manifest, target: Path, documents: Sequence[Document]
) -> GraphAgreement | None:
    """Compare, and write manifest and card."""
    agreement = None
    _write_manifest(manifest, target)
    if documents:
        graph = GraphPredictor(target, windows=predictor.windows, scores=predictor.scores)
        agreement = compare(predictor(documents), graph(documents))
        manifest = replace(manifest, agreement=agreement.to_dict())
        _write_manifest(manifest, target)
    (target / CARD).write_text(card(manifest, agreement), encoding="utf-8")
    return agreement


def _write_manifest(manifest: Manifest, target: Path) -> None:
    text = json.dumps(manifest.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)
    (target / MANIFEST).write_text(text + "\n", encoding="utf-8")


def card(manifest: Manifest, agreement: GraphAgreement | None) -> str:
    """The card of an exported model."""
    measured = (
        f"Compared with the model in torch: {agreement.sentence()}."
        if agreement is not None
        else "Not compared with the model in torch: `hf-cner export --verify` does that."
    )
    graphs = " and ".join(f"`{name}`" for name in GRAPHS[manifest.backend])
    calibrated = f", calibrated on {manifest.calibrated:,} texts" if manifest.calibrated else ""
    return f"""---
library_name: hf_cner
pipeline_tag: token-classification
tags: [{manifest.backend}, clinical-ner]
---
# A clinical entity recogniser for {manifest.backend}, {manifest.precision}{calibrated}

Entity types: {", ".join(manifest.entity_types)}. Made by hf_cner {manifest.versions.get("hf_cner", "")} of the weights
{manifest.weights}. {measured}

```py
from hf_cner.runtime import load

load("FOLDER")(["患者3天前出现头痛。"])
```

{graphs} hold the whole model, and the decoder alone for documents that are longer than a window. `export.json` says
what they take: labels, scheme, windows. The model's own card says what it was trained on, and what it is not for.
"""
