"""Prediction with an exported graph, in a process without torch and transformers.

Needs numpy, tokenizers and the backend's package (the extras `onnx` and `openvino`). Only graphs for the backend
`torch` need torch.

    from hf_cner.runtime import load

    for document in load("EXPORTED")(["患者3天前出现头痛。"]):
        print(document.spans)
"""

from __future__ import annotations

from .manifest import GraphError, Manifest, is_exported, read_manifest
from .predictor import GraphPredictor, open_graph

__all__ = ["GraphError", "GraphPredictor", "Manifest", "is_exported", "load", "open_graph", "read_manifest"]

load = GraphPredictor
